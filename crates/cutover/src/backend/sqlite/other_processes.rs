//! What programs in other processes do with a database at this moment, told by the locks that
//! SQLite holds for them on the index of the write-ahead log
//! (<https://www.sqlite.org/walformat.html#wal_locks>). Looking takes no lock, and is seen by nobody.
//!
//! A process does not see its own locks, nor those of its other connections. Without a
//! write-ahead log a program holds a lock only while it reads or writes, so nothing says
//! whether one has the file open.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::{Db, kept_open};

/// Bytes of the index that are locked: by who writes, by readers of each mark, and by everyone
/// who has the file open.
pub(super) const WRITER: u64 = 120;
pub(super) const READERS: u64 = 123;
const OPEN: u64 = 128;

/// Numbers at the beginning of the index, in the machine's byte order: transactions so far,
/// the log's last frame, frames moved into the database, and what each mark's readers see.
const COMMITS: usize = 8;
const LAST_FRAME: usize = 16;
const MOVED: usize = 96;
const MARKS: usize = 100;
pub(super) const MARKS_COUNT: usize = 5;
const HEADER_BYTES: usize = MARKS + 4 * MARKS_COUNT;

/// Whether programs in other processes have the database open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    Nobody,
    Somebody,
    /// It can't be told.
    Unknown,
}

/// What they were at when they were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Activity {
    /// One of them writes.
    pub(crate) writes: bool,
    /// One of them is in a transaction that has read the newest state. If another commit comes
    /// between, it can no longer write (<https://www.sqlite.org/rescode.html#busy_snapshot>).
    pub(crate) reads_newest: bool,
    /// Transactions committed so far by anybody; only the difference of two means something.
    pub(crate) commits: u32,
}

/// Looks at the other processes that use a database.
#[derive(Debug)]
pub(crate) struct OtherProcesses {
    index: Option<Arc<File>>,
    /// Programs that can't be seen, since they run in this process.
    in_process: bool,
}

impl OtherProcesses {
    /// For a connection that is open: as long as it is, the index is the same file.
    pub(crate) fn of(db: &Db, in_process: bool) -> Self {
        let has_log = db.has_log().unwrap_or(false);
        Self { index: has_log.then(|| kept_open::log_index(db.file())).flatten(), in_process }
    }

    pub(crate) fn opened_by(&self) -> OpenedBy {
        match self.index.as_ref().map(|index| locked(index, OPEN)) {
            _ if self.in_process => OpenedBy::Somebody,
            Some(Some(true)) => OpenedBy::Somebody,
            Some(Some(false)) => OpenedBy::Nobody,
            Some(None) | None => OpenedBy::Unknown,
        }
    }

    /// None where it can't be told.
    pub(crate) fn activity(&self) -> Option<Activity> {
        let index = self.index.as_ref()?;
        let mut header = [0; HEADER_BYTES];
        index.read_exact_at(&mut header, 0).ok()?;
        let number = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&header[at..at + 4]);
            u32::from_ne_bytes(bytes)
        };
        let last = number(LAST_FRAME);
        let mut reads_newest = false;
        for mark in 0..MARKS_COUNT {
            // Readers of the first mark see the database without the log.
            let newest =
                if mark == 0 { number(MOVED) == last } else { number(MARKS + 4 * mark) == last };
            reads_newest |= newest && locked(index, READERS + mark as u64)?;
        }
        let writes = locked(index, WRITER)?;
        Some(Activity { writes, reads_newest, commits: number(COMMITS) })
    }
}

/// Whether another process has locked a byte. None where the system does not say.
fn locked(file: &File, byte: u64) -> Option<bool> {
    let lock = Flock {
        start: byte,
        length: 1,
        pid: None,
        typ: FlockType::WriteLock,
        offset_type: FlockOffsetType::Set,
    };
    fcntl_getlk(file, &lock).ok().map(|held| held.is_some())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::path::Path;
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
    use std::time::Duration;

    use super::*;

    /// A program in another process, which answers each statement with `done` or its error.
    struct Program {
        child: Child,
        says: Option<ChildStdin>,
        hears: BufReader<ChildStdout>,
    }

    const SCRIPT: &str = "
import sqlite3, sys
con = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
for line in sys.stdin:
    try:
        con.execute(line).fetchall()
        print('done', flush=True)
    except sqlite3.Error as error:
        print(error, flush=True)
";

    impl Program {
        fn start(path: &Path) -> Self {
            let mut child = Command::new("python3")
                .args(["-c", SCRIPT])
                .arg(path)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let (says, hears) = (child.stdin.take(), child.stdout.take().unwrap());
            Self { child, says, hears: BufReader::new(hears) }
        }

        fn runs(&mut self, sql: &str) -> String {
            writeln!(self.says.as_mut().unwrap(), "{sql}").unwrap();
            let mut answer = String::new();
            self.hears.read_line(&mut answer).unwrap();
            answer.trim().to_owned()
        }

        fn end(mut self) {
            self.says = None;
            self.child.wait().unwrap();
        }
    }

    fn database(mode: &str) -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let made = rusqlite::Connection::open(&path).unwrap();
        let sql =
            format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (n); INSERT INTO t VALUES (1)");
        made.execute_batch(&sql).unwrap();
        drop(made);
        let db = Db::open(&path, Duration::from_secs(5)).unwrap();
        (dir, db)
    }

    #[test]
    fn who_has_the_file_open_is_seen_before_it_writes() {
        let (dir, db) = database("WAL");
        let other_processes = OtherProcesses::of(&db, false);
        let another = db.another().unwrap();
        another.count("SELECT count(*) FROM t").unwrap();
        assert_eq!(
            other_processes.opened_by(),
            OpenedBy::Nobody,
            "our own connections do not count"
        );
        assert_eq!(OtherProcesses::of(&db, true).opened_by(), OpenedBy::Somebody, "unless told so");
        let mut program = Program::start(&dir.path().join("a.db"));
        assert_eq!(program.runs("SELECT * FROM t"), "done");
        assert_eq!(other_processes.opened_by(), OpenedBy::Somebody);
        program.end();
        assert_eq!(other_processes.opened_by(), OpenedBy::Nobody);
    }

    #[test]
    fn a_transaction_that_has_read_is_seen_until_it_is_too_late_for_it() {
        let (dir, db) = database("WAL");
        let other_processes = OtherProcesses::of(&db, false);
        let mut program = Program::start(&dir.path().join("a.db"));
        let commit = || db.batch("", "INSERT INTO t VALUES (2)").unwrap();
        let seen = || other_processes.activity().unwrap();
        // With the log empty, with something in it, and with all of it moved.
        for prepare in
            ["PRAGMA wal_checkpoint(TRUNCATE)", "UPDATE t SET n = n", "PRAGMA wal_checkpoint"]
        {
            db.count("SELECT count(*) FROM t").unwrap();
            db.batch("", prepare).unwrap();
            let before = seen();
            assert!(!before.reads_newest && !before.writes, "{prepare}");
            program.runs("BEGIN");
            program.runs("SELECT * FROM t");
            assert!(seen().reads_newest && !seen().writes, "{prepare}");
            assert_eq!(program.runs("UPDATE t SET n = n + 1"), "done");
            assert!(seen().writes, "{prepare}");
            assert_eq!(program.runs("COMMIT"), "done");
            assert_eq!(seen().commits, before.commits.wrapping_add(1), "{prepare}");
            program.runs("BEGIN");
            program.runs("SELECT * FROM t");
            commit();
            assert!(!seen().reads_newest, "{prepare}");
            assert_eq!(program.runs("UPDATE t SET n = n + 1"), "database is locked");
            program.runs("ROLLBACK");
        }
        program.end();
    }

    #[test]
    fn without_a_log_nothing_can_be_told() {
        let (_dir, db) = database("DELETE");
        let other_processes = OtherProcesses::of(&db, false);
        assert_eq!(
            (other_processes.opened_by(), other_processes.activity()),
            (OpenedBy::Unknown, None)
        );
    }
}
