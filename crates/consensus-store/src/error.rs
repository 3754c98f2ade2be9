//! Errors, one kind for each thing that a caller can do about them.

use std::path::{Path, PathBuf};

use cutover::ErrorKind;
use cutover::{Command, Fix};
use rusqlite::ErrorCode;

/// The result of a call to the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A call did not do what was asked. Nothing was stored or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Other programs kept the database locked for longer than
    /// [`Options::busy_timeout`](crate::Options::busy_timeout).
    #[error("{path}: other programs kept the database locked for {waited_ms} ms")]
    Busy {
        /// The database.
        path: PathBuf,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// The tables are frozen by a migration that is not the store's own.
    #[error("{path}: {message}")]
    Frozen {
        /// The database.
        path: PathBuf,
        /// What the table said: the migration and since when.
        message: String,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// The file is damaged.
    #[error("{path}: the database is damaged")]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// The file is something else than an SQLite database.
    #[error("{path}: not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// There is no room left for the write.
    #[error("{path}: the disk is full")]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// The file holds tables of the store's names, in a shape that the store doesn't know.
    #[error("{path}: {found}")]
    UnknownSchema {
        /// The database.
        path: PathBuf,
        /// What was found, and what was expected.
        found: String,
        /// What to do about it.
        fix: String,
    },

    /// There is no such file, and the store was told not to make one.
    #[error("{path}: no such database")]
    NotFound {
        /// The file.
        path: PathBuf,
    },

    /// The store was opened to read only, or the file can't be written.
    #[error("{path}: opened read-only")]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// SQLite's error, if it was SQLite that said so.
        #[source]
        source: Option<rusqlite::Error>,
    },

    /// The old tables, which writes still enter, have no column for a value that was given.
    #[error("the old tables, which writes still enter, have no column for {field}")]
    NoPlace {
        /// The value's name.
        field: &'static str,
    },

    /// A value that was given can't be stored.
    #[error("{field}: {reason}")]
    Invalid {
        /// The value's name.
        field: &'static str,
        /// Why not.
        reason: String,
    },

    /// A row holds a value that no version of the store writes there.
    #[error("{table} {id}: {column} is {found}")]
    UnexpectedValue {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
        /// The column.
        column: &'static str,
        /// What was found there.
        found: String,
    },

    /// An import holds a row whose id another row has.
    #[error("line {line}: {table} {id} is there already and holds something else")]
    Conflict {
        /// The line of the import, from 1.
        line: u64,
        /// Which sort of row.
        table: &'static str,
        /// Its id.
        id: i64,
    },

    /// An import holds an id so large that the store would have none left for later rows.
    #[error(
        "line {line}: {table} {id} would leave no ids for later rows; the largest that can be imported is {largest}"
    )]
    IdTooLarge {
        /// The line of the import, from 1.
        line: u64,
        /// Which sort of row.
        table: &'static str,
        /// Its id.
        id: i64,
        /// The largest id that is taken.
        largest: i64,
    },

    /// The largest id that SQLite has is in use or was, so the table takes no more rows.
    #[error("{path}: {table} has used its last id, {}", i64::MAX)]
    NoIdsLeft {
        /// The database.
        path: PathBuf,
        /// The table.
        table: String,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },

    /// A line of an import is not what an export writes.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },

    /// The engine, asked for by [`Store::migration`](crate::Store::migration), said no.
    #[error(transparent)]
    Migration(#[from] cutover::Error),

    /// A file or a stream could not be read or written.
    #[error("{doing}")]
    Io {
        /// What was being attempted.
        doing: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },

    /// The thread that did the work is gone: it panicked, or the runtime shut down. What
    /// was asked for may have been done.
    #[error("{path}: the working thread ended before it answered")]
    WriterGone {
        /// The database.
        path: PathBuf,
    },

    /// SQLite reported another error.
    #[error("{path}: {doing}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What was being attempted.
        doing: &'static str,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },
}

impl Error {
    /// The class of this error, as the engine sorts its own: a program's exit code.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy { .. } => ErrorKind::Busy,
            Self::Frozen { .. }
            | Self::NoPlace { .. }
            | Self::Invalid { .. }
            | Self::Conflict { .. } => ErrorKind::Refused,
            Self::Corrupt { .. }
            | Self::NotADatabase { .. }
            | Self::UnknownSchema { .. }
            | Self::NotFound { .. }
            | Self::ReadOnly { .. }
            | Self::UnexpectedValue { .. }
            | Self::IdTooLarge { .. }
            | Self::NoIdsLeft { .. }
            | Self::Line { .. } => ErrorKind::Unusable,
            Self::Migration(error) => error.kind(),
            Self::DiskFull { .. }
            | Self::Io { .. }
            | Self::WriterGone { .. }
            | Self::Database { .. } => ErrorKind::Failed,
        }
    }

    /// What to do about it, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<Fix> {
        let hint = match self {
            Self::Busy { .. } => "a program holds a transaction open on this database; try again",
            Self::Frozen { .. } => "finish or roll back that migration first",
            Self::Corrupt { .. } => {
                "restore a backup, or save what can be read with the sqlite3 shell's .recover"
            }
            Self::NotADatabase { .. } => "name the file that holds the store",
            Self::DiskFull { .. } => "free some disk space and try again",
            Self::NotFound { .. } => "name an existing store, or store something to create it",
            Self::ReadOnly { .. } => "open it for writing, as a user who may write the file",
            Self::NoPlace { .. } => {
                let leave = "leave it out, or first move the store to its new tables: ";
                return Some(Fix::from(leave).with(Command::Start));
            }
            Self::UnexpectedValue { .. } => "look at that row with the sqlite3 shell and fix it",
            Self::Conflict { .. } => {
                "import into an empty store, or let the rows get new ids: --new-ids"
            }
            Self::IdTooLarge { .. } => "let the rows get new ids: --new-ids",
            Self::NoIdsLeft { .. } => {
                "export the store, and import it into a new one with --new-ids"
            }
            Self::UnknownSchema { fix, .. } => return Some(fix.as_str().into()),
            Self::Migration(error) => return error.hint(),
            Self::Invalid { .. }
            | Self::Line { .. }
            | Self::Io { .. }
            | Self::WriterGone { .. }
            | Self::Database { .. } => return None,
        };
        Some(hint.into())
    }

    /// The same error for one more caller, where many waited for the same lock in vain.
    pub(crate) fn shared(&self) -> Option<Self> {
        match self {
            Self::Busy { path, waited_ms, source } => Some(Self::Busy {
                path: path.clone(),
                waited_ms: *waited_ms,
                source: rusqlite::Error::SqliteFailure(*source.sqlite_error()?, None),
            }),
            _ => None,
        }
    }

    /// Sorts an error of SQLite's.
    pub(crate) fn of_sqlite(
        path: &Path,
        waited_ms: u64,
        doing: &'static str,
        source: rusqlite::Error,
    ) -> Self {
        let path = path.to_owned();
        let message = frozen(&source);
        if let Some((name, says)) = unreadable(&source) {
            // SQLite calls this corrupt, but no row is damaged.
            return Self::UnknownSchema {
                found: format!("SQLite can't read {name} in the schema: {says}"),
                fix: format!("drop {name} or create it again, with the program that made it"),
                path,
            };
        }
        match (source.sqlite_error_code(), message) {
            (_, Some(message)) => Self::Frozen { path, message, source },
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
                Self::Busy { path, waited_ms, source }
            }
            (Some(ErrorCode::DatabaseCorrupt), _) => Self::Corrupt { path, source },
            (Some(ErrorCode::NotADatabase), _) => Self::NotADatabase { path, source },
            (Some(ErrorCode::DiskFull), _) => Self::DiskFull { path, source },
            (Some(ErrorCode::ReadOnly), _) => Self::ReadOnly { path, source: Some(source) },
            _ => Self::Database { path, doing, source },
        }
    }
}

/// The object of the schema that SQLite can't read, and why not.
fn unreadable(error: &rusqlite::Error) -> Option<(String, String)> {
    let rusqlite::Error::SqliteFailure(_, Some(message)) = error else { return None };
    let (name, says) = cutover::unreadable_object(message)?;
    Some((name.to_owned(), says.to_owned()))
}

/// The message of a trigger by which a migration keeps writers off a table.
fn frozen(error: &rusqlite::Error) -> Option<String> {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = error else { return None };
    let raised = failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER;
    let refused = message.starts_with("cutover: ") && message.contains(" is read-only: ");
    (raised && refused).then(|| message.clone())
}
