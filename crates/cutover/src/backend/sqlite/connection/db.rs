//! A connection: opening it, transactions, and errors in the engine's terms.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{OpenFlags, Transaction, TransactionBehavior};

use super::authorizer::{Gatekeeper, Wall};
use super::corrupt::{Corrupt, corrupt};
use super::file;
use super::patience::Patience;
use super::plain::Connection;
use crate::backend::sqlite::connection::database_error::{Answer, DatabaseError};
use crate::backend::sqlite::connection::failure::classify;
use crate::backend::sqlite::row::Row;
use crate::backend::sqlite::value::Value;
use crate::derive::sql::text;
use crate::error::{Error, Refusal, Result};

/// A connection to the user's database, or to a scratch one.
#[derive(Debug)]
pub(crate) struct Db {
    pub(super) connection: Connection,
    /// As it was named, for messages.
    path: PathBuf,
    /// Where it lies, without symbolic links: its log is beside it there.
    file: PathBuf,
    pub(super) busy_timeout: Duration,
    pub(super) patience: Patience,
    gatekeeper: Gatekeeper,
    /// Frames in the write-ahead log when this connection last committed to it.
    pub(super) log_frames: Arc<AtomicU64>,
    pub(super) page_bytes: u64,
    /// Whether readers may map the file into memory.
    pub(crate) mapped: bool,
}

/// Pages the engine's connections keep in memory, in KiB (negative by SQLite's
/// convention): enough for a chunk, so that memory stays flat at any size.
const CACHE_KIB: i32 = -8192;

impl Db {
    /// Opens a database that exists, for reading and writing.
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let file = file::database(path)?;
        file::writable(path, &file)?;
        let db = Self::open_file(path, &file, busy_timeout)?;
        if db.conn().is_readonly("main").unwrap_or(false) {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: "the file can't be written".to_owned(),
                fix: "check the file's and the directory's permissions".into(),
            });
        }
        Ok(db)
    }

    /// Opens a database that exists, also one that can't be written. Where it can, it is
    /// opened for writing all the same: what a program that crashed left in a rollback
    /// journal must be undone before anything is read.
    pub(crate) fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Self> {
        Self::open_file(path, &file::database(path)?, busy_timeout)
    }

    fn open_file(path: &Path, file: &Path, busy_timeout: Duration) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Self::with(path, file, busy_timeout, flags)?;
        // The first read finds out whether it is a database at all.
        let encoding: String =
            db.row("reading the database", "PRAGMA encoding", |row| row.get(0))?;
        db.row("reading the schema", "SELECT count(*) FROM sqlite_schema", |row| {
            row.get::<i64>(0)
        })?;
        if encoding != "UTF-8" {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: format!(
                    "its text encoding is {encoding}; only UTF-8 databases are supported"
                ),
                fix: "cutover can't migrate this database".into(),
            });
        }
        // Without a sync the commit of a chunk or a switch holds the write lock no
        // longer than it takes to write. With a write-ahead log that is safe: after a
        // loss of power the database is as it was at some earlier commit, whole. What
        // has to last is made durable by a checkpoint afterwards, outside of the lock.
        if db.has_log()? {
            db.batch("configuring the connection", "PRAGMA synchronous = NORMAL")?;
        }
        db.count_frames()?;
        Ok(db)
    }

    /// Makes a scratch database that nobody else may read.
    pub(crate) fn scratch(path: &Path, busy_timeout: Duration) -> Result<Self> {
        // SQLite itself would create the file by the umask.
        file::create_private(path).map_err(|source| Error::Io {
            doing: format!("creating the scratch database {}", path.display()),
            source,
        })?;
        Self::passing(path, busy_timeout)
    }

    /// Makes a scratch database in memory.
    pub(crate) fn memory() -> Result<Self> {
        Self::passing(Path::new(":memory:"), Duration::ZERO)
    }

    fn passing(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let db = Self::with(path, path, busy_timeout, OpenFlags::default())?;
        // Nothing here outlives the process.
        db.batch(
            "preparing the scratch database",
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;",
        )?;
        Ok(db)
    }

    fn with(path: &Path, file: &Path, busy_timeout: Duration, flags: OpenFlags) -> Result<Self> {
        let failed = |doing| {
            move |source: rusqlite::Error| classify(path, busy_timeout, doing, source.into())
        };
        // `file` is absolute: SQLite would take `file:…` for a URI.
        let mut conn = rusqlite::Connection::open_with_flags(file, flags)
            .map_err(failed("opening the database"))?;
        let configured = (|| {
            let patience = Patience::install(&mut conn, busy_timeout)?;
            let gatekeeper = Gatekeeper::install(&mut conn)?;
            // Dropping a table with foreign keys on deletes its rows first, and
            // cascades; our own deletes are derived, table by table.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
            // The schema is written by hand where a switch has many triggers.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
            // A misspelt "name" must be an error, not a text.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            conn.pragma_update(None, "cache_size", CACHE_KIB)?;
            conn.set_prepared_statement_cache_capacity(64);
            Ok((patience, gatekeeper))
        })();
        let (patience, gatekeeper) = configured.map_err(failed("configuring the connection"))?;
        Ok(Self {
            connection: Connection(conn),
            path: path.to_owned(),
            file: file.to_owned(),
            busy_timeout,
            patience,
            gatekeeper,
            log_frames: Arc::default(),
            page_bytes: 0,
            mapped: false,
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For the rest of the backend.
    pub(in crate::backend::sqlite) fn conn(&self) -> &rusqlite::Connection {
        self.connection.raw()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself: absolute, and without symbolic links.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Another connection to the same database.
    pub(crate) fn another(&self) -> Result<Self> {
        Self::open(&self.file, self.busy_timeout)
    }

    /// Puts an error of the database into the engine's terms.
    pub(crate) fn error(&self, doing: &str, source: impl Into<DatabaseError>) -> Error {
        classify(&self.path, self.busy_timeout, doing, source.into())
    }

    /// Has SQLite read the schema anew, after its rows were written. What it can't read is
    /// refused: the transaction is rolled back, and everything is as it was.
    pub(crate) fn read_schema_anew(&self, doing: &str) -> Result<()> {
        let read = self.conn().execute_batch("SELECT 1 FROM main.sqlite_schema LIMIT 0");
        read.map_err(|source| match corrupt(&source) {
            Some(Corrupt::Object { name, says }) => Error::Refused(Refusal::new(
                doing,
                format!("SQLite could no longer read {name} in the schema: {says}"),
                format!(
                    "drop {name} or create it again; if cutover made it, end its migration first"
                ),
            )),
            _ => self.error(doing, source),
        })
    }

    /// Runs statements without parameters.
    pub(crate) fn batch(&self, doing: &str, sql: &str) -> Result<()> {
        self.attempt(sql).map_err(|source| self.error(doing, source))
    }

    /// The same, where a failure is an answer.
    pub(crate) fn attempt(&self, sql: &str) -> Answer {
        self.connection.batch(sql)
    }

    /// Whether a statement can be prepared, and why not. It does not run.
    pub(crate) fn prepares(&self, sql: &str) -> Answer {
        self.connection.prepares(sql)
    }

    /// Runs one statement; gives how many rows it changed. It is kept prepared.
    pub(crate) fn execute(&self, doing: &str, sql: &str, params: &[Value]) -> Result<u64> {
        self.connection.execute(sql, params).map_err(|source| self.error(doing, source))
    }

    /// The one row that a query gives.
    pub(crate) fn row<T>(
        &self,
        doing: &str,
        sql: &str,
        read: impl FnOnce(&Row<'_>) -> Answer<T>,
    ) -> Result<T> {
        self.connection.row(sql, &[], read).map_err(|source| self.error(doing, source))
    }

    /// What a query that asks yes or no answers. It is kept prepared.
    pub(crate) fn asked(&self, doing: &str, sql: &str, params: &[Value]) -> Result<bool> {
        self.connection.asked(sql, params).map_err(|source| self.error(doing, source))
    }

    /// All rows that a query gives.
    pub(crate) fn rows<T>(
        &self,
        doing: &str,
        sql: &str,
        params: &[Value],
        read: impl FnMut(&Row<'_>) -> Answer<T>,
    ) -> Result<Vec<T>> {
        self.connection.rows(sql, params, read).map_err(|source| self.error(doing, source))
    }

    /// The first column of a query, as texts.
    pub(crate) fn texts(&self, doing: &str, sql: &str, params: &[Value]) -> Result<Vec<String>> {
        self.rows(doing, sql, params, |row| row.get(0))
    }

    /// The first column of a query, as integers never negative.
    pub(crate) fn count(&self, sql: &str) -> Result<u64> {
        self.row("counting", sql, |row| row.get::<i64>(0)).map(i64::unsigned_abs)
    }

    /// Attaches another database under a name of ours.
    pub(crate) fn attach(&self, file: &Path, name: &str) -> Result<()> {
        let sql = format!("ATTACH DATABASE {} AS {name}", text(&file.to_string_lossy()));
        self.behind(Wall::Lifted, || self.batch("attaching the database", &sql))
    }

    /// Does something with statements of a migration's text, which may do no more than
    /// `wall` allows.
    pub(crate) fn behind<T>(&self, wall: Wall, work: impl FnOnce() -> T) -> T {
        self.gatekeeper.behind(wall, work)
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

    /// The same, where `stays` is asked at the last moment whether it is to be committed. What
    /// was written is in the log by then, so that the commit takes no longer than it must.
    pub(crate) fn write_if<T>(
        &self,
        doing: &str,
        work: impl FnOnce() -> Result<T>,
        stays: impl FnOnce() -> bool,
    ) -> Result<(Option<T>, Duration)> {
        let transaction = self.begin(TransactionBehavior::Immediate, doing)?;
        let began = Instant::now();
        let result = work()?;
        self.conn().cache_flush().map_err(|source| self.error(doing, source))?;
        let stays = stays();
        let ended = if stays { transaction.commit() } else { transaction.rollback() };
        ended.map_err(|source| self.error(doing, source))?;
        Ok((stays.then_some(result), began.elapsed()))
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

    /// A number that changes with the schema
    /// (<https://www.sqlite.org/pragma.html#pragma_schema_version>).
    pub(crate) fn schema_version(&self) -> Result<i64> {
        self.row("reading the schema", "PRAGMA main.schema_version", |row| row.get(0))
    }

    /// Waits for no disk: nobody's data is lost with a scratch database.
    pub(crate) fn without_syncs(&self) -> Result<()> {
        self.batch("configuring the connection", "PRAGMA synchronous = OFF")
    }

    /// Begins a transaction in which an attached database is read as it is now.
    pub(crate) fn begin_snapshot_of(&self, name: &str) -> Result<()> {
        let sql = format!("BEGIN; SELECT count(*) FROM {name}.sqlite_schema;");
        self.batch("taking a snapshot", &sql)
    }
}
