//! The twin: what the old tables would hold if there were no migration.
//!
//! It is a copy of the database made before anything starts. It replays the log of
//! what writers did, in the order in which they did it, and no trigger of ours ever
//! sees it. Its old tables are what the live old tables must be; the migration file
//! executed on it gives what the live new tables must be.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::backup::Backup;
use tempfile::TempDir;

use crate::case::Canonical;
use crate::compare::{Rows, difference};
use crate::oracle::{self, open, open_side};
use crate::program::Running;
use crate::sql::quoted;

/// A second database, made before a migration starts.
#[derive(Debug)]
pub struct Twin {
    dir: TempDir,
}

/// What the new tables should hold: the migration file executed on the twin.
#[derive(Debug)]
pub struct Derived {
    dir: TempDir,
}

impl Derived {
    /// The database with the new tables, under their own names.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("new.db")
    }
}

impl Twin {
    /// A copy of the database as it is now. What the log already holds is taken for
    /// done.
    #[must_use]
    pub fn of(db: &Path) -> Self {
        let twin = Self { dir: TempDir::new().expect("a temporary directory") };
        let source = open(db);
        let mut copy = open(&twin.path());
        Backup::new(&source, &mut copy)
            .and_then(|backup| backup.run_to_completion(1_000, Duration::ZERO, None))
            .expect("a copy of the database");
        copy.execute_batch("CREATE TABLE twin_cursor (seq INTEGER)").expect("a cursor");
        let seq = crate::workload::log::last(&copy);
        copy.execute("INSERT INTO twin_cursor VALUES (?)", [seq]).expect("a cursor");
        twin
    }

    /// The twin's database.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("twin.db")
    }

    /// Replays what the log of `db` holds beyond what was replayed before; gives how
    /// many statements that were. Writers may go on meanwhile.
    ///
    /// Panics where a statement succeeds here and failed there, or the other way
    /// round: that alone tells that a program was disturbed.
    pub fn apply_log(&self, db: &Path) -> usize {
        let script = self.dir.path().join("replay.py");
        std::fs::write(&script, include_str!("workload/replay.py")).expect("a script");
        let outcome = Running::spawn(Command::new("python3").arg(&script).arg(self.path()).arg(db))
            .wait(Duration::from_secs(120));
        assert!(outcome.code == Some(0), "{}", outcome.stderr);
        outcome.stdout.trim().parse().expect("a number of statements")
    }

    /// What differs between the old tables here and in `db`, for a person to read.
    #[must_use]
    pub fn old_differences(&self, db: &Path, tables: &[&str]) -> Vec<String> {
        let (twin, live) = (open(&self.path()), open_side(db, "old"));
        tables
            .iter()
            .filter_map(|table| {
                let sql = format!("SELECT * FROM {}", quoted(table));
                difference(
                    table,
                    Rows { name: "the twin", conn: &twin, sql: &sql },
                    Rows { name: "the database", conn: &live, sql: &sql },
                )
            })
            .collect()
    }

    /// Panics unless these tables hold the same rows here and in `db`, values and
    /// storage classes.
    pub fn assert_old_equal(&self, db: &Path, tables: &[&str]) {
        let differences = self.old_differences(db, tables);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    /// Executes the migration file on this twin, into a fresh database.
    #[must_use]
    pub fn forward(&self, migration: &str) -> Derived {
        let derived = Derived { dir: TempDir::new().expect("a temporary directory") };
        oracle::forward(migration, &self.path(), &derived.path());
        derived
    }

    /// What differs between the new tables of `db` and those that the migration file
    /// gives on this twin. Compared are the columns that the file fills, or what the
    /// canonical query for a table says.
    #[must_use]
    pub fn new_differences(
        &self,
        db: &Path,
        migration: &str,
        canonical: &[Canonical],
    ) -> Vec<String> {
        let derived = self.forward(migration);
        let (expected, live) = (open(&derived.path()), open_side(db, "new"));
        oracle::comparisons(migration, canonical)
            .into_iter()
            .filter_map(|(table, sql)| {
                difference(
                    &table,
                    Rows { name: "forward(the twin)", conn: &expected, sql: &sql },
                    Rows { name: "the database", conn: &live, sql: &sql },
                )
            })
            .collect()
    }

    /// Panics with [`new_differences`](Self::new_differences), if there are any.
    pub fn assert_new_equal(&self, db: &Path, migration: &str, canonical: &[Canonical]) {
        let differences = self.new_differences(db, migration, canonical);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}
