//! An error inside a transaction, before the call that it belongs to is known.

use std::path::Path;

use crate::error::Error;

/// An error on its way out of a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite's, to be sorted where the call is known.
    Sqlite(rusqlite::Error),
    /// One of the store's own.
    Own(Error),
}

/// The result of a step of a transaction.
pub(crate) type Step<T> = std::result::Result<T, Fault>;

impl Fault {
    /// The error a caller gets.
    pub(crate) fn into_error(self, path: &Path, waited_ms: u64, doing: &'static str) -> Error {
        match self {
            Self::Sqlite(source) => Error::of_sqlite(path, waited_ms, doing, source),
            Self::Own(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}
