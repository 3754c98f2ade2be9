//! Errors of the database in the engine's terms: locked, damaged, no database, not writable.

use crate::backend::sqlite::connection::corrupt::{Corrupt, corrupt};
use crate::backend::sqlite::connection::database_error::DatabaseError;
use crate::error::{Error, Refusal};
use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

/// SQLite says of a write-ahead log that it can't read, for want of a file beside it, that it
/// can't open or can't write the database.
const NEEDS_WRITING: &str = "check that it is a file, its permissions and the directory's; a \
database in WAL mode can be read only if its directory is writable, or while another program has \
it open";

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
        Some(ErrorCode::DatabaseCorrupt) => match corrupt(source.raw()) {
            Some(Corrupt::Object { name, says }) => unusable(
                &format!("SQLite can't read {name} in the schema: {says}"),
                &format!(
                    "drop {name} or create it again, with the program that made it; the rows are \
                     intact"
                ),
            ),
            Some(Corrupt::VirtualTable) => unusable(
                "the index of a virtual table does not agree with the rows it indexes",
                "rebuild it; for FTS5: INSERT INTO its_name(its_name) VALUES ('rebuild')",
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
        Some(ErrorCode::AuthorizationForStatementDenied) => Error::Refused(Refusal::new(
            doing,
            format!("a statement uses a table that it may not: {source}"),
            "let the migration read and write only its own tables",
        )),
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
