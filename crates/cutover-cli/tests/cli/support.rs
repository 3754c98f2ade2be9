//! Runs the binary in a directory of its own, on DESIGN.md's example: clients whose
//! addresses move into a table of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Outcome;

pub(crate) const SPLIT: &str = "\
-- split-address: addresses get a table of their own
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (
    customer_id INTEGER PRIMARY KEY REFERENCES customers(id), street TEXT, city TEXT);

-- forward: how the new rows come from the old ones
INSERT INTO new.customers (id, name)                  SELECT id, name         FROM old.clients;
INSERT INTO new.addresses (customer_id, street, city) SELECT id, street, city FROM old.clients;

-- backward: how the old rows come from the new ones
INSERT INTO old.clients (id, name, street, city)
SELECT c.id, c.name, a.street, a.city
FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
";

/// Forgets the city: rows that have one don't come back.
pub(crate) const LOSSY: &str = "\
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT);
INSERT INTO new.customers (id, name, street) SELECT id, name, street FROM old.clients;
INSERT INTO old.clients (id, name, street, city) SELECT id, name, street, NULL FROM new.customers;
";

/// A directory with a database in it, and the binary to run there.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
}

impl Bench {
    /// With `app.db` (clients) and the two migration files.
    pub(crate) fn new() -> Self {
        Self::with_clients(20)
    }

    pub(crate) fn with_clients(clients: i64) -> Self {
        let bench = Self::empty();
        let conn = bench.open();
        conn.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT)",
        )
        .unwrap();
        conn.execute(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
             INSERT INTO clients SELECT id, 'name ' || id, iif(id % 3, 'street ' || id, NULL), 'city'
             FROM n",
            [clients],
        )
        .unwrap();
        bench
    }

    /// Without a database.
    pub(crate) fn empty() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(bench.path("split-address.sql"), SPLIT).unwrap();
        std::fs::write(bench.path("lossy.sql"), LOSSY).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// A command line, split at spaces.
    pub(crate) fn command(&self, line: &str) -> Command {
        testkit::program::command(binary(), self.dir.path(), line)
    }

    pub(crate) fn run(&self, line: &str) -> Outcome {
        Outcome::of(self.command(line).output().unwrap())
    }

    /// Every table, view, index and trigger, and every row of the user's tables: to
    /// tell that nothing changed.
    pub(crate) fn dump(&self) -> Vec<String> {
        let conn = self.open();
        let mut dump: Vec<String> = conn
            .prepare("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let rows: Vec<String> = conn
            .prepare("SELECT quote(id) || quote(name) || quote(street) || quote(city) FROM clients ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        dump.extend(rows);
        dump
    }

    pub(crate) fn phase(&self) -> String {
        let status = self.run("status --db app.db --json").exits(0).json();
        status["phase"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cutover"))
}
