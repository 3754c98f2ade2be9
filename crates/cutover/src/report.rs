//! What operations tell their caller: plain data, serialisable, with the JSON
//! keys that scripts rely on.

mod fuzz;
mod next;
mod snapshot;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::fuzz::{FuzzFailure, FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport};
pub use self::next::{Action, Because, NextAction};
pub use self::snapshot::{
    ControlStatus, LastVerification, OldSchema, PaceStatus, PhaseSpan, RollbackForecast, Snapshot,
    Waiting, WorkStatus, WriteStatus,
};
use crate::phase::{Direction, Phase, Side};

/// One difference between what a mapping gives and what its target holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The direction in which it was found.
    pub direction: Direction,
    /// The table that holds, or should hold, the row.
    pub table: String,
    /// The row's key: column names and values.
    pub key: Value,
    /// The column that differs; absent where the whole row is missing or extra.
    pub column: Option<String>,
    /// What the mapping gives. A string that shows the value *and* its storage
    /// class: `'007'` and `7` are different.
    pub expected: Option<String>,
    /// What the table holds, written in the same way.
    pub found: Option<String>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Whether there is no difference at all.
    pub ok: bool,
    /// Rows compared, both directions together.
    pub checked: u64,
    /// Rows that the mapping gives and the table lacks.
    pub missing: u64,
    /// Rows that the table holds and the mapping does not give.
    pub extra: u64,
    /// Rows with the same key and other values.
    pub different: u64,
    /// The first few differences.
    pub examples: Vec<Difference>,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RepairReport {
    /// Whether triggers were missing, or not what the tables need, and were made anew.
    pub renewed: bool,
    /// Tables that an interrupted rebuild had left under another name, as `t_new to t`: each
    /// has its name again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<String>,
    /// Rows compared.
    pub checked: u64,
    /// Rows inserted into the mirror.
    pub inserted: u64,
    /// Rows of the mirror brought up to date.
    pub updated: u64,
    /// Rows removed from the mirror.
    pub deleted: u64,
    /// Rows that the mirror can't hold, and that are set aside.
    pub kept: Vec<Kept>,
    /// Some of them, with their keys and why.
    pub set_aside: Vec<SetAside>,
}

/// What a backfill did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BackfillReport {
    /// Whether every source row has its image now.
    pub complete: bool,
    /// Source rows passed so far, by this call and earlier ones.
    pub done: u64,
    /// Source rows there are.
    pub total: u64,
    /// Seconds this call took.
    pub seconds: f64,
}

/// What a `start` did.
#[derive(Debug, Clone, Serialize)]
pub struct StartReport {
    /// The migration's name.
    pub migration: String,
    /// The phase now.
    pub phase: Phase,
    /// What the proof found before anything was changed.
    pub check: CheckReport,
    /// How long the transition held the write lock, in milliseconds.
    pub held_ms: f64,
    /// Indexes created for the time of the migration.
    pub indexes: Vec<String>,
    /// The backfill, unless it was left for later.
    pub backfill: Option<BackfillReport>,
}

/// What a step from one phase to another did.
#[derive(Debug, Clone, Serialize)]
pub struct TransitionReport {
    /// The migration's name.
    pub migration: String,
    /// The phase before.
    pub from: Phase,
    /// The phase now.
    pub to: Phase,
    /// How long the write lock was held, in milliseconds; one entry a phase passed.
    pub held_ms: Vec<f64>,
    /// The verification that opened the gate, where the step has one.
    pub verified: Option<VerifyReport>,
    /// Rows that had no image on the other side and were kept, table by table.
    pub kept: Vec<Kept>,
    /// Rows of the new tables that the old ones can't hold as they are: a rollback
    /// to `read-new` would keep them aside.
    pub only_new_holds: u64,
    /// Some of the rows that a rollback has set aside, with what the old tables say of them.
    pub set_aside: Vec<SetAside>,
    /// Foreign keys of the old tables that rows written by new programs break; only of a
    /// rollback to the old tables.
    pub broken_foreign_keys: Vec<BrokenForeignKey>,
    /// Whether a rollback that was under way was called off.
    pub called_off: bool,
    /// Why the new tables could not be made what the old ones give, after a rollback to these.
    pub unfilled: Option<String>,
    /// The space that the old tables have left; only of a step to `retired`.
    pub space: Option<Space>,
}

/// What dropped tables have left in the database's file, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Space {
    /// Bytes given back to the disk.
    pub freed_bytes: u64,
    /// Bytes that are free inside of the file: SQLite uses them before the file grows.
    pub unused_bytes: u64,
    /// What giving those back would cost, if there are any.
    pub full_vacuum: Option<VacuumCost>,
}

/// What it costs to write a database anew without its unused pages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VacuumCost {
    /// Seconds it takes, about: writers are held off for all of them.
    pub seconds: f64,
    /// Bytes it needs beside the database while it runs, in its directory.
    pub disk_bytes: u64,
    /// Bytes it needs in the directory for temporary files.
    pub temp_bytes: u64,
}

/// Rows that had no image on the other side when it became the authoritative
/// one: they are kept, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The table they were in.
    pub table: String,
    /// The table they are in now.
    pub kept_in: String,
    /// How many.
    pub rows: u64,
}

/// A migration that a database holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The migration's name.
    pub migration: String,
    /// The phase it is in.
    pub phase: Phase,
    /// When that began: RFC 3339, UTC.
    pub since: String,
    /// Whether there is anything left to do.
    pub state: ListedState,
    /// The hash of the file's text.
    pub hash: String,
}

/// Whether a migration that a database holds is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListedState {
    /// It is not over.
    UnderWay,
    /// It reached `retired`.
    Retired,
    /// It was aborted.
    Aborted,
}

impl ListedState {
    /// As it is shown, and written in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnderWay => "under-way",
            Self::Retired => "retired",
            Self::Aborted => "aborted",
        }
    }
}

/// What `forget` removed.
#[derive(Debug, Clone, Serialize)]
pub struct ForgetReport {
    /// The migration's name.
    pub migration: String,
    /// The objects removed from the database.
    pub removed: Vec<String>,
    /// Rows that were kept for the migration, and are gone now.
    pub dropped: Vec<Kept>,
    /// Whether nothing of cutover's is left in the database.
    pub clean: bool,
}

/// A row that the old tables can't hold, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetAside {
    /// The old table it would be in.
    pub table: String,
    /// Its key there.
    pub key: serde_json::Value,
    /// What the table says of it.
    pub reason: String,
}

/// Rows of an old table that refer to nothing, by a foreign key of that table or of one that
/// refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenForeignKey {
    /// The table whose rows refer to nothing.
    pub table: String,
    /// The table they refer to.
    pub parent: String,
    /// How many.
    pub rows: u64,
    /// The first of them, as `column = value`.
    pub example: String,
}

/// Rows of a new table with something that exists nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnlyNew {
    /// The new table.
    pub table: String,
    /// The columns that hold it; empty where it is the rows themselves.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: u64,
}

/// What `abort` removed.
#[derive(Debug, Clone, Serialize)]
pub struct AbortReport {
    /// The migration's name.
    pub migration: String,
    /// The objects removed from the database.
    pub removed: Vec<String>,
    /// What only the new tables held: it is kept.
    pub only_new: Vec<OnlyNew>,
    /// Tables that were left because they hold rows that exist nowhere else.
    pub left: Vec<Kept>,
}

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
    /// Indexes that `start` creates for the time of the migration.
    pub indexes: Vec<PlannedIndex>,
    /// What the migration will cost, from a timed rehearsal.
    pub forecast: Forecast,
    /// What random writes on a scratch copy found, where they were asked for.
    pub fuzz: Option<FuzzReport>,
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
    pub fix: String,
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
    /// Seconds the backfill takes with nobody else writing.
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
    /// The longest time writers are held off at one go, in milliseconds.
    pub longest_stall_ms: f64,
    /// What causes that longest stall.
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

/// How far the backfill is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BackfillStatus {
    /// Whether every source row has its image.
    pub complete: bool,
    /// Source rows passed.
    pub done: u64,
    /// Source rows there are.
    pub total: u64,
}

/// One table of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// The side it is on.
    pub side: Side,
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Whether application writes to it are accepted in this phase.
    pub writable: bool,
}

/// A command that would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The command.
    pub action: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

/// One line of a migration's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Stable and unique in the database, ascending.
    pub id: i64,
    /// The migration's name.
    pub migration: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Who, as given by the operator.
    pub actor: String,
    /// What was done, such as `advance` or `backfill-complete`.
    pub event: String,
    /// The phase before.
    pub before: Phase,
    /// The phase after.
    pub after: Phase,
    /// Figures of the event, as JSON.
    pub detail: Value,
}
