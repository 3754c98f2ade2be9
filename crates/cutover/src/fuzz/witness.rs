//! A third database: the twin again, with a trigger that does nothing wherever we have one.
//!
//! SQLite goes about a statement otherwise where a table has a trigger, anyone's: it counts
//! what breaks a foreign key over the whole statement instead of row by row, collects the
//! rows of an UPDATE before it changes the first, keeps less of a statement that failed. What
//! the program sees of that is SQLite's answer, not ours, as long as a trigger that does
//! nothing has the same effect. So whatever differs from the twin is asked of this witness
//! before it is called a failure. It is made when it is needed, and runs all that the twin did.
//!
//! Its triggers are on the same tables and events as ours: a BEFORE trigger more is enough for
//! SQLite to look at the types of a STRICT table before it looks for conflicts.

use std::path::Path;

use rusqlite::Connection;

use super::lockstep::{BEGINS_WITH, Told};
use super::statement::Statement;
use crate::derive::sql::ident;

/// A database with triggers that do nothing.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) conn: Connection,
    /// What the last statement told.
    pub(super) told: Option<Told>,
}

impl Witness {
    /// Runs statements on a copy of the twin as it was before the first.
    pub(super) fn of(
        copy: &Path,
        scratch: &Connection,
        history: &[Statement],
    ) -> rusqlite::Result<Self> {
        let conn = Connection::open(copy)?;
        conn.execute_batch("PRAGMA synchronous = OFF")?;
        BEGINS_WITH.iter().try_for_each(|sql| conn.execute_batch(sql))?;
        for (n, (event, table)) in events(scratch)?.into_iter().enumerate() {
            // A table of ours is not there.
            let there = conn.table_exists(Some("main"), table.as_str())?;
            if there {
                conn.execute_batch(&format!(
                    "CREATE TEMP TRIGGER cutover_idle_{n} {event} ON main.{} BEGIN SELECT 1; END",
                    ident(&table)
                ))?;
            }
        }
        let mut told = None;
        for statement in history {
            told = Some(Told::by(&conn, statement));
        }
        Ok(Self { conn, told })
    }
}

/// What our triggers on tables wait for (`BEFORE UPDATE OF a, b`), and on which tables.
fn events(scratch: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = scratch.prepare(
        "SELECT DISTINCT t.name, t.tbl_name, t.sql FROM sqlite_schema AS t \
         JOIN sqlite_schema AS s ON s.name = t.tbl_name AND s.type = 'table' \
         WHERE t.type = 'trigger' AND substr(t.name, 1, 9) = '_cutover_'",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, table, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let before = format!("CREATE TRIGGER {} ", ident(&name));
        let after = format!(" ON {}", ident(&table));
        let event = sql
            .strip_prefix(before.as_str())
            .and_then(|rest| rest.split_once(after.as_str()))
            .map(|(event, _)| event.to_owned());
        found.extend(event.map(|event| (event, table)));
    }
    Ok(found)
}
