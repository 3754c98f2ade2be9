//! A connection: opening it, transactions, and errors in the engine's terms.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::authorizer::{Gatekeeper, Wall};
use super::corrupt::{Corrupt, corrupt};
use super::file;
use crate::derive::sql::text;
use crate::error::{Error, Refusal, Result};

/// A connection to the user's database, or to a scratch one.
#[derive(Debug)]
pub(crate) struct Db {
    conn: Connection,
    /// As it was named, for messages.
    path: PathBuf,
    /// Where it lies, without symbolic links: its log is beside it there.
    file: PathBuf,
    busy_timeout: Duration,
    gatekeeper: Gatekeeper,
    /// Frames in the write-ahead log when this connection last committed to it.
    log_frames: Arc<AtomicU64>,
    page_bytes: u64,
}

/// Pages the engine's connections keep in memory, in KiB (negative by SQLite's
/// convention): enough for a chunk, so that memory stays flat at any size.
const CACHE_KIB: i32 = -8192;

/// SQLite says of a write-ahead log that it can't read, for want of a file beside it, that it
/// can't open or can't write the database.
const NEEDS_WRITING: &str = "check that it is a file, its permissions and the directory's; a database in WAL \
    mode can be read only where its directory can be written, or while another program has it open";
/// What a frame of the log takes beside its page
/// (<https://www.sqlite.org/fileformat2.html#wal_file_format>).
const FRAME_HEADER: u64 = 24;

/// How a checkpoint goes about it (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moving {
    /// Beside all others. What they write meanwhile stays in the log.
    Beside,
    /// Holds writers off for the little that is left to move, so that the log begins anew.
    All,
    /// The same, and the log's file becomes empty.
    AllAndTruncate,
}

/// What a checkpoint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Whether somebody was in the way: another checkpoint, a writer, or a reader that
    /// still needs what the log holds.
    pub(crate) hindered: bool,
    /// Bytes of the log that are in use.
    pub(crate) log_bytes: u64,
}

impl Db {
    /// Opens a database that exists, for reading and writing.
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let file = file::database(path)?;
        file::writable(path, &file)?;
        let db = Self::open_file(path, &file, busy_timeout)?;
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
        Self::open_file(path, &file::database(path)?, busy_timeout)
    }

    fn open_file(path: &Path, file: &Path, busy_timeout: Duration) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Self::with(path, file, busy_timeout, flags)?;
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
        if db.has_log()? {
            db.batch("configuring the connection", "PRAGMA synchronous = NORMAL")?;
        }
        db.count_frames()?;
        Ok(db)
    }

    /// Has SQLite tell at each commit how long the log is: asking for it would be a checkpoint.
    /// This takes the place of SQLite's own checkpoints, which hang on the same hook
    /// (<https://www.sqlite.org/c3ref/wal_hook.html>); ours are made by who writes much.
    fn count_frames(&mut self) -> Result<()> {
        self.page_bytes = self.count("SELECT page_size FROM pragma_page_size")?;
        let frames = Arc::clone(&self.log_frames);
        let hook = move |_: &mut Wal, now| {
            frames.store(u64::try_from(now).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        self.conn
            .wal_hook(Some(hook))
            .map_err(|source| self.error("configuring the connection", source))
    }

    /// Makes a scratch database that nobody else may read.
    pub(crate) fn scratch(path: &Path, busy_timeout: Duration) -> Result<Self> {
        // SQLite itself would create the file by the umask.
        file::create_private(path).map_err(|source| Error::Io {
            doing: format!("making the scratch database {}", path.display()),
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
        // `file` is absolute: SQLite would take `file:…` for a URI.
        let mut conn = Connection::open_with_flags(file, flags)
            .map_err(|source| classify(path, busy_timeout, "opening the database", source))?;
        BUSY_TIMEOUT.set(busy_timeout);
        conn.busy_handler(Some(wait_a_moment))
            .map_err(|source| classify(path, busy_timeout, "configuring the connection", source))?;
        let (path, file) = (path.to_owned(), file.to_owned());
        let gatekeeper = Gatekeeper::install(&mut conn).map_err(|source| {
            classify(&path, busy_timeout, "configuring the connection", source)
        })?;
        let log_frames = Arc::default();
        let db = Self { conn, path, file, busy_timeout, gatekeeper, log_frames, page_bytes: 0 };
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

    /// The file itself: absolute, and without symbolic links.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Another connection to the same database.
    pub(crate) fn another(&self) -> Result<Self> {
        Self::open(&self.file, self.busy_timeout)
    }

    /// Puts an SQLite error into the engine's terms.
    pub(crate) fn error(&self, doing: &str, source: rusqlite::Error) -> Error {
        classify(&self.path, self.busy_timeout, doing, source)
    }

    /// Has SQLite read the schema anew, after its rows were written. What it can't read is
    /// refused: the transaction is rolled back, and everything is as it was.
    pub(crate) fn read_schema_anew(&self, doing: &str) -> Result<()> {
        let read = self.conn().execute_batch("SELECT 1 FROM main.sqlite_schema LIMIT 0");
        read.map_err(|source| match corrupt(&source) {
            Some(Corrupt::Object { name, says }) => Error::Refused(Refusal {
                action: doing.to_owned(),
                reason: format!("SQLite could no longer read {name} in the schema: {says}"),
                fix: format!(
                    "drop {name} or write it anew; if cutover made it, end its migration first"
                ),
                examples: Vec::new(),
            }),
            _ => self.error(doing, source),
        })
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

    /// Runs a VACUUM, which can't be in a transaction.
    pub(crate) fn vacuum(&self, doing: &str, sql: &str) -> Result<()> {
        // It attaches the database that it writes.
        self.behind(Wall::Lifted, || self.batch(doing, sql))
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

    /// Bytes in the write-ahead log; 0 in other journal modes.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let mut path = self.file.clone().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |meta| meta.len())
    }

    /// Bytes of the log that were in use when this connection last committed; 0 in other
    /// journal modes.
    pub(crate) fn committed_log_bytes(&self) -> u64 {
        self.log_frames.load(Ordering::Relaxed) * self.frame_bytes()
    }

    /// What a page takes in the log.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.page_bytes + FRAME_HEADER
    }

    /// Moves what the log holds into the database.
    pub(crate) fn checkpoint(&self, how: Moving) -> Result<Checkpoint> {
        let mode = match how {
            Moving::Beside => "PASSIVE",
            Moving::All => "RESTART",
            Moving::AllAndTruncate => "TRUNCATE",
        };
        if how != Moving::Beside {
            // Most of it is moved while others write on, so that little is left.
            self.checkpoint(Moving::Beside)?;
        }
        let conn = self.conn();
        // A reader in the way is no error: the next call moves what this one could
        // not. Waiting for it would be one, with the write lock in hand.
        BUSY_TIMEOUT.set(Duration::ZERO);
        // Three numbers: whether something was in the way, frames in the log, frames moved
        // (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let moved = conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)));
        match moved {
            Ok((hindered, frames)) => {
                let log_bytes = u64::try_from(frames).unwrap_or(0) * self.frame_bytes();
                Ok(Checkpoint { hindered, log_bytes })
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Checkpoint { hindered: true, log_bytes: self.wal_bytes() })
            }
            Err(error) => Err(self.error("checkpointing", error)),
        }
    }

    /// Copies the database as it is at one moment into a new file that nobody else may read.
    /// SQLite does it: a file that we opened and closed ourselves would take the locks of
    /// every connection of this process with it
    /// (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
    pub(crate) fn copy_to(&self, path: &Path) -> Result<()> {
        let mut copy = Self::scratch(path, self.busy_timeout)?;
        let failed = |source| self.error("copying the database", source);
        let backup = Backup::new(self.conn(), &mut copy.conn).map_err(failed)?;
        // In one step: no writer commits until it is done, so it need not begin again.
        match backup.step(-1).map_err(failed)? {
            StepResult::Done | StepResult::More => Ok(()),
            _ => Err(Error::Locked {
                doing: "copying the database".to_owned(),
                waited_ms: u64::try_from(self.busy_timeout.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    /// How many bytes the pages take, and how many of these no row uses.
    pub(crate) fn size(&self) -> Result<Size> {
        let page = self.count("SELECT page_size FROM pragma_page_size")?;
        let pages = self.count("SELECT page_count FROM pragma_page_count")?;
        let unused = self.count("SELECT freelist_count FROM pragma_freelist_count")?;
        Ok(Size { bytes: pages * page, unused_bytes: unused * page, page_bytes: page })
    }

    /// Whether there is a write-ahead log.
    pub(crate) fn has_log(&self) -> Result<bool> {
        let mode: String =
            self.row("reading the journal mode", "PRAGMA journal_mode", |row| row.get(0))?;
        Ok(mode == "wal")
    }
}

/// How large a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// All pages, those that wait in the log too.
    pub(crate) bytes: u64,
    /// Of these, what SQLite will use again before the file grows.
    pub(crate) unused_bytes: u64,
    pub(crate) page_bytes: u64,
}

impl Size {
    pub(crate) fn used_bytes(self) -> u64 {
        self.bytes.saturating_sub(self.unused_bytes)
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
        Some(ErrorCode::DatabaseCorrupt) => match corrupt(&source) {
            Some(Corrupt::Object { name, says }) => unusable(
                &format!("SQLite can't read {name} in the schema: {says}"),
                &format!(
                    "drop {name} or write it anew, by the program that made it; the rows are intact"
                ),
            ),
            Some(Corrupt::VirtualTable) => unusable(
                "the index of a virtual table does not agree with the rows it indexes",
                "rebuild it: of FTS5, INSERT INTO its_name(its_name) VALUES ('rebuild')",
            ),
            Some(Corrupt::Index) => unusable(
                "an index does not agree with its table",
                "run `REINDEX` in the sqlite3 shell",
            ),
            Some(Corrupt::File) | None => unusable(
                "the database is damaged",
                "run `PRAGMA integrity_check` in the sqlite3 shell and restore a backup",
            ),
        },
        Some(ErrorCode::ReadOnly) => unusable("the file can't be written", NEEDS_WRITING),
        Some(ErrorCode::CannotOpen) => unusable("the file can't be opened", NEEDS_WRITING),
        Some(ErrorCode::AuthorizationForStatementDenied) => Error::Refused(Refusal {
            action: doing.to_owned(),
            reason: format!("a statement would reach beyond its tables: {source}"),
            fix: "let the migration read and write its own tables alone".to_owned(),
            examples: Vec::new(),
        }),
        _ => Error::Database { doing: doing.to_owned(), source },
    }
}
