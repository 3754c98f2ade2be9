//! A third database: the twin again, with a trigger that does nothing on every table.
//!
//! SQLite goes about a statement otherwise where a table has a trigger, anyone's: it counts
//! what breaks a foreign key over the whole statement instead of row by row, collects the
//! rows of an UPDATE before it changes the first, keeps less of a statement that failed. What
//! the program sees of that is SQLite's answer, not ours, as long as a trigger that does
//! nothing has the same effect. So whatever differs from the twin is asked of this witness
//! before it is called a failure. It is made when it is needed, and runs all that the twin did.

use std::path::Path;

use rusqlite::Connection;

use super::lockstep::{BEGINS_WITH, Told};
use super::statement::Statement;
use crate::derive::sql::ident;

/// A database in which every table that is written to has triggers that do nothing.
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
        tables: &[String],
        history: &[Statement],
    ) -> rusqlite::Result<Self> {
        let conn = Connection::open(copy)?;
        conn.execute_batch("PRAGMA synchronous = OFF")?;
        BEGINS_WITH.iter().try_for_each(|sql| conn.execute_batch(sql))?;
        for (n, table) in tables.iter().enumerate() {
            for (m, when) in ["BEFORE", "AFTER"].iter().enumerate() {
                for event in ["INSERT", "UPDATE", "DELETE"] {
                    conn.execute_batch(&format!(
                        "CREATE TEMP TRIGGER cutover_idle_{n}_{m}_{event} {when} {event} ON main.{} \
                         BEGIN SELECT 1; END",
                        ident(table)
                    ))?;
                }
            }
        }
        let mut told = None;
        for statement in history {
            told = Some(Told::by(&conn, statement));
        }
        Ok(Self { conn, told })
    }
}
