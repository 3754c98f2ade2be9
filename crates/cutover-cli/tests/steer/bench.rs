//! A database with clients, its twin, and the binary at work on it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::program::{self, Outcome, Running, Signal};

const MIGRATION: &str = "\
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (customer_id INTEGER PRIMARY KEY, city TEXT);
INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
INSERT INTO new.addresses (customer_id, city) SELECT id, city FROM old.clients;
INSERT INTO old.clients (id, name, city)
SELECT c.id, c.name, a.city FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
";

const SETUP: &str = "\
PRAGMA journal_mode = WAL;
CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
INSERT INTO clients SELECT id, 'name ' || id, 'city ' || id % 50 FROM n;
";

/// Longer than anything here takes: a test that waits for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Bench {
    dir: TempDir,
}

impl Bench {
    /// So many clients, and a twin with the same.
    pub(crate) fn new(clients: u32) -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(bench.path("split.sql"), MIGRATION).unwrap();
        for name in ["app.db", "twin.db"] {
            let setup = SETUP.replace("?1", &clients.to_string());
            Connection::open(bench.path(name)).unwrap().execute_batch(&setup).unwrap();
        }
        bench
    }

    /// Replaces the migration by one in which each client goes to so many tables.
    pub(crate) fn spread_over(&self, tables: usize) {
        let names: Vec<String> = (1..=tables).map(|n| format!("part{n}")).collect();
        let mut text = String::from(
            "CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
             INSERT INTO new.customers (id, name, city) SELECT id, name, city FROM old.clients;
             INSERT INTO old.clients (id, name, city) SELECT id, name, city FROM new.customers;",
        );
        for name in names {
            text += &format!(
                "\nCREATE TABLE new.{name} (id INTEGER PRIMARY KEY, city TEXT);
                 INSERT INTO new.{name} (id, city) SELECT id, city FROM old.clients;"
            );
        }
        std::fs::write(self.path("split.sql"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = program::command(env!("CARGO_BIN_EXE_cutover"), self.dir.path(), line);
        command.env("CUTOVER_DB", "app.db");
        command
    }

    pub(crate) fn run(&self, line: &str) -> Outcome {
        Outcome::of(self.command(line).output().unwrap())
    }

    /// Begins a command, and leaves it at work.
    pub(crate) fn spawn(&self, line: &str) -> Running {
        Running::spawn(&mut self.command(line))
    }

    pub(crate) fn status(&self) -> Value {
        self.run("status --json").exits(0).json()
    }

    /// Looks until what is looked for is there.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "not {what}: {status:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The same statement on the database and on the twin, by the old program that the
    /// `sqlite3` shell is.
    pub(crate) fn writes(&self, sql: &str) {
        for name in ["app.db", "twin.db"] {
            program::sqlite3(&self.path(name), &["-bail"], sql).exits(0);
        }
    }

    /// The old rows are the twin's, whichever side holds them, and both sides agree.
    #[track_caller]
    pub(crate) fn is_the_twin(&self) {
        let rows = |name: &str, table: &str| -> Vec<String> {
            let conn = Connection::open(self.path(name)).unwrap();
            let sql =
                format!("SELECT quote(id) || quote(name) || quote(city) FROM {table} ORDER BY id");
            let mut statement = conn.prepare(&sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let twin = rows("twin.db", "clients");
        assert!(!twin.is_empty());
        assert_eq!(rows("app.db", "cutover_live_clients"), twin);
        self.run("verify").exits(0);
    }
}

/// Asks a process to stop, as Ctrl-C does.
pub(crate) fn interrupt(running: &Running) {
    running.signal(Signal::INT);
}

/// Waits for a process that was left at work.
pub(crate) fn ended(running: Running) -> Outcome {
    running.wait(PATIENCE)
}
