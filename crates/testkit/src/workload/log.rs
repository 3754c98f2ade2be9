//! The log of acknowledged writes: a table of the application's, written in the same
//! transaction as what it records. So it holds what was committed, all of it, and in
//! the order in which SQLite committed it.

use rusqlite::{Connection, OptionalExtension};

/// Makes the table, if it is not there.
pub fn create(conn: &Connection) {
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS workload_log (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            writer TEXT NOT NULL,
            side TEXT NOT NULL CHECK (side IN ('old', 'new')),
            sql TEXT NOT NULL,
            -- What does the same on the old tables; NULL: the same statement.
            twin_sql TEXT,
            foreign_keys INTEGER NOT NULL,
            recursive_triggers INTEGER NOT NULL,
            -- The extended result code and message of a statement that a constraint
            -- refused; NULL: it succeeded.
            error INTEGER,
            message TEXT
        )",
    )
    .unwrap_or_else(|error| panic!("workload_log: {error}"));
}

/// One statement that was executed, or refused by a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order of commits.
    pub seq: i64,
    /// Who executed it.
    pub writer: String,
    /// The statement.
    pub sql: String,
    /// What does the same on the old tables, where that is another statement.
    pub twin_sql: Option<String>,
    /// The writer's pragmas, which decide what the statement does.
    pub pragmas: Pragmas,
    /// The extended result code, where a constraint refused the statement.
    pub error: Option<i32>,
    /// The message that came with it.
    pub message: Option<String>,
}

/// Settings of a connection that change what statements do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pragmas {
    /// `PRAGMA foreign_keys`
    pub foreign_keys: bool,
    /// `PRAGMA recursive_triggers`: whether REPLACE fires DELETE triggers.
    pub recursive_triggers: bool,
}

impl Pragmas {
    /// The statements that set them.
    #[must_use]
    pub fn sql(self) -> String {
        format!(
            "PRAGMA foreign_keys = {}; PRAGMA recursive_triggers = {};",
            i32::from(self.foreign_keys),
            i32::from(self.recursive_triggers)
        )
    }
}

/// The last entry's `seq`; 0 without log or entries.
#[must_use]
pub fn last(conn: &Connection) -> i64 {
    let exists = conn
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'workload_log'", [], |_| Ok(()))
        .optional()
        .expect("a schema");
    if exists.is_none() {
        return 0;
    }
    conn.query_row("SELECT coalesce(max(seq), 0) FROM workload_log", [], |row| row.get(0))
        .expect("a log")
}

/// The entries after `seq`, in their order.
#[must_use]
pub fn after(conn: &Connection, seq: i64) -> Vec<Entry> {
    let mut statement = conn
        .prepare(
            "SELECT seq, writer, sql, twin_sql, foreign_keys, recursive_triggers, error, message
             FROM workload_log WHERE seq > ? ORDER BY seq",
        )
        .unwrap_or_else(|error| panic!("workload_log: {error}"));
    let entries = statement.query_map([seq], |row| {
        Ok(Entry {
            seq: row.get(0)?,
            writer: row.get(1)?,
            sql: row.get(2)?,
            twin_sql: row.get(3)?,
            pragmas: Pragmas { foreign_keys: row.get(4)?, recursive_triggers: row.get(5)? },
            error: row.get(6)?,
            message: row.get(7)?,
        })
    });
    entries
        .and_then(Iterator::collect)
        .unwrap_or_else(|error: rusqlite::Error| panic!("workload_log: {error}"))
}
