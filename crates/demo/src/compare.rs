//! Two results row for row, walked side by side: neither is held in memory, and
//! every value is compared with its storage class.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::Serialize;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    pub(crate) table: String,
    pub(crate) rows: u64,
    pub(crate) differences: u64,
    /// The first difference, in words.
    pub(crate) example: Option<String>,
}

/// A value and its storage class.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Cell {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Real(x) => Self::Real(x),
            ValueRef::Text(text) => Self::Text(text.to_vec()),
            ValueRef::Blob(blob) => Self::Blob(blob.to_vec()),
        }
    }

    /// SQLite's order, for the classes that keys have.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) | (Self::Blob(a), Self::Blob(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
        }
    }

    fn show(&self) -> String {
        let text = match self {
            Self::Null => "NULL".into(),
            Self::Integer(n) => n.to_string(),
            Self::Real(x) => format!("{x:?}"),
            Self::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
            Self::Blob(blob) => format!("a blob of {} bytes", blob.len()),
        };
        let mut short: String = text.chars().take(60).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        short
    }
}

/// Compares two queries whose first `keys` columns are unique and order the rows.
pub(crate) fn compare(
    table: &str,
    keys: usize,
    (left, left_sql): (&Connection, &str),
    (right, right_sql): (&Connection, &str),
) -> rusqlite::Result<Comparison> {
    let mut found = Comparison { table: table.to_owned(), ..Comparison::default() };
    let mut left = left.prepare(left_sql)?;
    let mut right = right.prepare(right_sql)?;
    let names: Vec<String> = left.column_names().map(String::from).collect();
    let others: Vec<&str> = right.column_names().collect();
    if names != others {
        found.differ(format!("columns {names:?} and {others:?}"));
        return Ok(found);
    }
    let (mut left, mut right) = (left.query([])?, right.query([])?);
    let (mut a, mut b) = (cells(left.next()?)?, cells(right.next()?)?);
    loop {
        let order = match (&a, &b) {
            (None, None) => return Ok(found),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => key_order(a, b, keys),
        };
        found.rows += 1;
        match (&a, &b) {
            (Some(a), Some(b)) if order == Ordering::Equal => found.same_row(&names, a, b),
            (Some(a), _) if order == Ordering::Less => {
                found.differ(format!("{} is extra", key(a, keys)))
            }
            (_, Some(b)) => found.differ(format!("{} is missing", key(b, keys))),
            _ => {}
        }
        if order != Ordering::Greater {
            a = cells(left.next()?)?;
        }
        if order != Ordering::Less {
            b = cells(right.next()?)?;
        }
    }
}

impl Comparison {
    fn same_row(&mut self, names: &[String], a: &[Cell], b: &[Cell]) {
        if let Some(i) = (0..a.len()).find(|&i| a[i] != b[i]) {
            let (found, expected) = (a[i].show(), b[i].show());
            self.differ(format!("{}: {} is {found}, should be {expected}", a[0].show(), names[i]));
        }
    }

    fn differ(&mut self, example: String) {
        self.differences += 1;
        self.example.get_or_insert(example);
    }
}

fn cells(row: Option<&Row<'_>>) -> rusqlite::Result<Option<Vec<Cell>>> {
    let Some(row) = row else { return Ok(None) };
    let columns = row.as_ref().column_count();
    (0..columns).map(|i| Ok(Cell::of(row.get_ref(i)?))).collect::<rusqlite::Result<_>>().map(Some)
}

fn key_order(a: &[Cell], b: &[Cell], keys: usize) -> Ordering {
    (0..keys).map(|i| a[i].order(&b[i])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn key(row: &[Cell], keys: usize) -> String {
    row[..keys].iter().map(Cell::show).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares two lists of (key, value), as SQL writes them.
    fn found(left: &str, right: &str) -> (u64, u64, Option<String>) {
        let conn = Connection::open_in_memory().unwrap();
        let query = |rows: &str| {
            format!(
                "SELECT * FROM (SELECT 0 AS k, 0 AS v WHERE 0 UNION ALL VALUES {rows}) ORDER BY k"
            )
        };
        let (left, right) = (query(left), query(right));
        let c = compare("t", 1, (&conn, &left), (&conn, &right)).unwrap();
        (c.rows, c.differences, c.example)
    }

    #[test]
    fn equal_rows_are_equal() {
        assert_eq!(found("(1,'a'),(2,NULL)", "(2,NULL),(1,'a')"), (2, 0, None));
    }

    #[test]
    fn a_storage_class_is_a_difference() {
        let (rows, differences, example) = found("(1,7),(2,1.0)", "(1,'7'),(2,1)");
        assert_eq!((rows, differences), (2, 2));
        assert_eq!(example.as_deref(), Some("1: v is 7, should be '7'"));
    }

    #[test]
    fn missing_and_extra_rows_are_found_on_both_ends() {
        assert_eq!(found("(1,1),(2,1)", "(2,1),(3,1)"), (3, 2, Some("1 is extra".into())));
        assert_eq!(found("(2,1)", "(1,1),(2,1)"), (2, 1, Some("1 is missing".into())));
        // The same key twice is an extra row, not an equal one.
        assert_eq!(found("(1,1),(1,1)", "(1,1)"), (2, 1, Some("1 is extra".into())));
    }

    #[test]
    fn other_columns_are_a_difference() {
        let conn = Connection::open_in_memory().unwrap();
        let c = compare("t", 1, (&conn, "SELECT 1 AS a"), (&conn, "SELECT 1 AS b")).unwrap();
        assert_eq!(c.differences, 1);
    }
}
