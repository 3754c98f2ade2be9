//! A connection, and transactions on it.
//!
//! Every call of the store is one transaction that first learns the layout: which tables
//! hold the rows at this moment. Nothing can change that before the transaction ends, so
//! the call is right whatever another process does to the migration meanwhile.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, OpenFlags};

use crate::error::{Error, Result};
use crate::fault::Step;
use crate::layout::{self, Layout};
use crate::options::Options;

/// More than the store has statements, so that none is ever prepared twice.
const STATEMENTS: usize = 64;

/// Pages in the log after which a commit moves them into the database. Half of SQLite's
/// default: the caller whose commit it is waits for it, and with it all who share the
/// connection, so it is done twice as often and takes half as long.
const CHECKPOINT_PAGES: u32 = 500;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To write, and to make the file if it is missing.
    Create,
    /// To write to a file that exists.
    Write,
    /// To read.
    Read,
}

/// A connection to the store's database.
#[derive(Debug)]
pub(crate) struct Connection {
    db: rusqlite::Connection,
    path: PathBuf,
    timeout: Duration,
    /// The layout, and the version of the schema for which it holds.
    known: Cell<Option<(i64, Layout)>>,
}

impl Connection {
    pub(crate) fn open(path: &Path, purpose: Purpose, options: &Options) -> Result<Self> {
        let flags = match purpose {
            Purpose::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let fail = |source| Error::of_sqlite(path, 0, "opening the database", source);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = rusqlite::Connection::open_with_flags(path, flags).map_err(fail)?;
        let mut conn = Self {
            db,
            path: path.to_owned(),
            timeout: options.busy_timeout,
            known: Cell::new(None),
        };
        conn.configure(options).map_err(fail)?;
        Ok(conn)
    }

    fn configure(&mut self, options: &Options) -> rusqlite::Result<()> {
        self.db.set_prepared_statement_cache_capacity(STATEMENTS);
        self.wait_for_locks()?;
        // Without it SQLite, built with STAT4 as the bundled one is, prepares a SELECT
        // again whenever another value is bound.
        self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        self.db.pragma_update(None, "foreign_keys", true)?;
        self.db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        self.db.pragma_update(None, "synchronous", options.synchronous.pragma())
    }

    /// Waits for locks that other programs hold, as long as the options say.
    pub(crate) fn wait_for_locks(&mut self) -> rusqlite::Result<()> {
        self.db.busy_handler(Some(patience(self.timeout)))
    }

    /// The database.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// SQLite's own connection, for statements that no transaction may hold.
    pub(crate) fn raw(&self) -> &rusqlite::Connection {
        &self.db
    }

    /// A statement, prepared at most once.
    pub(crate) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.db.prepare_cached(sql)
    }

    /// Runs a statement; gives how many rows it changed.
    pub(crate) fn execute(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> rusqlite::Result<usize> {
        self.prepare(sql)?.execute(params)
    }

    /// The id of the row that was inserted last.
    pub(crate) fn inserted(&self) -> i64 {
        self.db.last_insert_rowid()
    }

    /// Reads, all of it from one state of the database.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(Layout) -> Step<T>,
    ) -> Result<T> {
        self.transaction("BEGIN", doing, body)
    }

    /// Writes, all of it or nothing.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(Layout) -> Step<T>,
    ) -> Result<T> {
        self.transaction("BEGIN IMMEDIATE", doing, body)
    }

    fn transaction<T>(
        &self,
        begin: &'static str,
        doing: &'static str,
        body: impl FnOnce(Layout) -> Step<T>,
    ) -> Result<T> {
        self.bare(begin, doing, || body(self.layout()?))
    }

    /// A transaction that doesn't ask for the layout.
    fn bare<T>(
        &self,
        begin: &'static str,
        doing: &'static str,
        body: impl FnOnce() -> Step<T>,
    ) -> Result<T> {
        let began = Instant::now();
        // Also when a caller's stream panics in the middle of an import.
        let leave = Leave(self);
        let run = || -> Step<T> {
            self.execute(begin, ())?;
            let value = body()?;
            self.execute("COMMIT", ())?;
            Ok(value)
        };
        let result = run();
        drop(leave);
        result.map_err(|fault| {
            let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            match fault.into_error(&self.path, waited, doing) {
                Error::DiskFull { path, source } => match self.out_of_ids() {
                    Some(table) => Error::NoIdsLeft { path, table, source },
                    None => Error::DiskFull { path, source },
                },
                error => error,
            }
        })
    }

    /// A table that has given out its last id. SQLite's error for it is that of a full disk.
    /// <https://www.sqlite.org/autoinc.html>
    fn out_of_ids(&self) -> Option<String> {
        let sql = "SELECT name FROM sqlite_sequence WHERE seq = ?1";
        self.prepare(sql).and_then(|mut full| full.query_row([i64::MAX], |row| row.get(0))).ok()
    }

    /// Leaves whatever transaction is open.
    fn roll_back(&self) {
        if !self.db.is_autocommit() {
            // Where this fails too, the transaction is gone already.
            let _ = self.execute("ROLLBACK", ());
        }
    }

    /// Which tables hold the rows. Every change of that changes the schema's version,
    /// which costs a fraction of a microsecond to read.
    fn layout(&self) -> Step<Layout> {
        let version: i64 =
            self.prepare("PRAGMA schema_version")?.query_row((), |row| row.get(0))?;
        match self.known.get() {
            Some((known, layout)) if known == version => Ok(layout),
            _ => {
                let layout = layout::detect(self)?;
                self.known.set(Some((version, layout)));
                Ok(layout)
            }
        }
    }

    /// As [`layout`](Self::layout), where the file may hold none of the store's tables.
    pub(crate) fn layout_if_any(&self) -> Step<Option<Layout>> {
        layout::detect_if_any(self)
    }

    /// Which tables hold the rows, if the file has any of the store's.
    pub(crate) fn look(&self) -> Result<Option<Layout>> {
        self.bare("BEGIN", "opening the database", || self.layout_if_any())
    }

    /// A transaction that makes the tables.
    pub(crate) fn make(&self, body: impl FnOnce() -> Step<()>) -> Result<()> {
        self.bare("BEGIN IMMEDIATE", "making the tables", body)
    }
}

/// Leaves the transaction of a connection, if one is open, at the end of its scope.
struct Leave<'c>(&'c Connection);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.roll_back();
    }
}

/// How SQLite waits for a lock: a little longer each time, never twice the same, so that
/// programs that wait together don't come back together; and not for ever.
fn patience(timeout: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_micros(200))
        .with_max_delay(Duration::from_millis(8))
        .without_max_times()
        .with_jitter();
    let mut next = delays.build();
    let mut deadline = Instant::now();
    move |attempt| {
        let now = Instant::now();
        if attempt == 0 {
            next = delays.build();
            deadline = now + timeout;
        }
        let left = deadline.saturating_duration_since(now);
        match next.next() {
            Some(delay) if !left.is_zero() => {
                std::thread::sleep(delay.min(left));
                true
            }
            _ => false,
        }
    }
}
