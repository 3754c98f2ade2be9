//! The last verification, kept to be shown. Nothing trusts it: a gate verifies by itself.

use rusqlite::{OptionalExtension as _, params};

use super::Db;
use crate::error::Result;
use crate::report::LastVerification;

pub(super) const TABLE: &str = "
-- The last verification, to be shown. No gate trusts it.
CREATE TABLE IF NOT EXISTS _cutover_verified (
    migration INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL,
    seconds REAL NOT NULL, report TEXT NOT NULL);
";

pub(crate) fn write(db: &Db, migration: i64, last: &LastVerification) -> Result<()> {
    let report = serde_json::to_string(&last.report).unwrap_or_default();
    db.conn()
        .execute(
            "INSERT OR REPLACE INTO _cutover_verified (migration, at, actor, command, seconds, report) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![migration, last.at, last.actor, last.command, last.seconds, report],
        )
        .map(|_| ())
        .map_err(|source| db.error("recording the verification", source))
}

/// What was kept, if it can be read.
pub(crate) fn read(db: &Db, migration: i64) -> Result<Option<LastVerification>> {
    db.conn()
        .query_row(
            "SELECT at, actor, command, seconds, report FROM _cutover_verified WHERE migration = ?1",
            [migration],
            |row| {
                let report: String = row.get(4)?;
                let Ok(report) = serde_json::from_str(&report) else { return Ok(None) };
                Ok(Some(LastVerification {
                    at: row.get(0)?,
                    actor: row.get(1)?,
                    command: row.get(2)?,
                    seconds: row.get(3)?,
                    report,
                }))
            },
        )
        .optional()
        .map(Option::flatten)
        .map_err(|source| db.error("reading the last verification", source))
}
