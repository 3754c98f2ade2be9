//! A plain connection, as any program opens one, and what can be asked on it. Errors are the
//! database's own, not yet in the engine's terms.

use std::path::Path;

use rusqlite::params_from_iter;

use crate::backend::sqlite::connection::database_error::Answer;
use crate::backend::sqlite::row::Row;
use crate::backend::sqlite::value::Value;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection(pub(super) rusqlite::Connection);

impl Connection {
    /// Opens a database, or makes an empty one.
    pub(crate) fn open(path: &Path) -> Answer<Self> {
        Ok(Self(rusqlite::Connection::open(path)?))
    }

    /// Makes an empty database in memory.
    pub(crate) fn memory() -> Answer<Self> {
        Ok(Self(rusqlite::Connection::open_in_memory()?))
    }

    /// For the rest of the backend.
    pub(in crate::backend::sqlite) fn raw(&self) -> &rusqlite::Connection {
        &self.0
    }

    /// Runs statements without parameters.
    pub(crate) fn batch(&self, sql: &str) -> Answer {
        Ok(self.0.execute_batch(sql)?)
    }

    /// Runs one statement; gives how many rows it changed. It is kept prepared.
    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Answer<u64> {
        let changed = self.0.prepare_cached(sql)?.execute(params_from_iter(params))?;
        Ok(changed as u64)
    }

    /// The one row that a query gives.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: &[Value],
        read: impl FnOnce(&Row<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        match rows.next()? {
            Some(row) => read(&Row(row)),
            None => Err(rusqlite::Error::QueryReturnedNoRows.into()),
        }
    }

    /// What a query that asks yes or no answers. It is kept prepared.
    pub(crate) fn asked(&self, sql: &str, params: &[Value]) -> Answer<bool> {
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row(params_from_iter(params), |row| row.get(0))?)
    }

    /// All rows that a query gives.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Answer<T>,
    ) -> Answer<Vec<T>> {
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&Row(row))?);
        }
        Ok(found)
    }

    /// The first column of a query, as texts.
    pub(crate) fn texts(&self, sql: &str, params: &[Value]) -> Answer<Vec<String>> {
        self.rows(sql, params, |row| row.get(0))
    }

    /// Whether a statement can be prepared, and why not. It does not run.
    pub(crate) fn prepares(&self, sql: &str) -> Answer {
        Ok(self.0.prepare(sql).map(drop)?)
    }

    /// Whether a query can be run as far as its first row.
    pub(crate) fn runs(&self, sql: &str) -> Answer {
        self.0.prepare(sql)?.query([])?.next()?;
        Ok(())
    }

    /// Rows that the last statement changed.
    pub(crate) fn changes(&self) -> u64 {
        self.0.changes()
    }

    /// Rows that were changed on this connection so far.
    pub(crate) fn total_changes(&self) -> u64 {
        self.0.total_changes()
    }

    /// The rowid of the row that was inserted last.
    pub(crate) fn last_insert_rowid(&self) -> i64 {
        self.0.last_insert_rowid()
    }

    /// Whether no transaction is open.
    pub(crate) fn at_rest(&self) -> bool {
        self.0.is_autocommit()
    }
}
