//! Where a migration stands. Reads only, and never needs the lease.

use super::Engine;
use super::kept::kept_tables;
use crate::backend::sqlite::state::{PassRecord, Pending, Record};
use crate::backend::sqlite::{Db, journal, lease, state, wal};
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::phase::{Phase, Side};
use crate::report::{BackfillStatus, Blocked, JournalEntry, Status, TableStatus};

impl Engine {
    /// Where a migration stands, and what can be done next.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn status(&self, name: &str) -> Result<Status> {
        self.db.read("reading the status", || status(self, name))
    }

    /// Every step taken so far, oldest first.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn history(&self, name: &str) -> Result<Vec<JournalEntry>> {
        self.record(name)?;
        journal::read(&self.db, name)
    }

    /// The names of the migrations in this database, oldest first.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn migrations(&self) -> Result<Vec<String>> {
        Ok(state::all(&self.db)?.into_iter().map(|record| record.name).collect())
    }

    /// The one migration that is meant: the named one, or the only one.
    ///
    /// # Errors
    ///
    /// If there is none, or several and no name was given.
    pub fn pick(&self, name: Option<&str>) -> Result<String> {
        let names = self.migrations()?;
        let no =
            |reason: String, fix: &str| Err(Error::NoSuchMigration { reason, fix: fix.to_owned() });
        let path = self.db.path().display();
        match (name, names.as_slice()) {
            (Some(name), _) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
            (Some(name), []) => no(
                format!("{path} holds no migration, so none named {name}"),
                "begin with `cutover start FILE`",
            ),
            (Some(name), _) => no(
                format!("{path} holds no migration named {name}; it holds {}", names.join(", ")),
                "name one of these",
            ),
            (None, [only]) => Ok(only.clone()),
            (None, []) => {
                no(format!("{path} holds no migration"), "begin with `cutover start FILE`")
            }
            (None, _) => no(
                format!("{path} holds several migrations: {}", names.join(", ")),
                "pick one with `--migration NAME`",
            ),
        }
    }
}

fn status(engine: &Engine, name: &str) -> Result<Status> {
    let db = &engine.db;
    let record = engine.record(name)?;
    let passes = state::passes(db, record.id)?;
    let migration = Migration::parse(&record.name, &record.text)?;
    let tables = tables(db, &migration, record.phase)?;
    let old = tables.iter().filter(|table| table.side == Side::Old);
    let rows = old.map(|table| table.rows).sum();
    let backfill = match record.phase {
        Phase::Legacy => BackfillStatus { complete: false, done: 0, total: rows },
        Phase::DualWrite | Phase::ReadNew => progress(&passes, rows),
        // The gates let nothing through without it; the passes may be a rollback's.
        _ => BackfillStatus { complete: true, done: rows, total: rows },
    };
    let holder = lease::holder(db)?;
    let (allowed, blocked) = actions(&record, backfill.complete);
    let kept = kept_tables(db, &migration)?;
    let drift = engine.drift(&record)?;
    let log = wal::log(db.path());
    Ok(Status {
        tables,
        migration: record.name,
        phase: record.phase,
        since: record.since,
        hash: record.hash,
        backfill,
        kept,
        drift,
        wal_bytes: log.bytes,
        wal_pending_bytes: log.pending_bytes,
        lease: holder,
        allowed,
        blocked,
    })
}

/// How far the passes are, in rows of the old tables: each row is passed once for
/// every table it goes into.
pub(crate) fn progress(passes: &[PassRecord], rows: u64) -> BackfillStatus {
    let complete = passes.iter().all(|pass| pass.complete);
    let done: u64 = passes.iter().map(|pass| pass.done).sum();
    let total: u64 = passes.iter().map(|pass| pass.total.max(pass.done)).sum();
    let share = if total == 0 { 0.0 } else { done as f64 / total as f64 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of rows")]
    let done = if complete { rows } else { (rows as f64 * share) as u64 };
    BackfillStatus { complete, done, total: rows }
}

fn tables(db: &Db, migration: &Migration, phase: Phase) -> Result<Vec<TableStatus>> {
    let mut names: Vec<(Side, String)> = Vec::new();
    for mapping in migration.mappings.iter().filter(|mapping| mapping.side() == Side::Old) {
        let entry = (Side::Old, mapping.target.clone());
        if !names.contains(&entry) {
            names.push(entry);
        }
    }
    names.extend(migration.tables.iter().map(|table| (Side::New, table.name.clone())));
    let mut tables = Vec::new();
    for (side, table) in names {
        let aside = migration.shares(&table) && phase.writes_enter() != side;
        let stored = if aside { Names::aside(side, &table) } else { table.clone() };
        let exists = format!(
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {} COLLATE NOCASE",
            text(&stored)
        );
        if db.count(&exists)? == 0 {
            continue;
        }
        let rows = db.count(&format!("SELECT count(*) FROM {}", ident(&stored)))?;
        let writable = phase.writes_enter() == side;
        tables.push(TableStatus { side, table, rows, writable });
    }
    Ok(tables)
}

/// What the gates would say without looking at a row.
fn actions(record: &Record, backfilled: bool) -> (Vec<String>, Vec<Blocked>) {
    let phase = record.phase;
    let mut allowed = Vec::new();
    let mut blocked = Vec::new();
    let mut block = |action: &str, reason: &str, fix: &str| {
        blocked.push(Blocked {
            action: action.to_owned(),
            reason: reason.to_owned(),
            fix: fix.to_owned(),
        });
    };
    match phase.next() {
        None => block("advance", "retired is the last phase", "nothing is left to do"),
        Some(_) if phase == Phase::Legacy => {
            block("advance", "the migration has not started", "run `cutover start FILE`");
        }
        Some(next) if next.is_gated() && !backfilled => {
            block("advance", "the backfill is not complete", "run `cutover backfill`");
        }
        Some(_) if record.pending == Some(Pending::CatchUp) => {
            block("advance", "a rollback is under way", "finish it with `cutover rollback`");
        }
        Some(_) => allowed.push("advance".to_owned()),
    }
    match phase {
        Phase::Retired => block("rollback", "the old tables are gone", "restore a backup"),
        _ if phase.previous().is_none() => {
            block(
                "rollback",
                "there is no phase to roll back to",
                "`cutover abort` leaves the migration",
            );
        }
        _ => allowed.push("rollback".to_owned()),
    }
    if phase <= Phase::ReadNew {
        allowed.push("abort".to_owned());
    } else {
        let (reason, fix) = if phase == Phase::Retired {
            ("the old tables are gone", "restore a backup")
        } else {
            ("writes enter the new tables", "run `cutover rollback --to dual-write` first")
        };
        block("abort", reason, fix);
    }
    (allowed, blocked)
}
