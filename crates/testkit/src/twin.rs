//! The twin: what the old tables would hold if there were no migration.
//!
//! It is a copy of the database made before anything starts. It replays the log of
//! what writers did, in the order in which they did it, and no trigger of ours ever
//! sees it. Its old tables are what the live old tables must be; the migration file
//! executed on it gives what the live new tables must be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use tempfile::TempDir;

use crate::case::Canonical;
use crate::compare::{Rows, difference};
use crate::oracle::{self, open};
use crate::sql::quoted;
use crate::workload::log::Entry;

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
        let twin = Self {
            dir: TempDir::new().expect("a temporary directory"),
        };
        let source = open(db);
        let mut copy = open(&twin.path());
        Backup::new(&source, &mut copy)
            .and_then(|backup| backup.run_to_completion(1_000, Duration::ZERO, None))
            .expect("a copy of the database");
        copy.execute_batch("CREATE TABLE twin_cursor (seq INTEGER)")
            .expect("a cursor");
        let seq = crate::workload::log::last(&copy);
        copy.execute("INSERT INTO twin_cursor VALUES (?)", [seq])
            .expect("a cursor");
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
        let conn = open(&self.path());
        let cursor = conn
            .query_row("SELECT seq FROM twin_cursor", [], |row| row.get(0))
            .expect("a cursor");
        let entries = crate::workload::log::after(&open(db), cursor);
        // Rows next to each other with the same pragmas hold whole transactions,
        // because a writer never changes its pragmas: so one transaction may hold
        // them all, and deferred constraints are settled at its end as they were.
        for chunk in entries.chunk_by(|one, other| one.pragmas == other.pragmas) {
            conn.execute_batch(&chunk[0].pragmas.sql())
                .expect("pragmas");
            conn.execute_batch("BEGIN").expect("a transaction");
            for entry in chunk {
                replay(&conn, entry);
            }
            conn.execute(
                "UPDATE twin_cursor SET seq = ?",
                [chunk[chunk.len() - 1].seq],
            )
            .expect("a cursor");
            conn.execute_batch("COMMIT")
                .unwrap_or_else(|error| panic!("replaying: {error}"));
        }
        entries.len()
    }

    /// What differs between the old tables here and in `db`, for a person to read.
    #[must_use]
    pub fn old_differences(&self, db: &Path, tables: &[&str]) -> Vec<String> {
        let (twin, live) = (open(&self.path()), open(db));
        tables
            .iter()
            .filter_map(|table| {
                let sql = format!("SELECT * FROM {}", quoted(table));
                difference(
                    table,
                    Rows {
                        name: "the twin",
                        conn: &twin,
                        sql: &sql,
                    },
                    Rows {
                        name: "the database",
                        conn: &live,
                        sql: &sql,
                    },
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
        let derived = Derived {
            dir: TempDir::new().expect("a temporary directory"),
        };
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
        let (expected, live) = (open(&derived.path()), open(db));
        oracle::comparisons(migration, canonical)
            .into_iter()
            .filter_map(|(table, sql)| {
                difference(
                    &table,
                    Rows {
                        name: "forward(the twin)",
                        conn: &expected,
                        sql: &sql,
                    },
                    Rows {
                        name: "the database",
                        conn: &live,
                        sql: &sql,
                    },
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

fn replay(conn: &Connection, entry: &Entry) {
    let sql = entry.twin_sql.as_deref().unwrap_or(&entry.sql);
    let code = conn
        .execute_batch(sql)
        .map_or_else(|error| Some(code(&error, sql)), |()| None);
    assert!(
        code == entry.error,
        "log entry {}: {} {}, and on the twin {}:\n{sql}",
        entry.seq,
        entry.writer,
        outcome(entry.error, entry.message.as_deref()),
        outcome(code, None),
    );
}

fn code(error: &rusqlite::Error, sql: &str) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => error.extended_code,
        // A statement that cannot be prepared.
        rusqlite::Error::SqlInputError { error, .. } => error.extended_code,
        _ => panic!("{error}: {sql}"),
    }
}

fn outcome(code: Option<i32>, message: Option<&str>) -> String {
    match (code, message) {
        (None, _) => "did this".to_owned(),
        (Some(code), Some(message)) => format!("was refused this ({code}: {message})"),
        (Some(code), None) => format!("it is refused ({code})"),
    }
}
