//! Where a migration stands at one moment. Reads only, and never needs the lease.

use std::time::Instant;

use super::memory::Memory;
use super::next_actions::{Decision, decide};
use super::rollback_forecast::{Speeds, forecast};
use super::writers;
use crate::backend::sqlite::catalog::Places;
use crate::backend::sqlite::lease::{Held, held};
use crate::backend::sqlite::rows::{Rows, rows};
use crate::backend::sqlite::state::{self, PassRecord, Pending, Record};
use crate::backend::sqlite::work::{self, Sample};
use crate::backend::sqlite::{Db, commits, control, journal, verified, wal};
use crate::clock;
use crate::derive::names::Names;
use crate::engine::open::Engine;
use crate::engine::work::disk;
use crate::engine::work::fill::{BUSY_RATE, CATCH_UP_RATE, progress};
use crate::engine::work::pace::paces;
use crate::error::Result;
use crate::migration::Migration;
use crate::model::remains::{self, kept_tables};
use crate::phase::{Phase, Side};
use crate::report::{
    BackfillStatus, ControlStatus, JournalEntry, OldSchema, PhaseSpan, Snapshot, TableStatus,
    Waiting, WorkStatus, Writers,
};

impl Engine {
    /// Where a migration stands, and what can be done next. Takes no lease. Rates, which take
    /// two looks, are absent: see [`Observer`](crate::Observer).
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn snapshot(&self, name: &str) -> Result<Snapshot> {
        look(self, name, &mut Memory::default())
    }
}

pub(crate) fn look(engine: &Engine, name: &str, memory: &mut Memory) -> Result<Snapshot> {
    loop {
        // Rows are looked for before the rest is read, each table by itself: a long read holds
        // back the log, and without one whoever wants to commit.
        let record = engine.record(name)?;
        let migration = remains::read(&record);
        let tables = tables(&engine.db, &migration, &record);
        let holding = memory.holding(&engine.db);
        let processes = writers::processes(&engine.db, &holding);
        let writers =
            |record: &Record| writers::writers(&engine.db, record.id, processes.clone(), &holding);
        let seen = engine.db.read("reading the status", || {
            let now = engine.record(name)?;
            if now.phase != record.phase {
                return Ok(None);
            }
            let writers = writers(&now)?;
            snapshot(engine, now, &migration, (tables?, writers), memory).map(Some)
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
    (tables, writers): (Vec<TableStatus>, Writers),
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
        catch_up: measured(CATCH_UP_RATE),
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
        writers,
        verification,
        old_schema: old_schema(&record, rows(Side::Old)),
        kept: kept_tables(db, migration, record.phase)?,
        drift: facts.drift.problems(),
        wal_bytes: log.bytes,
        wal_pending_bytes: log.pending_bytes,
        database_bytes: size.bytes,
        unused_bytes: size.unused_bytes,
        free_bytes: disk::free(db.file()),
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

/// An entry of the journal that led into a phase.
fn span(entry: &JournalEntry) -> Option<PhaseSpan> {
    (entry.before != entry.after).then(|| PhaseSpan {
        phase: entry.after,
        since: entry.at.clone(),
        actor: entry.actor.clone(),
        event: entry.event.clone(),
    })
}

/// What the journal says where somebody asked for something.
const REQUESTS: [&str; 5] = ["pause", "resume", "pace", "postpone", "unpostpone"];

/// Who asked for something last, and when.
fn asked(history: &[JournalEntry]) -> ControlStatus {
    let last = history.iter().rev().find(|entry| REQUESTS.contains(&entry.event.as_str()));
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
        (Phase::Legacy | Phase::DualWrite | Phase::ReadNew | Phase::WriteBoth, _) => {
            OldSchema::Written
        }
        (Phase::WriteNew, _) => OldSchema::Mirror,
        (Phase::NewOnly, Some(Pending::CatchUp)) => OldSchema::CatchingUp { rows },
        (Phase::NewOnly, _) => OldSchema::Frozen { rows },
        (Phase::Retired, Some(Pending::Drop)) => OldSchema::Emptying { rows },
        (Phase::Retired, _) => OldSchema::Gone,
    }
}

fn tables(db: &Db, migration: &Migration, record: &Record) -> Result<Vec<TableStatus>> {
    let phase = record.phase;
    let mut names: Vec<(Side, String)> = Vec::new();
    for mapping in migration.mappings.iter().filter(|mapping| mapping.side() == Side::Old) {
        let entry = (Side::Old, mapping.target.clone());
        if !names.contains(&entry) {
            names.push(entry);
        }
    }
    names.extend(migration.tables.iter().map(|table| (Side::New, table.name.clone())));
    let (places, mut tables) = (Places::read(db)?, Vec::new());
    for (side, table) in names {
        let aside = migration.shares(&table) && phase.writes().named_side() != side;
        let stored = match side {
            _ if aside => Names::aside(side, &table),
            // Under that name it is emptied; its own is its tombstone's.
            Side::Old if record.phase == Phase::Retired => {
                Names { migration: record.id }.retired(&table)
            }
            _ => table.clone(),
        };
        if places.of(&stored).is_none() {
            continue;
        }
        let Rows { rows, estimated } = rows(db, &stored)?;
        let writable = phase.writes().enter(side);
        tables.push(TableStatus { side, table, rows, estimated, writable });
    }
    Ok(tables)
}
