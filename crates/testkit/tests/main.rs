//! The kit, tested on itself: a kit that can't fail proves nothing.
//!
//! - `cases`: every case is lossless, and its programs' statements mean what they say.
//! - `named`: no test file of any crate is left out.
//! - `writers`: real processes write, are refused, are killed.
//! - `twin`: it is right, and it sees what is wrong.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a failure is told with the case it is in")]

mod cases;
mod named;
mod twin;
mod writers;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use testkit::Case;

/// A case's database in a directory of its own.
struct Database {
    dir: TempDir,
}

impl Database {
    fn of(case: &Case, rows: u64, seed: u64) -> Self {
        let database = Self { dir: TempDir::new().unwrap() };
        case.create(&database.path(), rows, seed);
        database
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("live.db")
    }

    /// Waits until some program is inside a write transaction.
    fn wait_until_locked(&self) {
        let conn = rusqlite::Connection::open(self.path()).unwrap();
        conn.busy_timeout(Duration::ZERO).unwrap();
        for _ in 0..2_000 {
            if conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("no program locks the database");
    }

    fn execute(&self, sql: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    fn count(&self, sql: &str) -> i64 {
        rusqlite::Connection::open(self.path())
            .unwrap()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }
}
