//! Whether two databases give the same rows for a query.

use super::value::{same, show};
use crate::backend::sqlite::connection::database_error::Answer;
use crate::backend::sqlite::connection::plain::Connection;
use crate::backend::sqlite::row::Row;

/// The first row in which they differ, as the caller reads it.
#[derive(Debug)]
pub(crate) enum Unlike<T> {
    /// The second has no such row.
    OnlyFirst(T),
    /// The first has no such row.
    OnlySecond(T),
    /// Both have a row at this place, with other values: the row of the second, the column's
    /// number, and how the two values are shown.
    Values { row: T, column: usize, first: String, second: String },
}

/// Reads the same query on both, row by row.
pub(crate) fn unlike<T>(
    first: &Connection,
    second: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> T,
) -> Answer<Option<Unlike<T>>> {
    let (mut one, mut other) =
        (first.raw().prepare_cached(sql)?, second.raw().prepare_cached(sql)?);
    let columns = one.column_count();
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    loop {
        match (one.next()?, other.next()?) {
            (None, None) => return Ok(None),
            (Some(row), None) => return Ok(Some(Unlike::OnlyFirst(read(&Row(row))))),
            (None, Some(row)) => return Ok(Some(Unlike::OnlySecond(read(&Row(row))))),
            (Some(one), Some(other)) => {
                for column in 0..columns {
                    let (first, second) = (one.get_ref(column)?, other.get_ref(column)?);
                    if !same(first, second) {
                        let (first, second) = (show(first), show(second));
                        let row = read(&Row(other));
                        return Ok(Some(Unlike::Values { row, column, first, second }));
                    }
                }
            }
        }
    }
}
