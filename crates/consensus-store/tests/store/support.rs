//! Files, migrations, comparisons.

use std::path::{Path, PathBuf};

use consensus_store::sample::{Shape, populate};
use consensus_store::{LEGACY_SCHEMA, Stage, Store};
use cutover::{AbortOptions, AdvanceOptions, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

/// A directory of databases.
pub(crate) struct Files {
    dir: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file as it lies on users' disks, with old rows in it.
    pub(crate) fn legacy(&self, name: &str, artifacts: u64) -> PathBuf {
        let path = self.path(name);
        let conn = raw(&path);
        conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
        conn.execute_batch(LEGACY_SCHEMA).unwrap();
        if artifacts > 0 {
            populate(&conn, artifacts, 7, Shape::Small).unwrap();
        }
        path
    }
}

/// SQLite without the store.
pub(crate) fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

/// Goes to a phase, forwards or backwards, from wherever the store is.
pub(crate) fn go(path: &Path, phase: Phase) {
    let store = Store::open(path).unwrap();
    let mut migration = store.migration().unwrap();
    let stands =
        || store.migration().unwrap().snapshot().map_or(Phase::Legacy, |status| status.phase);
    if stands() == Phase::Legacy && phase > Phase::Legacy {
        let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
        migration.start(options, &mut Silent).unwrap();
    }
    let now = stands();
    if phase == Phase::Legacy && now > phase {
        if now > Phase::ReadNew {
            migration.rollback(Some(Phase::ReadNew), &mut Silent).unwrap();
        }
        migration.abort(AbortOptions::default(), &mut Silent).unwrap();
    } else if phase > now {
        let options = AdvanceOptions {
            to: Some(phase),
            confirmed: true,
            quiet_for: Some(std::time::Duration::ZERO),
            ..Default::default()
        };
        migration.advance(&options, &mut Silent).unwrap();
    } else if phase < now {
        migration.rollback(Some(phase), &mut Silent).unwrap();
    }
    assert_eq!(stands(), phase);
}

/// How many rows a table has; `None` where there is no such table.
pub(crate) fn count(path: &Path, table: &str) -> Option<i64> {
    raw(path).query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).ok()
}

/// What a query gives, value by value.
pub(crate) fn values(path: &Path, sql: &str) -> Vec<Vec<Value>> {
    let conn = raw(path);
    let mut statement = conn.prepare(sql).unwrap();
    let columns = statement.column_count();
    statement
        .query_map((), |row| (0..columns).map(|n| row.get(n)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// All rows of the old tables.
pub(crate) fn old_rows(path: &Path) -> [Vec<Vec<Value>>; 2] {
    [
        values(path, "SELECT * FROM consensus_artifacts ORDER BY id"),
        values(path, "SELECT * FROM consensus_synthesis ORDER BY id"),
    ]
}

/// Every old row of the file is what the store answers for its spec and stage.
pub(crate) fn assert_answers(store: &Store, [artifacts, syntheses]: &[Vec<Vec<Value>>; 2]) {
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    for row in artifacts {
        let stage = Stage::from(text(&row[2]).unwrap());
        let found = store.query_artifacts(&text(&row[1]).unwrap(), &stage).unwrap();
        let found: Vec<_> =
            found.iter().filter(|artifact| Value::Integer(artifact.id) == row[0]).collect();
        let [artifact] = found.as_slice() else { panic!("{} times: {row:?}", found.len()) };
        assert_eq!(Some(&artifact.agent_name), text(&row[3]).as_ref());
        assert_eq!(Some(&artifact.content_json), text(&row[4]).as_ref());
        assert_eq!(artifact.response_text, text(&row[5]));
        assert_eq!(artifact.run_id, text(&row[6]));
    }
    for row in syntheses {
        let stage = Stage::from(text(&row[2]).unwrap());
        let found = store.query_syntheses(&text(&row[1]).unwrap(), &stage).unwrap();
        let found: Vec<_> =
            found.iter().filter(|synthesis| Value::Integer(synthesis.id) == row[0]).collect();
        let [synthesis] = found.as_slice() else { panic!("{} times: {row:?}", found.len()) };
        assert_eq!(Some(&synthesis.output_markdown), text(&row[3]).as_ref());
        assert_eq!(synthesis.output_path, text(&row[4]));
        assert_eq!(Some(&synthesis.status), text(&row[5]).as_ref());
        assert_eq!(synthesis.run_id, text(&row[10]));
    }
}

/// What SQLite says to an old program that writes to the old tables.
pub(crate) fn old_program_is_refused(path: &Path) {
    for sql in [
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json) VALUES ('a','b','c','d')",
        "UPDATE consensus_artifacts SET agent_name = 'x' WHERE id = (SELECT min(id) FROM consensus_artifacts)",
        "DELETE FROM consensus_artifacts WHERE id = (SELECT min(id) FROM consensus_artifacts)",
        "INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status) VALUES ('a','b','c','d')",
        "DELETE FROM consensus_synthesis WHERE id = (SELECT min(id) FROM consensus_synthesis)",
    ] {
        let error = raw(path).execute(sql, ()).expect_err(sql).to_string();
        assert!(error.contains("read-only: migration normalize-consensus"), "{sql}: {error}");
    }
}
