//! A row of a query's result, as long as the query stands on it.

use rusqlite::types::FromSql;

use super::value::{Value, show};
use crate::backend::sqlite::connection::database_error::Answer;

/// A row that a query gives.
#[derive(Debug)]
pub(crate) struct Row<'a>(pub(super) &'a rusqlite::Row<'a>);

impl Row<'_> {
    /// The value of a column, as a type that can hold it.
    pub(crate) fn get<T: FromSql>(&self, column: usize) -> Answer<T> {
        Ok(self.0.get(column)?)
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.0.as_ref().column_count()
    }

    /// The values of the first columns.
    pub(crate) fn values(&self, columns: usize) -> Answer<Vec<Value>> {
        (0..columns).map(|column| self.get(column)).collect()
    }

    /// The value of a column as people read it.
    pub(crate) fn shown(&self, column: usize) -> Answer<String> {
        Ok(show(self.0.get_ref(column)?))
    }
}
