//! Errors that are about a row.

use crate::error::Error;
use rusqlite::{ErrorCode, ffi};

/// What an error is about.
pub(crate) enum Blame {
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

/// Whether SQLite says it of what is in a row.
pub(crate) fn is_of_a_row(error: &rusqlite::Error) -> bool {
    matches!(blame(error), Blame::Row)
}

/// Whether an error may be about a row that is read: what SQLite's functions say of values, but
/// for what a constraint says.
pub(crate) fn may_be_a_row(error: &Error) -> bool {
    matches!(error, Error::Database { source, .. }
        if is_of_a_row(source.raw()) && !source.is_constraint())
}
