//! Settings of a connection that a program may have, and the plain connections of scratch
//! databases.

use std::path::Path;

use super::plain::Connection;
use crate::backend::sqlite::connection::database_error::Answer;

/// Settings that a connection begins with, whatever SQLite was compiled to: those of the
/// `sqlite3` shell.
pub(crate) const BEGINS_WITH: [&str; 2] =
    ["PRAGMA foreign_keys = OFF", "PRAGMA recursive_triggers = OFF"];

/// The statement by which a program sets a setting of its connection.
pub(crate) fn setting(name: &str, on: bool) -> String {
    format!("PRAGMA {name} = {}", if on { "ON" } else { "OFF" })
}

impl Connection {
    /// Opens a scratch database, or makes one, as a program would.
    pub(crate) fn scratch(path: &Path) -> Answer<Self> {
        let connection = Self::open(path)?;
        // Nobody's data is lost with it.
        connection.batch("PRAGMA synchronous = OFF")?;
        BEGINS_WITH.iter().try_for_each(|sql| connection.batch(sql))?;
        Ok(connection)
    }

    /// Has the database keep a write-ahead log.
    pub(crate) fn keep_log(&self) -> Answer {
        self.batch("PRAGMA journal_mode = WAL")
    }

    /// Moves everything into the database's file, which can then be copied by itself.
    pub(crate) fn empty_log(&self) -> Answer {
        self.batch("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// The names of the functions that there are.
    #[cfg(test)]
    pub(crate) fn functions(&self) -> Answer<Vec<String>> {
        self.texts("SELECT DISTINCT name FROM pragma_function_list", &[])
    }

    /// Whether a row breaks a foreign key.
    pub(crate) fn breaks_foreign_keys(&self) -> Answer<bool> {
        Ok(self.raw().prepare("PRAGMA foreign_key_check")?.exists([])?)
    }
}
