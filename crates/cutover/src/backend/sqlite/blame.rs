//! Tells whether an error of SQLite is about a row or about the database.

use rusqlite::{ErrorCode, ffi};

/// What an error is about.
pub(crate) enum Blame {
    /// The row that was read or written: a constraint, a type, what a trigger says.
    Row,
    /// Another row has a unique value of this one.
    Another,
    /// The database, or whoever uses it besides.
    Nothing,
}

pub(crate) fn blame(error: &rusqlite::Error) -> Blame {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return Blame::Nothing };
    match (failure.code, failure.extended_code) {
        (
            _,
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => Blame::Another,
        // The last is an error that an expression of a CHECK, an index or a trigger meets.
        (
            ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig
            | ErrorCode::Unknown,
            _,
        ) => Blame::Row,
        _ => Blame::Nothing,
    }
}
