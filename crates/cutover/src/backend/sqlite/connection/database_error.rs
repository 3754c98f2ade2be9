//! An error of the database.

use rusqlite::ErrorCode;

use crate::backend::sqlite::blame::{Blame, blame};

/// An error of the database. Its text is the database's own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(#[from] rusqlite::Error);

/// What the database answers.
pub(crate) type Answer<T = ()> = Result<T, DatabaseError>;

impl DatabaseError {
    /// Whether the disk ran full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.code() == Some(ErrorCode::DiskFull)
    }

    /// Whether a constraint was in the way.
    #[must_use]
    pub fn is_constraint(&self) -> bool {
        self.code() == Some(ErrorCode::ConstraintViolation)
    }

    /// Whether it is about the row that was written, or another that has a value of it.
    pub(crate) fn is_of_the_row(&self) -> bool {
        !matches!(blame(&self.0), Blame::Nothing)
    }

    /// Whether a query gave no row where one was asked for.
    pub(crate) fn is_no_row(&self) -> bool {
        matches!(self.0, rusqlite::Error::QueryReturnedNoRows)
    }

    /// Whether a text was read that is not UTF-8.
    pub(crate) fn is_not_utf8(&self) -> bool {
        matches!(self.0, rusqlite::Error::Utf8Error(..))
    }

    /// The message alone, without the statement.
    pub(crate) fn message(&self) -> String {
        message(&self.0)
    }

    /// For the rest of the backend.
    pub(in crate::backend::sqlite) fn raw(&self) -> &rusqlite::Error {
        &self.0
    }

    pub(super) fn code(&self) -> Option<ErrorCode> {
        self.0.sqlite_error_code()
    }
}

/// What SQLite says, without the statement.
pub(in crate::backend::sqlite) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
