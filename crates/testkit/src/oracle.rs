//! A migration file executed as it is written.
//!
//! With the old database attached as `old` and an empty one as `new`, the file's
//! qualifiers are plain schema names, and its statements plain SQL: SQLite itself
//! says what the new tables should hold. Nothing is derived or rewritten, and no
//! engine takes part.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::case::Canonical;
use crate::compare::{Rows, assert_same};
use crate::sql::{Kind, literal, quoted, statements};

/// The script that fills the empty database `new` from `old`: the CREATEs and the
/// forward statements.
#[must_use]
pub fn forward_script(migration: &str, old: &Path, new: &Path) -> String {
    let mut script = attach(old, new);
    for statement in statements(migration) {
        if !matches!(statement.kind, Kind::Backward(_)) {
            script += &format!("{};\n", statement.text);
        }
    }
    script + "DETACH old;\nDETACH new;\n"
}

/// The script that fills `old`, which has the old tables without rows, from `new`:
/// the backward statements.
#[must_use]
pub fn backward_script(migration: &str, new: &Path, old: &Path) -> String {
    let mut script = attach(old, new);
    for statement in statements(migration) {
        if matches!(statement.kind, Kind::Backward(_)) {
            script += &format!("{};\n", statement.text);
        }
    }
    script + "DETACH old;\nDETACH new;\n"
}

fn attach(old: &Path, new: &Path) -> String {
    format!(
        "ATTACH {} AS old;\nATTACH {} AS new;\n",
        literal(&old.display().to_string()),
        literal(&new.display().to_string())
    )
}

/// Fills the empty database `new` from `old`.
pub fn forward(migration: &str, old: &Path, new: &Path) {
    execute("forward", &forward_script(migration, old, new));
}

/// Fills `old`, which has the old tables without rows, from `new`.
pub fn backward(migration: &str, new: &Path, old: &Path) {
    execute("backward", &backward_script(migration, new, old));
}

fn execute(what: &str, script: &str) {
    let conn = Connection::open_in_memory().expect("a scratch database");
    // The order of the file is that of the statements, not of the references.
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    conn.execute_batch(script).unwrap_or_else(|error| panic!("{what}: {error}\n{script}"));
}

/// Makes a database with the tables of another and none of its rows, indexes or
/// triggers.
pub fn copy_tables(from: &Path, to: &Path) {
    let from = open(from);
    let to = open(to);
    for sql in strings(
        &from,
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    ) {
        to.execute_batch(&sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
}

/// Panics unless backward(forward(old)) is old, in every row of every table that the
/// migration fills, values and storage classes; and unless forward of that gives the
/// same new rows again. Works in a directory of its own.
pub fn assert_lossless(migration: &str, canonical: &[Canonical], old: &Path) {
    let scratch = TempDir::new().expect("a temporary directory");
    let (new, back) = (scratch.path().join("new.db"), scratch.path().join("back.db"));
    forward(migration, old, &new);
    copy_tables(old, &back);
    backward(migration, &new, &back);
    assert_came_back(migration, old, &back);
    let again = scratch.path().join("again.db");
    forward(migration, &back, &again);
    for (table, sql) in comparisons(migration, canonical) {
        let (expected, found) = (open(&new), open(&again));
        assert_same(
            &table,
            Rows { name: "forward(old)", conn: &expected, sql: &sql },
            Rows { name: "forward(backward(forward(old)))", conn: &found, sql: &sql },
        );
    }
}

/// Panics unless every old table that the migration fills holds the same rows in both
/// databases.
pub fn assert_came_back(migration: &str, old: &Path, back: &Path) {
    let (expected, found) = (open(old), open(back));
    for statement in statements(migration) {
        let Kind::Backward(target) = statement.kind else {
            continue;
        };
        let sql = format!("SELECT * FROM {}", quoted(&target.table));
        assert_same(
            &target.table,
            Rows { name: "old", conn: &expected, sql: &sql },
            Rows { name: "backward(forward(old))", conn: &found, sql: &sql },
        );
    }
}

/// For each new table that the migration fills, the query by which its rows are
/// compared: the canonical one, or the columns that the file fills.
#[must_use]
pub fn comparisons(migration: &str, canonical: &[Canonical]) -> Vec<(String, String)> {
    let mut comparisons: Vec<(String, String)> = Vec::new();
    for statement in statements(migration) {
        let Kind::Forward(target) = statement.kind else {
            continue;
        };
        if comparisons.iter().any(|(table, _)| *table == target.table) {
            continue;
        }
        let sql = match canonical.iter().find(|canonical| canonical.table == target.table) {
            Some(canonical) => canonical.sql.to_owned(),
            None => {
                let columns: Vec<String> = target.columns.iter().map(|name| quoted(name)).collect();
                format!("SELECT {} FROM {}", columns.join(", "), quoted(&target.table))
            }
        };
        comparisons.push((target.table, sql));
    }
    comparisons
}

pub(crate) fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Opens a database so that names lead to the tables of one side, `old` or `new`. While a
/// table that changes in place is the mirror, it stands under another name.
pub(crate) fn open_side(path: &Path, side: &str) -> Connection {
    let conn = open(path);
    let prefix = format!("_cutover_{side}_");
    let aside = "SELECT name FROM main.sqlite_schema WHERE type = 'table'";
    for name in strings(&conn, aside).iter().filter(|name| name.starts_with(&prefix)) {
        let view = format!(
            "CREATE TEMP VIEW {} AS SELECT * FROM main.{}",
            quoted(&name[prefix.len()..]),
            quoted(name)
        );
        conn.execute_batch(&view).unwrap_or_else(|error| panic!("{view}: {error}"));
    }
    conn
}

pub(crate) fn strings(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map([], |row| row.get(0)).expect("a query without parameters");
    rows.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{sql}: {error}"))
}
