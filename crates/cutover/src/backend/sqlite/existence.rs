//! Whether the schema has something.

use crate::backend::sqlite::db::Db;
use crate::derive::sql::text;
use crate::error::Result;

impl Db {
    /// Whether there is something of this name, whatever it is. SQLite compares names without
    /// case.
    pub(crate) fn has(&self, name: &str) -> Result<bool> {
        self.has_where(&format!("name = {} COLLATE NOCASE", text(name)))
    }

    /// Whether there is a table of this name; a view is none.
    pub(crate) fn has_table(&self, name: &str) -> Result<bool> {
        self.has_where(&format!("type = 'table' AND name = {} COLLATE NOCASE", text(name)))
    }

    fn has_where(&self, condition: &str) -> Result<bool> {
        self.count(&format!("SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE {condition})"))
            .map(|found| found > 0)
    }
}
