//! A database with a migration that was started.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::program::{Outcome, Running, command};

use super::terminal::Screen;

const MIGRATION: &str = "\
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (customer_id INTEGER PRIMARY KEY, street TEXT, city TEXT);
INSERT INTO new.customers (id, name)                  SELECT id, name         FROM old.clients;
INSERT INTO new.addresses (customer_id, street, city) SELECT id, street, city FROM old.clients;
INSERT INTO old.clients (id, name, street, city)
SELECT c.id, c.name, a.street, a.city
FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
";

/// A directory with the database in it.
pub(crate) struct Bench {
    dir: TempDir,
}

impl Bench {
    /// In `dual-write`, with so many clients and nothing filled.
    pub(crate) fn started(clients: i64) -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(bench.path().join("split.sql"), MIGRATION).unwrap();
        let db = bench.open();
        db.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT)",
        )
        .unwrap();
        db.execute(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
             INSERT INTO clients SELECT id, 'name ' || id, iif(id % 3, 'street ' || id, NULL), 'city'
             FROM n",
            [clients],
        )
        .unwrap();
        bench.run("start split.sql --db app.db --no-backfill");
        bench
    }

    /// The same, filled.
    pub(crate) fn filled(clients: i64) -> Self {
        let bench = Self::started(clients);
        bench.run("backfill --db app.db");
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path().join("app.db")
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.db()).unwrap()
    }

    /// Runs a command line that has to succeed.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.spawn(line).wait(Duration::from_secs(120)).exits(0)
    }

    /// Begins a command line, and leaves it at work.
    pub(crate) fn spawn(&self, line: &str) -> Running {
        Running::spawn(&mut command(env!("CARGO_BIN_EXE_cutover"), self.path(), line))
    }

    /// What `cutover status` says, from outside.
    pub(crate) fn status(&self) -> Value {
        self.run("status --db app.db --json").json()
    }

    /// `cutover watch` in a terminal of 80×24.
    pub(crate) fn watch(&self) -> Screen {
        self.watch_with(&[])
    }

    /// The same with these variables in its environment.
    pub(crate) fn watch_with(&self, variables: &[(&str, &str)]) -> Screen {
        let screen = Screen::open(self.path(), &["watch", "--db", "app.db"], variables);
        screen.wait("the first look", |text| text.contains("gates"));
        screen
    }
}
