//! What the proof found, what a migration will take, and every statement of it.

use serde::Serialize;

use super::fix::Fix;
use super::fuzz::FuzzReport;
use super::verify::VerifyReport;
use crate::error::Refusal;
use crate::phase::Side;

/// What the proof found: whether the migration can start, and what it will cost.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// The migration's name.
    pub migration: String,
    /// Whether `start` would go ahead.
    pub ok: bool,
    /// Old rows that were carried forward and back and compared.
    pub rows: u64,
    /// The comparison of backward(forward(old)) with old.
    pub lossless: VerifyReport,
    /// Everything that stands in the way.
    pub problems: Vec<Problem>,
    /// What is worth knowing and does not stand in the way.
    pub notes: Vec<Problem>,
    /// Whether old and new programs could write at once, in `write-both`.
    pub write_both: WriteBoth,
    /// Indexes that `start` creates for the time of the migration.
    pub indexes: Vec<PlannedIndex>,
    /// What the migration will cost, from a timed rehearsal.
    pub forecast: Forecast,
    /// What random writes on a scratch copy found, where they were asked for.
    pub fuzz: Option<FuzzReport>,
}

/// Whether a migration can go through `write-both`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WriteBoth {
    /// Whether `advance --to write-both` would go ahead, as far as the schema tells.
    pub possible: bool,
    /// What stands in the way of it. The migration can go without.
    pub problems: Vec<Problem>,
    /// What is worth knowing where it is possible.
    pub notes: Vec<Problem>,
}

/// Something that stands in the way of a migration, or is worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line in the migration file, from 1, where there is one.
    pub line: Option<usize>,
    /// Column in that line, from 1.
    pub column: Option<usize>,
    /// What is wrong, and why.
    pub reason: String,
    /// What to do about it.
    pub fix: Fix,
}

impl Problem {
    /// Something of the whole migration.
    pub(crate) fn new(reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self { line: None, column: None, reason: reason.into(), fix: fix.into() }
    }

    /// As the reason why something is refused.
    pub(crate) fn refuses(self, action: impl Into<String>) -> Refusal {
        Refusal::new(action, self.reason, self.fix)
    }

    /// Something of the statement on that line of the file.
    pub(crate) fn on_line(line: usize, reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self { line: Some(line), ..Self::new(reason, fix) }
    }
}

/// An index the engine creates for the time of the migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedIndex {
    /// The side its table is on.
    pub side: Side,
    /// Its table.
    pub table: String,
    /// The statement that creates it.
    pub sql: String,
}

/// What a migration will cost, measured on a scratch copy of the new tables.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// Seconds the backfill takes, beside the programs that have the database open now.
    pub backfill_seconds: f64,
    /// Seconds one verification takes.
    pub verify_seconds: f64,
    /// Additional bytes on disk while both schemas exist.
    pub disk_bytes: u64,
    /// Bytes the write-ahead log may take besides.
    pub log_bytes: u64,
    /// Bytes that have to be free on the database's disk for `start` to begin: the above
    /// with a margin, less what is unused inside of the database.
    pub needed_bytes: u64,
    /// Bytes that are free there; absent where the system doesn't say.
    pub free_bytes: Option<u64>,
    /// Bytes the proof took in the scratch directory.
    pub scratch_bytes: u64,
    /// The longest time that a program waits for the write lock, if it waits as SQLite's own busy
    /// handler does, in milliseconds.
    pub longest_stall_ms: f64,
    /// What it waits for.
    pub longest_stall_is: String,
}

/// One step of a plan: a phase to enter and the statements that do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanStep {
    /// What the step does, such as `legacy to dual-write`.
    pub step: String,
    /// The statements, in order.
    pub statements: Vec<String>,
}

/// Every statement each step would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The migration's name.
    pub migration: String,
    /// The steps, in order.
    pub steps: Vec<PlanStep>,
}
