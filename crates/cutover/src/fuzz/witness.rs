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

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::lockstep::Told;
use super::statement::Statement;
use crate::backend::sqlite::catalog::{Entry, OURS};
use crate::backend::sqlite::triggers::event;
use crate::backend::sqlite::{Answer, Connection};
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
    pub(super) fn of(copy: &Path, scratch: &Connection, history: &[Statement]) -> Answer<Self> {
        let conn = Connection::scratch(copy)?;
        let there = tables(&conn.entries()?);
        for (n, (event, table)) in events(&scratch.entries()?).into_iter().enumerate() {
            // A table of ours is not there.
            if there.contains(&table.to_lowercase()) {
                conn.batch(&format!(
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

/// The names of the tables, in lower case.
fn tables(entries: &[Entry]) -> HashSet<String> {
    let tables = entries.iter().filter(|entry| entry.kind == "table");
    tables.map(|entry| entry.name.to_lowercase()).collect()
}

/// What our triggers on tables wait for (`BEFORE UPDATE OF a, b`), and on which tables.
fn events(entries: &[Entry]) -> BTreeSet<(String, String)> {
    let tables = tables(entries);
    let ours = entries.iter().filter(|entry| {
        entry.kind == "trigger"
            && entry.name.starts_with(OURS)
            && tables.contains(&entry.on.to_lowercase())
    });
    let event = |entry: &Entry| {
        let event = event(&entry.name, &entry.on, entry.sql.as_deref()?)?;
        Some((event, entry.on.clone()))
    };
    ours.filter_map(event).collect()
}
