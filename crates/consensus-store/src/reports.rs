//! Reports on the whole store.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::Serialize;

use crate::stage::Stage;

/// What a spec and stage has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageSummary {
    /// The spec.
    pub spec_id: String,
    /// The stage.
    pub stage: Stage,
    /// Its artifacts.
    pub artifacts: u64,
    /// Its syntheses.
    pub syntheses: u64,
    /// Its runs.
    pub runs: u64,
    /// When its latest row was made, in milliseconds since 1970.
    pub latest_ms: Option<i64>,
}

impl StageSummary {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            spec_id: shown(row)?,
            stage: Stage::from(lossy(row, 1)?),
            artifacts: count(row, 2)?,
            syntheses: count(row, 3)?,
            runs: count(row, 4)?,
            latest_ms: row.get(5)?,
        })
    }
}

/// How many rows there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals {
    pub(crate) artifacts: u64,
    pub(crate) syntheses: u64,
    pub(crate) specs: u64,
    pub(crate) runs: u64,
}

impl Totals {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            artifacts: count(row, 0)?,
            syntheses: count(row, 1)?,
            specs: count(row, 2)?,
            runs: count(row, 3)?,
        })
    }
}

/// The store in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Agents' outputs.
    pub artifacts: u64,
    /// Syntheses.
    pub syntheses: u64,
    /// Runs: what was said under one run id, for one spec and stage.
    pub runs: u64,
    /// Specs that have any of these.
    pub specs: u64,
    /// The database, in bytes, without what waits in its log.
    pub file_bytes: u64,
    /// The write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// Pages of the database that hold nothing, in bytes; [`compact`](crate::Store::compact)
    /// gives them back.
    pub free_bytes: u64,
    /// A page, in bytes.
    pub page_bytes: u64,
    /// SQLite's journal mode, such as `wal`.
    pub journal_mode: String,
    /// How free pages can be given back: `none` (only by [`Compact::Full`](crate::Compact::Full)),
    /// `full` or `incremental`.
    pub auto_vacuum: String,
    /// The version of the SQLite that reads it.
    pub sqlite_version: String,
}

/// The name of a spec, for a list. One that is no text must not keep the others from being
/// listed.
pub(crate) fn shown(row: &Row<'_>) -> rusqlite::Result<String> {
    lossy(row, 0)
}

fn lossy(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => String::new(),
    })
}

/// A count, which SQLite gives as a signed number.
pub(crate) fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(at)?.unsigned_abs())
}

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Deleted {
    /// Agents' outputs.
    pub artifacts: u64,
    /// Syntheses.
    pub syntheses: u64,
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Exported {
    /// Agents' outputs.
    pub artifacts: u64,
    /// Syntheses.
    pub syntheses: u64,
}

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Agents' outputs.
    pub artifacts: u64,
    /// Syntheses.
    pub syntheses: u64,
    /// Rows that the store held already, the very same.
    pub already_there: u64,
}
