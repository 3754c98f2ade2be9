//! What starting, filling, going on and back, and leaving did.

use serde::Serialize;

use super::check::CheckReport;
use super::set_aside::{Kept, OnlyNew, SetAside};
use super::verify::{BrokenForeignKey, VerifyReport};
use super::writers::OpenProcess;
use crate::phase::Phase;

/// What a backfill did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BackfillReport {
    /// Whether every source row has its image now.
    pub complete: bool,
    /// Source rows passed so far, by this call and earlier ones.
    pub done: u64,
    /// Source rows in all.
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
    /// Processes that have the database open and started before `write-new`; only of a step to
    /// `retired`.
    pub not_restarted: Vec<OpenProcess>,
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

/// What `forget` removed.
#[derive(Debug, Clone, Serialize)]
pub struct ForgetReport {
    /// The migration's name.
    pub migration: String,
    /// The objects removed from the database.
    pub removed: Vec<String>,
    /// Rows that were kept for the migration, and are gone now.
    pub dropped: Vec<Kept>,
    /// Whether nothing of cutover is left in the database.
    pub clean: bool,
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
