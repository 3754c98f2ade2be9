//! The journal: one row a step, written in the step's own transaction, so that it
//! tells of a step if and only if the step was taken.

use rusqlite::params;
use serde_json::Value;

use super::Db;
use crate::error::Result;
use crate::phase::Phase;
use crate::report::JournalEntry;

/// A step to be written down.
#[derive(Debug, Clone)]
pub(crate) struct Line<'a> {
    pub(crate) migration: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) at: &'a str,
    pub(crate) event: &'a str,
    pub(crate) before: Phase,
    pub(crate) after: Phase,
    pub(crate) detail: Value,
}

pub(crate) fn write(db: &Db, line: &Line<'_>) -> Result<()> {
    db.conn()
        .execute(
            "INSERT INTO _cutover_journal (migration, at, actor, event, phase_before, phase_after, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                line.migration,
                line.at,
                line.actor,
                line.event,
                line.before.name(),
                line.after.name(),
                line.detail.to_string()
            ],
        )
        .map(|_| ())
        .map_err(|source| db.error("writing the journal", source))
}

/// Everything written of a migration, oldest first.
pub(crate) fn read(db: &Db, migration: &str) -> Result<Vec<JournalEntry>> {
    let phase = |text: String| {
        text.parse::<Phase>().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                0,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })
    };
    let read = || -> rusqlite::Result<Vec<JournalEntry>> {
        db.conn()
            .prepare(
                "SELECT id, migration, at, actor, event, phase_before, phase_after, detail \
                 FROM _cutover_journal WHERE migration = ?1 ORDER BY id",
            )?
            .query_map([migration], |row| {
                Ok(JournalEntry {
                    id: row.get(0)?,
                    migration: row.get(1)?,
                    at: row.get(2)?,
                    actor: row.get(3)?,
                    event: row.get(4)?,
                    before: phase(row.get(5)?)?,
                    after: phase(row.get(6)?)?,
                    detail: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or(Value::Null),
                })
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the journal", source))
}
