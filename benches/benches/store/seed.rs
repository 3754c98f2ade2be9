//! The seed's approach, re-stated: what the document that this project began with
//! describes, in our own words, so that its cost can be measured in the same run.
//!
//! It is here for comparison. None of this is code to use. Its faults are kept on
//! purpose:
//!
//! - A run is identified by the millisecond in which it was written, so that every
//!   artifact makes a run of its own, and two writes of a stage in one millisecond
//!   share one.
//! - The run's id is what the connection inserted last, which is stale when the upsert
//!   updated: then the output hangs on a run of another spec, or on none.
//! - Run and output are two transactions, on whichever connections are free.
//! - `response_text` and `run_id` are taken and dropped.
//! - Every call starts an async runtime and tears it down, and prepares its statements.
//! - While both schemas are written, a failed second write is said and forgotten.
//! - A reader takes all rows from the new schema or all from the old one.
//!
//! What it is spared: the checks a connection pool makes, and the validation after a
//! dual write. Its connections have the same settings as all others here, except the
//! old schema's own, of which there is one, behind a mutex, with a rollback journal.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Row as ResultRow};
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

use benches::database::Result;
use consensus_store::LEGACY_SCHEMA;

use crate::contender::{Caller, Contender, Key, Row};
use crate::raw::{Durability, connect, now_ms};

/// The new tables, as this approach has them.
pub(crate) const SCHEMA: &str = "
CREATE TABLE consensus_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    spec_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    run_timestamp INTEGER NOT NULL,
    consensus_ok BOOLEAN NOT NULL DEFAULT 0,
    degraded BOOLEAN NOT NULL DEFAULT 0,
    synthesis_json TEXT,
    UNIQUE (spec_id, stage, run_timestamp)
);
CREATE TABLE agent_outputs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES consensus_runs (id) ON DELETE CASCADE,
    agent_name TEXT NOT NULL,
    model_version TEXT,
    content TEXT NOT NULL,
    output_timestamp INTEGER NOT NULL
);
CREATE INDEX idx_outputs_run ON agent_outputs (run_id);
";

/// How many connections the pool has.
const CONNECTIONS: usize = 10;

/// The old schema's connection, where both schemas are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// There is none: only the new schema is written.
    None,
    /// With a rollback journal, and so in a file of its own.
    RollbackJournal,
    /// With the settings of all others, which is kinder than the seed was.
    WriteAheadLog,
}

/// A store that works in the seed's way.
pub(crate) struct Seed {
    old: Option<Mutex<Connection>>,
    pool: Arc<Pool>,
    calls: AtomicU64,
    failed: AtomicU64,
}

impl Seed {
    /// On a file that is not there yet, or that [`prepare`] made.
    pub(crate) fn new(path: &Path, old: Old, durability: Durability) -> Result<Self> {
        if !path.exists() {
            connect(path, durability)?.execute_batch(SCHEMA)?;
        }
        let old_path = path.with_extension("old.db");
        let old = match old {
            Old::None => None,
            Old::RollbackJournal => Some(Connection::open(old_path)?),
            Old::WriteAheadLog => Some(connect(&old_path, durability)?),
        };
        if let Some(old) = &old {
            let there: bool =
                old.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if !there {
                old.execute_batch(LEGACY_SCHEMA)?;
            }
        }
        let conns = (0..CONNECTIONS).map(|_| connect(path, durability)).collect::<Result<_>>()?;
        let pool = Pool { idle: Mutex::new(conns), returned: Condvar::new() };
        Ok(Self {
            old: old.map(Mutex::new),
            pool: Arc::new(pool),
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// An id, or 0 where the write failed.
    fn store_new(&self, row: &Row) -> i64 {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.try_store_new(row).unwrap_or_else(|_| {
            self.failed.fetch_add(1, Ordering::Relaxed);
            0
        })
    }

    fn try_store_new(&self, row: &Row) -> Result<i64> {
        let (spec, stage) = (row.key.spec.clone(), row.key.stage);
        let (agent, content) = (row.agent, row.content.clone());
        let now = now_ms()?;
        Runtime::new()?.block_on(async {
            let pool = Arc::clone(&self.pool);
            let run_id =
                spawn_blocking(move || pool.with(|conn| upsert_run(conn, &spec, stage, now)))
                    .await??;
            let pool = Arc::clone(&self.pool);
            spawn_blocking(move || {
                pool.with(|conn| insert_output(conn, run_id, agent, &content, now))
            })
            .await?
        })
    }

    fn old(&self) -> Option<MutexGuard<'_, Connection>> {
        self.old.as_ref().map(|old| old.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn upsert_run(conn: &mut Connection, spec: &str, stage: &str, now: i64) -> Result<i64> {
    let transaction = conn.transaction()?;
    transaction
        .prepare(
            "INSERT INTO consensus_runs (spec_id, stage, run_timestamp) VALUES (?, ?, ?)
             ON CONFLICT (spec_id, stage, run_timestamp) DO UPDATE SET degraded = excluded.degraded",
        )?
        .execute((spec, stage, now))?;
    let id = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(id)
}

fn insert_output(
    conn: &mut Connection,
    run_id: i64,
    agent: &str,
    content: &str,
    now: i64,
) -> Result<i64> {
    let transaction = conn.transaction()?;
    transaction
        .prepare(
            "INSERT INTO agent_outputs (run_id, agent_name, content, output_timestamp)
             VALUES (?, ?, ?, ?)",
        )?
        .execute((run_id, agent, content, now))?;
    let id = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(id)
}

impl Contender for Seed {
    fn call(&self, work: &mut dyn FnMut(&mut dyn Caller) -> Result<()>) -> Result<()> {
        work(&mut &*self)
    }

    fn failed(&self) -> f64 {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        count(&self.failed) / count(&self.calls).max(1.0)
    }
}

impl Caller for &Seed {
    fn store(&mut self, row: &Row) -> Result<i64> {
        let Some(old) = self.old() else {
            return Ok(self.store_new(row));
        };
        let Row { key, agent, content, response, run } = row;
        old.prepare(
            "INSERT INTO consensus_artifacts
               (spec_id, stage, agent_name, content_json, response_text, run_id)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute((&key.spec, key.stage, agent, content, response, run))?;
        let id = old.last_insert_rowid();
        drop(old);
        self.store_new(row);
        Ok(id)
    }

    fn query(&mut self, key: &Key) -> Result<usize> {
        let (spec, stage) = (key.spec.clone(), key.stage);
        let pool = Arc::clone(&self.pool);
        let found = Runtime::new()?.block_on(async {
            spawn_blocking(move || {
                pool.with(|conn| {
                    let sql = "SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, r.run_timestamp
                               FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id
                               WHERE r.spec_id = ? AND r.stage = ? ORDER BY o.output_timestamp DESC";
                    select::<i64>(conn, sql, &spec, stage)
                })
            })
            .await?
        })?;
        match self.old() {
            Some(old) if found == 0 => {
                let sql = "SELECT id, spec_id, stage, agent_name, content_json, created_at
                           FROM consensus_artifacts WHERE spec_id = ? AND stage = ?
                           ORDER BY created_at DESC";
                select::<String>(&old, sql, &key.spec, key.stage)
            }
            _ => Ok(found),
        }
    }
}

struct Artifact<T> {
    _id: i64,
    _spec_id: String,
    _stage: String,
    _agent: String,
    _content: String,
    _created: Option<T>,
}

fn select<T: rusqlite::types::FromSql>(
    conn: &Connection,
    sql: &str,
    spec: &str,
    stage: &str,
) -> Result<usize> {
    let artifact = |row: &ResultRow<'_>| {
        Ok(Artifact::<T> {
            _id: row.get(0)?,
            _spec_id: row.get(1)?,
            _stage: row.get(2)?,
            _agent: row.get(3)?,
            _content: row.get(4)?,
            _created: row.get(5)?,
        })
    };
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map((spec, stage), artifact)?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(std::hint::black_box(rows).len())
}

/// Connections for whoever comes.
struct Pool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl Pool {
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut conn = self.take()?;
        let result = work(&mut conn);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut idle, _) = self
            .returned
            .wait_timeout_while(idle, Duration::from_secs(30), |idle| idle.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        idle.pop().ok_or_else(|| "no connection came free".into())
    }
}
