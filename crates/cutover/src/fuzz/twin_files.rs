//! Files of scratch databases, and what is said when they fail.

use std::path::Path;

use crate::backend::sqlite::DatabaseError;
use crate::error::{Error, Result};

pub(super) fn failed(source: DatabaseError) -> Error {
    Error::Database { doing: "running random writes on a scratch copy".to_owned(), source }
}

pub(super) fn copying(source: std::io::Error) -> Error {
    Error::Io { doing: "copying a scratch database".to_owned(), source }
}

/// Removes a database and what SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(copying(error));
            }
            _ => {}
        }
    }
    Ok(())
}
