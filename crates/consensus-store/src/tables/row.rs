//! Reading a row's columns as what the store writes there.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::error::Error;
use crate::fault::Step;

/// A row of one of the tables, and how to tell of it.
pub(crate) struct Read<'r, 's> {
    pub(crate) row: &'r Row<'s>,
    pub(crate) table: &'static str,
    pub(crate) id: i64,
}

impl Read<'_, '_> {
    /// Text, which must be there.
    pub(crate) fn text(&self, at: usize, column: &'static str) -> Step<String> {
        match self.optional_text(at, column)? {
            Some(text) => Ok(text),
            None => Err(self.unexpected(column, "NULL".to_owned()).into()),
        }
    }

    /// Text, or nothing.
    pub(crate) fn optional_text(&self, at: usize, column: &'static str) -> Step<Option<String>> {
        let found = match self.row.get_ref(at)? {
            ValueRef::Null => return Ok(None),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => return Ok(Some(text.to_owned())),
                Err(_) => "text that is not UTF-8".to_owned(),
            },
            ValueRef::Integer(number) => format!("the number {number}"),
            ValueRef::Real(number) => format!("the number {number}"),
            ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
        };
        Err(self.unexpected(column, found).into())
    }

    /// A whole number, or nothing.
    pub(crate) fn optional_integer(&self, at: usize, column: &'static str) -> Step<Option<i64>> {
        match self.row.get_ref(at)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            other => Err(self.unexpected(column, format!("no whole number: {other:?}")).into()),
        }
    }

    fn unexpected(&self, column: &'static str, found: String) -> Error {
        Error::UnexpectedValue { table: self.table, id: self.id, column, found }
    }
}
