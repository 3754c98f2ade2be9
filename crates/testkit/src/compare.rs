//! Rows against rows: how often each occurs, values and storage classes.
//!
//! The order of rows means nothing, duplicates do. Only a hash of each row is kept,
//! so that tables with gigabytes of text can be compared.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// How many differing rows are shown.
const SHOWN: usize = 5;
/// How much of a value is shown.
const SHOWN_BYTES: usize = 100;

/// What a query gives on one database.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// Where it comes from, for the reader of a failure.
    pub name: &'a str,
    /// The database.
    pub conn: &'a Connection,
    /// The query. Its first column is taken for the key when differing rows are shown
    /// side by side.
    pub sql: &'a str,
}

/// What differs, for a person to read; none if both give the same rows.
#[must_use]
pub fn difference(what: &str, expected: Rows<'_>, found: Rows<'_>) -> Option<String> {
    let mut balance: HashMap<u64, i64> = HashMap::new();
    let mut columns = Vec::new();
    each(expected, |names, row| {
        columns = names.to_vec();
        *balance.entry(hash(row)).or_default() += 1;
    });
    each(found, |_, row| *balance.entry(hash(row)).or_default() -= 1);
    balance.retain(|_, count| *count != 0);
    if balance.is_empty() {
        return None;
    }
    let missing: i64 = balance.values().filter(|count| **count > 0).sum();
    let extra: i64 = -balance.values().filter(|count| **count < 0).sum::<i64>();
    let mut report = format!(
        "{what}: {missing} rows of {} are not in {}, {extra} rows of {1} are not in {0}\n",
        expected.name, found.name
    );
    let missing = collect(
        expected,
        &columns,
        |row| balance.get(&hash(row)).is_some_and(|count| *count > 0),
        &[],
    );
    let keys: Vec<&Cell> = missing.iter().map(|row| &row.cells[0]).collect();
    let extra = collect(
        found,
        &columns,
        |row| balance.get(&hash(row)).is_some_and(|count| *count < 0),
        &keys,
    );
    for row in &missing {
        match extra.iter().find(|other| other.cells[0] == row.cells[0] && other != &row) {
            Some(other) => side_by_side(&mut report, row, other, found.name),
            None => line(&mut report, &format!("missing in {}", found.name), row),
        }
    }
    for row in extra.iter().filter(|row| !keys.contains(&&row.cells[0])) {
        line(&mut report, &format!("only in {}", found.name), row);
    }
    Some(report)
}

/// Panics with what differs, if anything does.
pub fn assert_same(what: &str, expected: Rows<'_>, found: Rows<'_>) {
    if let Some(report) = difference(what, expected, found) {
        panic!("{report}");
    }
}

/// Every row of a query, with the names of its columns.
fn each(rows: Rows<'_>, mut visit: impl FnMut(&[String], &Row<'_>)) {
    let mut statement = rows
        .conn
        .prepare(rows.sql)
        .unwrap_or_else(|error| panic!("{} on {}: {error}", rows.sql, rows.name));
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut cursor = statement.query([]).expect("a query without parameters");
    while let Some(row) =
        cursor.next().unwrap_or_else(|error| panic!("{} on {}: {error}", rows.sql, rows.name))
    {
        visit(&names, row);
    }
}

fn hash(row: &Row<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for index in 0..row.as_ref().column_count() {
        let value = row.get_ref(index).expect("a column that exists");
        std::mem::discriminant(&value).hash(&mut hasher);
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => number.hash(&mut hasher),
            ValueRef::Real(number) => number.to_bits().hash(&mut hasher),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// A value as it is shown: enough to tell most apart, never megabytes.
#[derive(Debug, Clone, PartialEq)]
struct Cell(String);

#[derive(Debug, Clone, PartialEq)]
struct Shown {
    cells: Vec<Cell>,
    columns: Vec<String>,
}

/// The first rows that are wanted, those with one of `keys` before others.
fn collect(
    rows: Rows<'_>,
    columns: &[String],
    wanted: impl Fn(&Row<'_>) -> bool,
    keys: &[&Cell],
) -> Vec<Shown> {
    let (mut first, mut others) = (Vec::new(), Vec::new());
    each(rows, |_, row| {
        let key = cell(row.get_ref(0).expect("a first column"));
        let list = if keys.contains(&&key) { &mut first } else { &mut others };
        if list.len() < SHOWN && wanted(row) {
            let cells = (0..columns.len())
                .map(|index| cell(row.get_ref(index).expect("a column that exists")))
                .collect();
            list.push(Shown { cells, columns: columns.to_vec() });
        }
    });
    first.append(&mut others);
    first
}

fn cell(value: ValueRef<'_>) -> Cell {
    Cell(match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) => {
            format!(
                "'{}'{}",
                String::from_utf8_lossy(shown(bytes)).escape_debug(),
                remainder(bytes)
            )
        }
        ValueRef::Blob(bytes) => {
            let hex = shown(bytes).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!("x'{hex}'{}", remainder(bytes))
        }
    })
}

fn shown(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(SHOWN_BYTES)]
}

/// What stands for the part that is not shown: its length, and a hash that tells
/// long values apart that begin alike.
fn remainder(bytes: &[u8]) -> String {
    if bytes.len() <= SHOWN_BYTES {
        return String::new();
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("… ({} bytes, hash {:08x})", bytes.len(), hasher.finish() as u32)
}

fn side_by_side(report: &mut String, expected: &Shown, found: &Shown, found_name: &str) {
    let _ = writeln!(report, "  {} = {}:", expected.columns[0], expected.cells[0].0);
    for ((column, expected), found) in
        expected.columns.iter().zip(&expected.cells).zip(&found.cells)
    {
        if expected != found {
            let _ = writeln!(
                report,
                "    {column}: expected {}, {found_name} holds {}",
                expected.0, found.0
            );
        }
    }
}

fn line(report: &mut String, label: &str, row: &Shown) {
    let cells: Vec<String> = row
        .columns
        .iter()
        .zip(&row.cells)
        .map(|(column, cell)| format!("{column} = {}", cell.0))
        .collect();
    let _ = writeln!(report, "  {label}: {}", cells.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(expected: &str, found: &str) -> Option<String> {
        let conn = Connection::open_in_memory().unwrap();
        difference(
            "t",
            Rows { name: "twin", conn: &conn, sql: expected },
            Rows { name: "live", conn: &conn, sql: found },
        )
    }

    #[test]
    fn order_means_nothing_and_duplicates_do() {
        assert_eq!(report("VALUES (1), (2), (2)", "VALUES (2), (1), (2)"), None);
        assert!(report("VALUES (1), (2), (2)", "VALUES (1), (1), (2)").is_some());
        assert!(report("VALUES (1), (1)", "VALUES (1)").is_some());
        assert!(report("VALUES (1)", "SELECT 1 WHERE 0").is_some());
    }

    #[test]
    fn storage_classes_count() {
        for (one, other) in
            [("1", "1.0"), ("1", "'1'"), ("'a'", "x'61'"), ("NULL", "''"), ("0", "NULL")]
        {
            assert!(
                report(&format!("SELECT {one}"), &format!("SELECT {other}")).is_some(),
                "{one} and {other}"
            );
        }
    }

    #[test]
    fn a_report_names_the_row_and_the_column() {
        let report = report(
            "SELECT 7 AS id, 'Ada' AS name, 1 AS n UNION SELECT 8, 'Bob', 2",
            "SELECT 7, 'Ada', '1' UNION SELECT 9, 'Eve', 3",
        )
        .unwrap();
        assert_eq!(
            report,
            "t: 2 rows of twin are not in live, 2 rows of live are not in twin\n  \
             id = 7:\n    n: expected 1, live holds '1'\n  \
             missing in live: id = 8, name = 'Bob', n = 2\n  \
             only in live: id = 9, name = 'Eve', n = 3\n"
        );
    }
}
