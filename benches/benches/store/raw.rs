//! The raw limit: rusqlite, one connection a caller, every statement prepared once
//! and kept. It knows one schema only, and nothing of phases, errors or other callers.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Row as ResultRow, Statement, params};

use benches::database::Result;

use crate::contender::{Caller, Contender, Key, Row};

/// What survives a power cut: all but the last commits, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Normal,
    Full,
}

impl Durability {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
        }
    }
}

/// Which tables there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Legacy,
    New,
}

/// Opens a file as everyone here does, with the time a lock is waited for.
pub(crate) fn connect(path: &Path, durability: Durability) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(Duration::from_secs(30))?;
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA foreign_keys = ON;",
        durability.pragma()
    ))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// The raw limit on a file of either schema.
pub(crate) struct Raw {
    path: PathBuf,
    schema: Schema,
    durability: Durability,
    /// Open connections, their caches warm, for the callers to come.
    idle: Mutex<Vec<Connection>>,
}

impl Raw {
    pub(crate) fn new(path: &Path, schema: Schema, durability: Durability) -> Self {
        Self { path: path.to_owned(), schema, durability, idle: Mutex::default() }
    }
}

impl Contender for Raw {
    fn call(&self, work: &mut dyn FnMut(&mut dyn Caller) -> Result<()>) -> Result<()> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => connect(&self.path, self.durability)?,
        };
        match self.schema {
            Schema::Legacy => work(&mut Legacy::prepare(&conn)?)?,
            Schema::New => work(&mut New::prepare(&conn)?)?,
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        Ok(())
    }
}

/// What a reader is given: every column, owned.
struct Artifact<T> {
    _id: i64,
    _spec_id: String,
    _stage: String,
    _agent: String,
    _content: String,
    _response: Option<String>,
    _run: Option<String>,
    _model: Option<String>,
    _created: Option<T>,
}

impl<T: rusqlite::types::FromSql> Artifact<T> {
    fn read(row: &ResultRow<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            _id: row.get(0)?,
            _spec_id: row.get(1)?,
            _stage: row.get(2)?,
            _agent: row.get(3)?,
            _content: row.get(4)?,
            _response: row.get(5)?,
            _run: row.get(6)?,
            _model: row.get(7)?,
            _created: row.get(8)?,
        })
    }
}

fn read<T: rusqlite::types::FromSql>(select: &mut Statement<'_>, key: &Key) -> Result<usize> {
    let rows = select.query_map((&key.spec, key.stage), Artifact::<T>::read)?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(std::hint::black_box(rows).len())
}

struct Legacy<'conn> {
    conn: &'conn Connection,
    insert: Statement<'conn>,
    select: Statement<'conn>,
}

impl<'conn> Legacy<'conn> {
    fn prepare(conn: &'conn Connection) -> Result<Self> {
        Ok(Self {
            conn,
            insert: conn.prepare(
                "INSERT INTO consensus_artifacts
                   (spec_id, stage, agent_name, content_json, response_text, run_id)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?,
            select: conn.prepare(
                "SELECT id, spec_id, stage, agent_name, content_json, response_text, run_id, NULL,
                   created_at
                 FROM consensus_artifacts WHERE spec_id = ? AND stage = ? ORDER BY id DESC",
            )?,
        })
    }
}

impl Caller for Legacy<'_> {
    fn store(&mut self, row: &Row) -> Result<i64> {
        let Row { key, agent, content, response, run } = row;
        self.insert.execute((&key.spec, key.stage, agent, content, response, run))?;
        Ok(self.conn.last_insert_rowid())
    }

    fn query(&mut self, key: &Key) -> Result<usize> {
        read::<String>(&mut self.select, key)
    }
}

struct New<'conn> {
    conn: &'conn Connection,
    begin: Statement<'conn>,
    find_run: Statement<'conn>,
    insert_run: Statement<'conn>,
    insert_output: Statement<'conn>,
    commit: Statement<'conn>,
    select: Statement<'conn>,
}

impl<'conn> New<'conn> {
    fn prepare(conn: &'conn Connection) -> Result<Self> {
        Ok(Self {
            conn,
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            find_run: conn.prepare(
                "SELECT id FROM consensus_runs WHERE spec_id = ? AND stage = ? AND run_label IS ?",
            )?,
            insert_run: conn.prepare(
                "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp)
                 VALUES (?, ?, ?, ?)",
            )?,
            insert_output: conn.prepare(
                "INSERT INTO agent_outputs
                   (run_id, agent_name, model_version, content, response_text, output_timestamp)
                 VALUES (?, ?, NULL, ?, ?, ?)",
            )?,
            commit: conn.prepare("COMMIT")?,
            select: conn.prepare(
                "SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.response_text,
                   r.run_label, o.model_version, o.output_timestamp
                 FROM consensus_runs r JOIN agent_outputs o ON o.run_id = r.id
                 WHERE r.spec_id = ? AND r.stage = ? ORDER BY o.id DESC",
            )?,
        })
    }
}

impl Caller for New<'_> {
    fn store(&mut self, row: &Row) -> Result<i64> {
        let Row { key, agent, content, response, run } = row;
        let now = now_ms()?;
        self.begin.execute([])?;
        let found: Option<i64> =
            self.find_run.query_row((&key.spec, key.stage, run), |row| row.get(0)).optional()?;
        let run_id = match found {
            Some(id) => id,
            None => {
                self.insert_run.execute((&key.spec, key.stage, run, now))?;
                self.conn.last_insert_rowid()
            }
        };
        self.insert_output.execute(params![run_id, agent, content, response, now])?;
        let id = self.conn.last_insert_rowid();
        self.commit.execute([])?;
        Ok(id)
    }

    fn query(&mut self, key: &Key) -> Result<usize> {
        read::<i64>(&mut self.select, key)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
