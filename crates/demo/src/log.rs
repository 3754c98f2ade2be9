//! The log of committed writes: each writer notes its statement in the
//! transaction that runs it, so the log's order is the order of the commits.

use rusqlite::{CachedStatement, Connection, ToSql};

/// What a twin has to run in order to get the same rows.
pub(crate) const SCHEMA: &str = "CREATE TABLE demo_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    writer TEXT NOT NULL,
    sql TEXT NOT NULL
)";

pub(crate) fn note(conn: &Connection, writer: &str, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO demo_log (writer, sql) VALUES (?, ?)")?
        .execute([writer, sql])?;
    Ok(())
}

/// Runs a statement and gives its text with the parameters written out.
pub(crate) fn run(
    conn: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<String> {
    let mut statement = bound(conn, sql, parameters)?;
    statement.raw_execute()?;
    Ok(statement.expanded_sql().unwrap_or_default())
}

/// Runs a statement with RETURNING and gives the first two columns of its rows.
pub(crate) fn returning(
    conn: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Vec<(i64, String)>> {
    conn.prepare_cached(sql)?.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The text of a statement that is not run here, with the parameters written out.
pub(crate) fn text(
    conn: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<String> {
    Ok(bound(conn, sql, parameters)?.expanded_sql().unwrap_or_default())
}

fn bound<'c>(
    conn: &'c Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = conn.prepare_cached(sql)?;
    for (i, parameter) in parameters.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, parameter)?;
    }
    Ok(statement)
}
