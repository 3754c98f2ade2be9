//! Where a migration stands at one moment. Reads only, and never needs the lease.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::drift::Drift;
use super::next_actions::{Decision, decide};
use super::rollback_forecast::{Speeds, forecast};
use crate::backend::sqlite::lease::{Held, held};
use crate::backend::sqlite::state::{PassRecord, Pending, Record};
use crate::backend::sqlite::work::Sample;
use crate::backend::sqlite::{Db, commits, control, journal, state, verified, wal, work};
use crate::clock;
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::engine::open::Engine;
use crate::engine::operations::backfill::BUSY_RATE;
use crate::engine::operations::request::paces;
use crate::engine::preflight::space;
use crate::engine::transition::catch_up;
use crate::engine::transition::set_aside::kept_tables;
use crate::error::Result;
use crate::migration::Migration;
use crate::model::remains;
use crate::phase::{Direction, Phase, Side};
use crate::report::{
    BackfillStatus, ControlStatus, JournalEntry, OldSchema, PhaseSpan, Snapshot, TableStatus,
    Waiting, WorkStatus, WriteStatus,
};

impl Engine {
    /// Where a migration stands, and what can be done next. Takes no lease. Rates, which take
    /// two looks, are absent: see [`Observer`].
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn snapshot(&self, name: &str) -> Result<Snapshot> {
        look(self, name, &mut Memory::default())
    }
}

/// Looks at a migration again and again, and knows rates by what it saw before.
#[derive(Debug)]
pub struct Observer {
    engine: Engine,
    migration: String,
    memory: Memory,
}

impl Observer {
    /// Will look at this migration through an engine of its own.
    #[must_use]
    pub fn new(engine: Engine, migration: &str) -> Self {
        Self { engine, migration: migration.to_owned(), memory: Memory::default() }
    }

    /// The engine, for what is not in a snapshot.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where the migration stands now. Meant to be called about once a second.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration any more.
    pub fn look(&mut self) -> Result<Snapshot> {
        look(&self.engine, &self.migration, &mut self.memory)
    }
}

/// What was seen before.
#[derive(Debug, Default)]
struct Memory {
    rows: HashMap<(Side, String), Counted>,
    drift: Option<(Fitting, Drift)>,
    commits: Option<Commits>,
}

/// What drift depends on: the number of the schema, the phase, and what is under way.
type Fitting = (i64, Phase, Option<Pending>);

/// The rows of a table. Counting reads the whole table, so that of a large one they are
/// counted the more rarely.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    took: Duration,
    rows: u64,
}

/// Of so much of its time a look may count rows.
const COUNTING: u32 = 20;

/// How many transactions were committed at a moment, and how many of them by the work of
/// whoever held the lease.
#[derive(Debug, Clone)]
struct Commits {
    at: Instant,
    all: u32,
    ours: Option<((String, i64), u64)>,
}

fn look(engine: &Engine, name: &str, memory: &mut Memory) -> Result<Snapshot> {
    loop {
        // Rows are counted before the rest is read, each table by itself: a long read holds back
        // the log, and without one whoever wants to commit.
        let record = engine.record(name)?;
        let migration = remains::read(&record);
        let tables = tables(&engine.db, &migration, &record, memory);
        let seen = engine.db.read("reading the status", || {
            let now = engine.record(name)?;
            if now.phase != record.phase {
                return Ok(None);
            }
            snapshot(engine, now, &migration, tables?, memory).map(Some)
        })?;
        if let Some(seen) = seen {
            return Ok(seen);
        }
    }
}

fn snapshot(
    engine: &Engine,
    record: Record,
    migration: &Migration,
    tables: Vec<TableStatus>,
    memory: &mut Memory,
) -> Result<Snapshot> {
    let db = &engine.db;
    // At the same moment as what is written down of our own commits.
    let committed = (Instant::now(), commits::committed(db));
    let rows =
        |side| tables.iter().filter(|table| table.side == side).map(|table| table.rows).sum();
    let backfill = backfill(&record, &state::passes(db, record.id)?, rows(Side::Old));
    let (control, history) = (control::read(db, record.id)?, journal::read(db, &record.name)?);
    let drift = memory.drift(engine, &record)?;
    let facts = engine.facts(&record, drift)?;
    let Decision { allowed, blocked, next } = decide(&facts);
    // What was told by an operator whose process is gone is not under way.
    let (sample, lease, gone) = match held(db)? {
        Held::By { token, holder } => {
            let sample = work::read(db, record.id)?.filter(|sample| sample.token == token);
            (sample, Some(holder), None)
        }
        Held::Left(holder) => (None, None, Some(holder)),
        Held::Free => (None, None, None),
    };
    let verification = verified::read(db, record.id)?;
    let measured =
        |key: &str| history.iter().rev().find_map(|entry| entry.detail.get(key)?.as_f64());
    let speeds = Speeds {
        catch_up: measured(catch_up::RATE),
        backfill: measured(BUSY_RATE),
        verify: verification
            .as_ref()
            .map(|last| last.report.checked as f64 / last.seconds.max(1e-3)),
    };
    let (size, log) = (db.size()?, wal::log(db.file()));
    Ok(Snapshot {
        version: 1,
        at: clock::now(),
        database: db.path().display().to_string(),
        phases: history.iter().filter_map(span).collect(),
        backfill,
        writes: memory.writes(committed, &record, sample.as_ref()),
        work: sample.map(under_way),
        control: ControlStatus {
            paused: control.paused,
            postponed: control.postponed,
            pace: control.pace.map(paces),
            ..asked(&history)
        },
        verification,
        old_schema: old_schema(&record, rows(Side::Old)),
        kept: kept_tables(db, migration, record.phase)?,
        drift: facts.drift.problems(),
        wal_bytes: log.bytes,
        wal_pending_bytes: log.pending_bytes,
        database_bytes: size.bytes,
        unused_bytes: size.unused_bytes,
        free_bytes: space::free(db.file()),
        lease,
        gone,
        allowed,
        blocked,
        next,
        rollback: forecast(record.phase, record.pending, rows(Side::Old), rows(Side::New), speeds),
        tables,
        migration: record.name,
        phase: record.phase,
        since: record.since,
        hash: record.hash,
    })
}

fn backfill(record: &Record, passes: &[PassRecord], rows: u64) -> BackfillStatus {
    match record.phase {
        Phase::Legacy => BackfillStatus { complete: false, done: 0, total: rows },
        Phase::DualWrite | Phase::ReadNew => progress(passes, rows),
        // The gates let nothing through without it; the passes may be a rollback's.
        _ => BackfillStatus { complete: true, done: rows, total: rows },
    }
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

/// An entry of the journal that led into a phase.
fn span(entry: &JournalEntry) -> Option<PhaseSpan> {
    (entry.before != entry.after).then(|| PhaseSpan {
        phase: entry.after,
        since: entry.at.clone(),
        actor: entry.actor.clone(),
        event: entry.event.clone(),
    })
}

/// Who asked for something last, and when.
fn asked(history: &[JournalEntry]) -> ControlStatus {
    let last = history
        .iter()
        .rev()
        .find(|entry| crate::engine::operations::request::EVENTS.contains(&entry.event.as_str()));
    ControlStatus {
        actor: last.map(|entry| entry.actor.clone()),
        at: last.map(|entry| entry.at.clone()),
        ..ControlStatus::default()
    }
}

fn under_way(sample: Sample) -> WorkStatus {
    let left = sample.total.saturating_sub(sample.done);
    WorkStatus {
        since: clock::rfc3339_ms(sample.began_ms),
        at: clock::rfc3339_ms(sample.at_ms),
        done: sample.done,
        total: sample.total,
        rows_per_second: sample.rate,
        eta_seconds: sample
            .rate
            .filter(|rate| *rate > 0.0 && left > 0)
            .map(|rate| left as f64 / rate),
        chunk_rows: sample.chunk_rows,
        chunk_ms: sample.chunk_ms,
        waiting: sample.waiting.as_deref().and_then(Waiting::named),
        work: sample.work,
    }
}

fn old_schema(record: &Record, rows: u64) -> OldSchema {
    match (record.phase, record.pending) {
        (Phase::Legacy | Phase::DualWrite | Phase::ReadNew, _) => OldSchema::Written,
        (Phase::WriteNew, _) => OldSchema::Mirror,
        (Phase::NewOnly, Some(Pending::CatchUp)) => OldSchema::CatchingUp { rows },
        (Phase::NewOnly, _) => OldSchema::Frozen { rows },
        (Phase::Retired, Some(Pending::Drop)) => OldSchema::Emptying { rows },
        (Phase::Retired, _) => OldSchema::Gone,
    }
}

fn tables(
    db: &Db,
    migration: &Migration,
    record: &Record,
    memory: &mut Memory,
) -> Result<Vec<TableStatus>> {
    let phase = record.phase;
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
        let stored = match side {
            _ if aside => Names::aside(side, &table),
            // Under that name it is emptied; its own is its tombstone's.
            Side::Old if record.phase == Phase::Retired => {
                Names { migration: record.id }.retired(&table)
            }
            _ => table.clone(),
        };
        let exists = format!(
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {} COLLATE NOCASE",
            text(&stored)
        );
        if db.count(&exists)? == 0 {
            continue;
        }
        let rows = memory.rows(db, side, &table, &stored)?;
        let writable = phase.writes_enter() == side;
        tables.push(TableStatus { side, table, rows, writable });
    }
    Ok(tables)
}

impl Memory {
    /// The rows of a table that is known, or stored, by these names.
    fn rows(&mut self, db: &Db, side: Side, known_as: &str, stored: &str) -> Result<u64> {
        let key = (side, known_as.to_owned());
        if let Some(known) = self.rows.get(&key)
            && known.at.elapsed() < known.took * COUNTING
        {
            return Ok(known.rows);
        }
        let at = Instant::now();
        let rows = db.count(&format!("SELECT count(*) FROM {}", ident(stored)))?;
        self.rows.insert(key, Counted { at, took: at.elapsed(), rows });
        Ok(rows)
    }

    /// Only a change of the schema, of the phase or of what is under way brings another answer,
    /// but for the flag.
    fn drift(&mut self, engine: &Engine, record: &Record) -> Result<Drift> {
        let now = (engine.db.schema_version()?, record.phase, record.pending);
        let mut drift = match &self.drift {
            Some((then, found)) if *then == now => found.clone(),
            _ => {
                let found = engine.schema_drift(record)?;
                self.drift = Some((now, found.clone()));
                found
            }
        };
        engine.flag_drift(record, &mut drift)?;
        Ok(drift)
    }

    fn writes(
        &mut self,
        (at, all): (Instant, Option<u32>),
        record: &Record,
        sample: Option<&Sample>,
    ) -> WriteStatus {
        let now = all.map(|all| Commits {
            at,
            all,
            ours: sample.map(|sample| ((sample.token.clone(), sample.began_ms), sample.commits)),
        });
        let rate =
            self.commits.as_ref().zip(now.as_ref()).and_then(|(then, now)| per_second(then, now));
        self.commits = now;
        let enter = record.phase.writes_enter();
        let synced = record.phase.sync().or(match record.pending {
            Some(Pending::CatchUp) => Some(Direction::Backward),
            _ => None,
        });
        let reach = |side| if enter == side || synced.is_some() { rate } else { rate.map(|_| 0.0) };
        WriteStatus {
            enter,
            old_per_second: reach(Side::Old),
            new_per_second: reach(Side::New),
            longest_stall_ms: sample.map(|sample| sample.longest_ms),
        }
    }
}

/// Transactions a second between two looks, without those of our own work.
fn per_second(then: &Commits, now: &Commits) -> Option<f64> {
    let seconds = (now.at - then.at).as_secs_f64();
    let ours = match (&then.ours, &now.ours) {
        (Some((one, before)), Some((other, after))) if one == other => {
            after.saturating_sub(*before)
        }
        (_, Some((_, all))) => *all,
        _ => 0,
    };
    // Another journal mode has another counter.
    let all = u64::from(now.all.wrapping_sub(then.all));
    (seconds > 0.05 && all < 1 << 31).then(|| all.saturating_sub(ours) as f64 / seconds)
}
