//! What the database says when it does not do what it was asked, and the same in the engine's
//! terms.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use super::corrupt::{Corrupt, corrupt};
use crate::error::{Error, Refusal};

/// An error of the database. Its text is the database's own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(#[from] rusqlite::Error);

/// What the database answers.
pub(crate) type Answer<T = ()> = Result<T, DatabaseError>;

/// SQLite says of a write-ahead log that it can't read, for want of a file beside it, that it
/// can't open or can't write the database.
const NEEDS_WRITING: &str = "check that it is a file, its permissions and the directory's; a database in WAL \
    mode can be read only where its directory can be written, or while another program has it open";

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

    /// Whether it is about the row that was written: a constraint, a type, what a trigger says.
    pub(crate) fn is_of_the_row(&self) -> bool {
        use ErrorCode::{ConstraintViolation, TypeMismatch, Unknown};
        matches!(self.code(), Some(ConstraintViolation | TypeMismatch | Unknown))
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

    fn code(&self) -> Option<ErrorCode> {
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

/// An error of a database at this path, in the engine's terms.
pub(super) fn classify(
    path: &Path,
    busy_timeout: Duration,
    doing: &str,
    source: DatabaseError,
) -> Error {
    let unusable = |reason: &str, fix: &str| Error::Unusable {
        path: path.to_owned(),
        reason: reason.to_owned(),
        fix: fix.into(),
    };
    match source.code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => locked(doing, busy_timeout),
        Some(ErrorCode::NotADatabase) => {
            unusable("this is not an SQLite database", "check the path")
        }
        Some(ErrorCode::DatabaseCorrupt) => match corrupt(&source.0) {
            Some(Corrupt::Object { name, says }) => unusable(
                &format!("SQLite can't read {name} in the schema: {says}"),
                &format!(
                    "drop {name} or write it anew, by the program that made it; the rows are intact"
                ),
            ),
            Some(Corrupt::VirtualTable) => unusable(
                "the index of a virtual table does not agree with the rows it indexes",
                "rebuild it: of FTS5, INSERT INTO its_name(its_name) VALUES ('rebuild')",
            ),
            Some(Corrupt::Index) => unusable(
                "an index does not agree with its table",
                "run `REINDEX` in the sqlite3 shell",
            ),
            Some(Corrupt::File) | None => unusable(
                "the database is damaged",
                "run `PRAGMA integrity_check` in the sqlite3 shell and restore a backup",
            ),
        },
        Some(ErrorCode::ReadOnly) => unusable("the file can't be written", NEEDS_WRITING),
        Some(ErrorCode::CannotOpen) => unusable("the file can't be opened", NEEDS_WRITING),
        Some(ErrorCode::AuthorizationForStatementDenied) => Error::Refused(Refusal {
            action: doing.to_owned(),
            reason: format!("a statement would reach beyond its tables: {source}"),
            fix: "let the migration read and write its own tables alone".into(),
            examples: Vec::new(),
        }),
        _ => Error::Database { doing: doing.to_owned(), source },
    }
}

/// That the database stayed locked.
pub(super) fn locked(doing: &str, waited: Duration) -> Error {
    Error::Locked {
        doing: doing.to_owned(),
        waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
    }
}
