//! What operators ask of work that is under way, as data in the user's database: whoever
//! works looks here after each chunk, whoever asks needs no lease.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::Db;
use crate::error::Result;
use crate::pace::{Limits, Pace};

pub(super) const TABLE: &str = "
-- What operators ask of the work on a migration. No row: nothing.
CREATE TABLE IF NOT EXISTS _cutover_control (
    migration INTEGER PRIMARY KEY, paused INTEGER NOT NULL DEFAULT 0, postponed INTEGER NOT NULL DEFAULT 0,
    -- 'gentle', 'fast' or 'limits'; NULL: as the command that works was told.
    pace TEXT, stall_ms REAL, rows_per_second INTEGER);
";

/// What is asked of the work on a migration.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Control {
    /// Chunks wait until this is taken back.
    pub(crate) paused: bool,
    /// Writes stay with the side they enter until this is taken back.
    pub(crate) postponed: bool,
    /// The pace for all work; as each command was told, if absent.
    pub(crate) pace: Option<Pace>,
}

/// What is asked at this moment.
pub(crate) fn read(db: &Db, migration: i64) -> Result<Control> {
    db.conn()
        .prepare_cached(
            "SELECT paused, postponed, pace, stall_ms, rows_per_second FROM _cutover_control WHERE migration = ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([migration], |row| {
                    let limits = Limits {
                        stall: row.get::<_, Option<f64>>(3)?.map(milliseconds),
                        rows_per_second: row.get::<_, Option<i64>>(4)?.map(i64::unsigned_abs),
                    };
                    let pace = match row.get::<_, Option<String>>(2)?.as_deref() {
                        Some("gentle") => Some(Pace::Gentle),
                        Some("fast") => Some(Pace::Fast),
                        Some(_) => Some(Pace::Limited(limits)),
                        None => None,
                    };
                    Ok(Control { paused: row.get(0)?, postponed: row.get(1)?, pace })
                })
                .optional()
        })
        .map(Option::unwrap_or_default)
        .map_err(|source| db.error("reading operators' requests", source))
}

/// Writes it down, in the transaction at hand.
pub(crate) fn write(db: &Db, migration: i64, control: &Control) -> Result<()> {
    let (pace, limits) = match control.pace {
        None => (None, Limits::default()),
        Some(Pace::Gentle) => (Some("gentle"), Limits::default()),
        Some(Pace::Fast) => (Some("fast"), Limits::default()),
        Some(Pace::Limited(limits)) => (Some("limits"), limits),
    };
    let rows = limits.rows_per_second.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    db.conn()
        .execute(
            "INSERT OR REPLACE INTO _cutover_control (migration, paused, postponed, pace, stall_ms, rows_per_second) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                migration,
                control.paused,
                control.postponed,
                pace,
                limits.stall.map(|stall| stall.as_secs_f64() * 1000.0),
                rows
            ],
        )
        .map(|_| ())
        .map_err(|source| db.error("recording a request", source))
}

/// A time that somebody may have written into the table by hand.
fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}
