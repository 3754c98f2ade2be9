//! A connection: opening it, transactions, and errors in the engine's terms.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, Result};

/// A connection to the user's database, or to a scratch one.
#[derive(Debug)]
pub(crate) struct Db {
    conn: Connection,
    path: PathBuf,
    busy_timeout: Duration,
}

/// Pages the engine's connections keep in memory, in KiB (negative by SQLite's
/// convention): enough for a chunk, so that memory stays flat at any size.
const CACHE_KIB: i32 = -8192;

/// SQLite says of a write-ahead log that it can't read, for want of a file beside it, that it
/// can't open or can't write the database.
const NEEDS_WRITING: &str = "check that it is a file, its permissions and the directory's; a database in WAL \
    mode can be read only where its directory can be written, or while another program has it open";

impl Db {
    /// Opens a database that exists, for reading and writing.
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let db = Self::open_to_read(path, busy_timeout)?;
        if db.conn.is_readonly("main").unwrap_or(false) {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: "the file can't be written".to_owned(),
                fix: "check the file's and the directory's permissions".to_owned(),
            });
        }
        Ok(db)
    }

    /// Opens a database that exists, also one that can't be written. Where it can, it is
    /// opened for writing all the same: what a program that crashed left in a rollback
    /// journal must be undone before anything is read.
    pub(crate) fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Self> {
        if !path.exists() {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: "there is no such file".to_owned(),
                fix: "check the path; cutover never creates a database".to_owned(),
            });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Self::with(path, busy_timeout, || Connection::open_with_flags(path, flags))?;
        // The first read finds out whether it is a database at all.
        let encoding: String =
            db.row("reading the database", "PRAGMA encoding", |row| row.get(0))?;
        db.row("reading the schema", "SELECT count(*) FROM sqlite_schema", |row| {
            row.get::<_, i64>(0)
        })?;
        if encoding != "UTF-8" {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: format!(
                    "its text encoding is {encoding}; only UTF-8 databases are supported"
                ),
                fix: "keep this database as it is".to_owned(),
            });
        }
        // Without a sync the commit of a chunk or a switch holds the write lock no
        // longer than it takes to write. With a write-ahead log that is safe: after a
        // loss of power the database is as it was at some earlier commit, whole. What
        // has to last is made durable by a checkpoint afterwards, outside of the lock.
        let mode: String =
            db.row("reading the journal mode", "PRAGMA journal_mode", |row| row.get(0))?;
        if mode == "wal" {
            db.batch(
                "configuring the connection",
                "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;",
            )?;
        }
        Ok(db)
    }

    /// Makes a scratch database.
    pub(crate) fn scratch(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let db = Self::with(path, busy_timeout, || Connection::open(path))?;
        // Nothing here outlives the process.
        db.batch(
            "preparing the scratch database",
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;",
        )?;
        Ok(db)
    }

    fn with(
        path: &Path,
        busy_timeout: Duration,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Result<Self> {
        let mut conn = open()
            .map_err(|source| classify(path, busy_timeout, "opening the database", source))?;
        BUSY_TIMEOUT.set(busy_timeout);
        conn.busy_handler(Some(wait_a_moment))
            .map_err(|source| classify(path, busy_timeout, "configuring the connection", source))?;
        let db = Self { conn, path: path.to_owned(), busy_timeout };
        let configured = (|| {
            // Dropping a table with foreign keys on deletes its rows first, and
            // cascades; our own deletes are derived, table by table.
            db.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
            // A misspelt "name" must be an error, not a text.
            db.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            db.conn.pragma_update(None, "cache_size", CACHE_KIB)?;
            db.conn.set_prepared_statement_cache_capacity(64);
            Ok(())
        })();
        configured.map_err(|source| db.error("configuring the connection", source))?;
        Ok(db)
    }

    /// The connection, about to be used: what it finds locked it waits for as long as
    /// this database was opened with.
    pub(crate) fn conn(&self) -> &Connection {
        BUSY_TIMEOUT.set(self.busy_timeout);
        &self.conn
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Another connection to the same database.
    pub(crate) fn another(&self) -> Result<Self> {
        Self::open(&self.path, self.busy_timeout)
    }

    /// Puts an SQLite error into the engine's terms.
    pub(crate) fn error(&self, doing: &str, source: rusqlite::Error) -> Error {
        classify(&self.path, self.busy_timeout, doing, source)
    }

    /// Runs statements without parameters.
    pub(crate) fn batch(&self, doing: &str, sql: &str) -> Result<()> {
        self.conn().execute_batch(sql).map_err(|source| self.error(doing, source))
    }

    /// The one row a query gives.
    pub(crate) fn row<T>(
        &self,
        doing: &str,
        sql: &str,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.conn().query_row(sql, [], read).map_err(|source| self.error(doing, source))
    }

    /// The first column of a query, as integers never negative.
    pub(crate) fn count(&self, sql: &str) -> Result<u64> {
        self.row("counting", sql, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    }

    /// Runs `work` in one write transaction: all of it, or nothing. Also gives how
    /// long the write lock was held.
    pub(crate) fn write<T>(
        &self,
        doing: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Duration)> {
        let transaction = self.begin(TransactionBehavior::Immediate, doing)?;
        let began = Instant::now();
        let result = work()?;
        transaction.commit().map_err(|source| self.error(doing, source))?;
        Ok((result, began.elapsed()))
    }

    /// Runs `work` on one snapshot.
    pub(crate) fn read<T>(&self, doing: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let transaction = self.begin(TransactionBehavior::Deferred, doing)?;
        let result = work()?;
        transaction.commit().map_err(|source| self.error(doing, source))?;
        Ok(result)
    }

    fn begin(&self, behavior: TransactionBehavior, doing: &str) -> Result<Transaction<'_>> {
        Transaction::new_unchecked(self.conn(), behavior)
            .map_err(|source| self.error(doing, source))
    }

    /// A number that changes when another connection has written
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.row("reading the data version", "PRAGMA data_version", |row| row.get(0))
    }

    /// Bytes in the write-ahead log; 0 in other journal modes.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let mut path = self.path.clone().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |meta| meta.len())
    }

    /// Moves what the log holds into the database. `reset` also starts the log
    /// anew, which holds writers off for the little that is left to move.
    pub(crate) fn checkpoint(&self, reset: bool) -> Result<()> {
        let mode = if reset { "TRUNCATE" } else { "PASSIVE" };
        let conn = self.conn();
        // A reader in the way is no error: the next call moves what this one could
        // not. Waiting for it would be one: a reset waits with the write lock in hand.
        BUSY_TIMEOUT.set(Duration::ZERO);
        match conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())) {
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                Err(self.error("checkpointing", error))
            }
            _ => Ok(()),
        }
    }

    /// Pages times page size.
    pub(crate) fn bytes(&self) -> Result<u64> {
        self.count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    }
}

thread_local! {
    /// How long the connection in use on this thread waits for a lock, and since when:
    /// SQLite's busy handler is a bare function and can carry nothing itself.
    static BUSY_TIMEOUT: Cell<Duration> = const { Cell::new(Duration::from_secs(5)) };
    static WAITING_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Waits for a lock in short steps. SQLite's own handler sleeps up to 100 ms at a
/// time, and would hardly ever be awake when busy programs leave the lock free.
fn wait_a_moment(attempts: i32) -> bool {
    if attempts == 0 {
        WAITING_SINCE.set(Some(Instant::now()));
    }
    let waited = WAITING_SINCE.get().map_or(Duration::ZERO, |since| since.elapsed());
    if waited >= BUSY_TIMEOUT.get() {
        return false;
    }
    std::thread::sleep(Duration::from_micros(300));
    true
}

fn classify(path: &Path, busy_timeout: Duration, doing: &str, source: rusqlite::Error) -> Error {
    let unusable = |reason: &str, fix: &str| Error::Unusable {
        path: path.to_owned(),
        reason: reason.to_owned(),
        fix: fix.to_owned(),
    };
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked {
            doing: doing.to_owned(),
            waited_ms: u64::try_from(busy_timeout.as_millis()).unwrap_or(u64::MAX),
        },
        Some(ErrorCode::NotADatabase) => {
            unusable("this is not an SQLite database", "check the path")
        }
        Some(ErrorCode::DatabaseCorrupt) => unusable(
            "the database is damaged",
            "run `PRAGMA integrity_check` in the sqlite3 shell and restore a backup",
        ),
        Some(ErrorCode::ReadOnly) => unusable("the file can't be written", NEEDS_WRITING),
        Some(ErrorCode::CannotOpen) => unusable("the file can't be opened", NEEDS_WRITING),
        _ => Error::Database { doing: doing.to_owned(), source },
    }
}
