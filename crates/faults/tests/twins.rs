//! What the tables should hold after each round of writes: twins that got the writes and
//! none of our machinery, and the migration's file executed on each of them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use testkit::compare::{Rows, difference};
use testkit::oracle;

use crate::scene::Scene;

/// A twin at one moment.
pub(crate) struct Twin {
    /// The twin's database.
    pub(crate) old: PathBuf,
    new: PathBuf,
}

impl Twin {
    /// A copy of a database, and what the forward statements give on it.
    pub(crate) fn new(scene: &Scene, from: &Path, dir: &Path, round: usize) -> Self {
        let twin = Self {
            old: dir.join(format!("twin-{round}.db")),
            new: dir.join(format!("derived-{round}.db")),
        };
        copy(from, &twin.old);
        oracle::forward(scene.migration, &twin.old, &twin.new);
        twin
    }

    /// A twin that gets a round of writes more.
    pub(crate) fn next(&self, scene: &Scene, dir: &Path, round: usize) -> Self {
        let written = dir.join("written.db");
        copy(&self.old, &written);
        let conn = Connection::open(&written).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        conn.execute_batch(&scene.old_writes(round)).unwrap();
        drop(conn);
        Self::new(scene, &written, dir, round)
    }

    pub(crate) fn old_differences(&self, scene: &Scene, live: &Connection) -> Vec<String> {
        self.old(scene, live, |table| format!("SELECT * FROM \"{table}\""))
    }

    pub(crate) fn live_view_differences(&self, scene: &Scene, live: &Connection) -> Vec<String> {
        self.old(scene, live, |table| format!("SELECT * FROM \"cutover_live_{table}\""))
    }

    fn old(&self, scene: &Scene, live: &Connection, sql: fn(&str) -> String) -> Vec<String> {
        let twin = Connection::open(&self.old).unwrap();
        let tables = scene.old_tables.iter();
        let compared = tables.filter_map(|table| {
            let (expected, found) = (format!("SELECT * FROM \"{table}\""), sql(table));
            difference(
                &found,
                Rows { name: "the twin", conn: &twin, sql: &expected },
                Rows { name: "the database", conn: live, sql: &found },
            )
        });
        compared.collect()
    }

    pub(crate) fn new_differences(&self, scene: &Scene, live: &Connection) -> Vec<String> {
        let derived = Connection::open(&self.new).unwrap();
        let tables = oracle::comparisons(scene.migration, scene.canonical).into_iter();
        let compared = tables.filter_map(|(table, sql)| {
            difference(
                &table,
                Rows { name: "forward(the twin)", conn: &derived, sql: &sql },
                Rows { name: "the database", conn: live, sql: &sql },
            )
        });
        compared.collect()
    }

    /// Rows of a mirror that is not filled yet, and that it should not have.
    pub(crate) fn rows_that_should_not_be(&self, scene: &Scene, live: &Connection) -> Vec<String> {
        let derived = Connection::open(&self.new).unwrap();
        let shown = |conn: &Connection, sql: &str| -> Vec<String> {
            let mut statement = conn.prepare(sql).unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns)
                    .map(|n| Ok(format!("{:?}", row.get_ref(n)?)))
                    .collect::<Result<Vec<_>, _>>()
            });
            rows.unwrap().map(|row| row.unwrap().join(" ")).collect()
        };
        let mut found = Vec::new();
        for (table, sql) in oracle::comparisons(scene.migration, scene.canonical) {
            let expected = shown(&derived, &sql);
            let extra = shown(live, &sql).into_iter().filter(|row| !expected.contains(row));
            found.extend(extra.map(|row| format!("{table}: {row}")));
        }
        found
    }
}

/// Copies a database that nobody has open.
pub(crate) fn copy(from: &Path, to: &Path) {
    let conn = Connection::open(from).unwrap();
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    if mode == "wal" {
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }
    drop(conn);
    std::fs::copy(from, to).unwrap();
}
