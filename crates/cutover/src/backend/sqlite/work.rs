//! How the work on a migration goes, as data in the user's database: written by whoever works,
//! in the transactions of the work, for whoever watches.

use rusqlite::{OptionalExtension as _, params};

use super::Db;
use crate::error::Result;

pub(super) const TABLE: &str = "
-- How the work under way goes, or the last went. For those who watch; nothing depends on it.
CREATE TABLE IF NOT EXISTS _cutover_work (
    migration INTEGER PRIMARY KEY, work TEXT NOT NULL, token TEXT NOT NULL, began_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, rate REAL,
    chunk_rows INTEGER NOT NULL, chunk_ms REAL NOT NULL, longest_ms REAL NOT NULL, commits INTEGER NOT NULL,
    -- Why it stands back or waits, such as 'writers'; NULL while it goes on.
    waiting TEXT);
";

/// One look at the work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// What is done, as [`Work::name`](crate::Work::name) has it.
    pub(crate) work: String,
    /// The lease it is done under.
    pub(crate) token: String,
    pub(crate) began_ms: i64,
    pub(crate) at_ms: i64,
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Rows a second, of late.
    pub(crate) rate: Option<f64>,
    pub(crate) chunk_rows: u64,
    /// How long the last chunk held the write lock.
    pub(crate) chunk_ms: f64,
    /// How long the longest of the last minute held it.
    pub(crate) longest_ms: f64,
    /// Transactions it has committed.
    pub(crate) commits: u64,
    /// Why it waits, if it does.
    pub(crate) waiting: Option<String>,
}

pub(crate) fn write(db: &Db, migration: i64, sample: &Sample) -> Result<()> {
    db.conn()
        .prepare_cached(
            "INSERT OR REPLACE INTO _cutover_work (migration, work, token, began_ms, at_ms, done, total, rate, \
             chunk_rows, chunk_ms, longest_ms, commits, waiting) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                migration,
                sample.work,
                sample.token,
                sample.began_ms,
                sample.at_ms,
                signed(sample.done),
                signed(sample.total),
                sample.rate,
                signed(sample.chunk_rows),
                sample.chunk_ms,
                sample.longest_ms,
                signed(sample.commits),
                sample.waiting
            ])
        })
        .map(|_| ())
        .map_err(|source| db.error("recording the progress", source))
}

/// What was written last.
pub(crate) fn read(db: &Db, migration: i64) -> Result<Option<Sample>> {
    db.conn()
        .query_row(
            "SELECT work, token, began_ms, at_ms, done, total, rate, chunk_rows, chunk_ms, longest_ms, commits, waiting \
             FROM _cutover_work WHERE migration = ?1",
            [migration],
            |row| {
                let count = |n| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(n)?.unsigned_abs()) };
                Ok(Sample {
                    work: row.get(0)?,
                    token: row.get(1)?,
                    began_ms: row.get(2)?,
                    at_ms: row.get(3)?,
                    done: count(4)?,
                    total: count(5)?,
                    rate: row.get(6)?,
                    chunk_rows: count(7)?,
                    chunk_ms: row.get(8)?,
                    longest_ms: row.get(9)?,
                    commits: count(10)?,
                    waiting: row.get(11)?,
                })
            },
        )
        .optional()
        .map_err(|source| db.error("reading the progress", source))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
