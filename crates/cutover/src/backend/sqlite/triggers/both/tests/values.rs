//! Tables as plain values.

use std::collections::BTreeMap;

use rusqlite::Connection;

/// A row: each value as SQL writes it, so that 1, 1.0 and '1' are three.
pub(super) type Row = Vec<String>;

/// Every row that a SELECT gives.
pub(super) fn rows(conn: &Connection, sql: &str) -> Vec<Row> {
    let mut statement = conn.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let width = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..width).map(|n| Ok(literal(&row.get(n)?))).collect())
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let rows: Result<Vec<Row>, _> = rows.collect();
    let mut rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows.sort();
    rows
}

fn literal(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => format!("{n:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

/// The columns of a table.
pub(super) fn columns(conn: &Connection, table: &str) -> Vec<String> {
    let names = rows(conn, &format!("SELECT cid, name FROM pragma_table_info('{table}')"));
    let mut names: Vec<(usize, String)> = names
        .into_iter()
        .map(|row| (row[0].parse().unwrap_or_default(), row[1].trim_matches('\'').to_owned()))
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// Rows by some of their columns.
pub(super) fn by_key(rows: Vec<Row>, key: &[usize]) -> BTreeMap<Row, Row> {
    rows.into_iter().map(|row| (key.iter().map(|n| row[*n].clone()).collect(), row)).collect()
}
