//! Which files are opened, made, refused.

use std::sync::Barrier;

use consensus_store::{Error, LEGACY_SCHEMA, NewArtifact, Options, Stage, Store};
use cutover::Phase;

use crate::store::support::{Files, count, go, raw, values};

/// The new tables in the shape that a first attempt at them had: runs told apart by their
/// time, no label, no response text.
const OTHER_SHAPE: &str = "
CREATE TABLE consensus_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL,
  stage TEXT NOT NULL, run_timestamp INTEGER NOT NULL, consensus_ok BOOLEAN NOT NULL,
  degraded BOOLEAN DEFAULT 0, synthesis_json TEXT, UNIQUE(spec_id, stage, run_timestamp));
CREATE TABLE agent_outputs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL,
  agent_name TEXT NOT NULL, model_version TEXT, content TEXT NOT NULL,
  output_timestamp INTEGER NOT NULL, FOREIGN KEY(run_id) REFERENCES consensus_runs(id) ON DELETE CASCADE);
INSERT INTO consensus_runs VALUES (1, 'S', 'spec-plan', 5, 1, 0, NULL);
INSERT INTO agent_outputs VALUES (1, 1, 'claude', NULL, 'said', 5);
";

fn schema(path: &std::path::Path) -> Vec<Vec<rusqlite::types::Value>> {
    values(path, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")
}

#[test]
fn a_new_file_begins_on_the_new_schema() {
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
    assert_eq!(count(&path, "agent_outputs"), Some(1));
    assert_eq!(count(&path, "consensus_artifacts"), None);
    let stats = store.stats().unwrap();
    assert_eq!((&*stats.journal_mode, &*stats.auto_vacuum), ("wal", "incremental"));
    // It is the schema that a migration makes: the very same tables and indexes.
    let moved = files.legacy("moved.db", 50);
    go(&moved, Phase::Retired);
    let of = |path| {
        values(
            path,
            "SELECT name, sql FROM sqlite_schema WHERE tbl_name IN ('consensus_runs', \
             'agent_outputs') AND type IN ('table', 'index') ORDER BY name",
        )
    };
    assert_eq!(of(&path), of(&moved));
}

#[test]
fn an_old_file_stays_as_it_is() {
    let files = Files::new();
    let path = files.legacy("store.db", 50);
    let before = schema(&path);
    let store = Store::open(&path).unwrap();
    let id = store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
    assert_eq!(schema(&path), before);
    let sql = format!("SELECT spec_id FROM consensus_artifacts WHERE id = {id}");
    assert_eq!(values(&path, &sql).len(), 1);
}

#[test]
fn tables_of_other_programs_are_left_alone() {
    let files = Files::new();
    let path = files.path("store.db");
    raw(&path).execute_batch("CREATE TABLE agent_executions (agent_id TEXT PRIMARY KEY)").unwrap();
    let store = Store::open(&path).unwrap();
    store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
    assert_eq!(count(&path, "agent_executions"), Some(0));
}

#[test]
fn many_processes_may_make_the_file_at_once() {
    let files = Files::new();
    for round in 0..10 {
        let path = files.path(&format!("{round}.db"));
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let store = Store::open(&path).unwrap();
                    let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
                    store.store_artifact(&artifact).unwrap();
                });
            }
        });
        assert_eq!(Store::open(&path).unwrap().count_artifacts("S").unwrap(), 8);
    }
}

#[test]
fn new_tables_of_another_shape_are_refused_and_kept() {
    let files = Files::new();
    let path = files.path("store.db");
    raw(&path).execute_batch(OTHER_SHAPE).unwrap();
    let before = schema(&path);
    let error = Store::open(&path).unwrap_err();
    let Error::UnknownSchema { found, fix, .. } = &error else { panic!("{error:?}") };
    for word in ["UNIQUE (spec_id, stage, run_timestamp)", "run_label", "response_text"] {
        assert!(found.contains(word), "{found}");
    }
    assert_eq!(schema(&path), before);
    assert_eq!(count(&path, "agent_outputs"), Some(1));
    // What the error says to do helps, and loses nothing.
    let sql: String = fix.split(": ").nth(1).unwrap().to_owned();
    raw(&path).execute_batch(&sql).unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.count_artifacts("S").unwrap(), 0);
    assert_eq!(count(&path, "kept_agent_outputs"), Some(1));
}

#[test]
fn old_and_new_tables_without_a_migration_between_them_are_refused() {
    let files = Files::new();
    let path = files.legacy("store.db", 50);
    raw(&path).execute_batch(OTHER_SHAPE).unwrap();
    let error = Store::open(&path).unwrap_err();
    let Error::UnknownSchema { found, fix, .. } = &error else { panic!("{error:?}") };
    assert!(found.contains("no migration of the store"), "{found}");
    raw(&path).execute_batch(fix.split(": ").nth(1).unwrap()).unwrap();
    let store = Store::open(&path).unwrap();
    assert!(store.stats().unwrap().artifacts >= 50);
    // And the migration can be started beside the tables that were kept.
    go(&path, Phase::NewOnly);
    assert_eq!(count(&path, "kept_consensus_runs"), Some(1));
}

#[test]
fn half_of_the_old_tables_is_refused() {
    let files = Files::new();
    let path = files.path("store.db");
    raw(&path)
        .execute_batch(LEGACY_SCHEMA.split("CREATE TABLE consensus_synthesis").next().unwrap())
        .unwrap();
    let error = Store::open(&path).unwrap_err();
    let Error::UnknownSchema { found, .. } = &error else { panic!("{error:?}") };
    assert!(found.contains("no table consensus_synthesis"), "{found}");
}

#[test]
fn a_missing_file_is_made_only_if_asked_for() {
    let files = Files::new();
    let path = files.path("none.db");
    for options in [Options::default().create(false), Options::default().read_only(true)] {
        let error = Store::open_with(&path, options).unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        assert!(!path.exists());
    }
}

#[test]
fn read_only_changes_nothing() {
    let files = Files::new();
    let path = files.legacy("store.db", 50);
    let before = std::fs::read(&path).unwrap();
    let store = Store::open_with(&path, Options::default().read_only(true)).unwrap();
    assert!(store.stats().unwrap().artifacts >= 50);
    let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
    let error = store.store_artifact(&artifact).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    assert!(matches!(store.delete_spec("S"), Err(Error::ReadOnly { .. })));
    assert!(matches!(store.prune(0), Err(Error::ReadOnly { .. })));
    drop(store);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// Text in a column is bytes to SQLite. It is compared as such, whatever the encoding.
#[test]
fn text_that_is_not_utf8_is_carried_as_it_is() {
    let files = Files::new();
    let path = files.legacy("store.db", 50);
    raw(&path)
        .execute_batch(
            "UPDATE consensus_artifacts SET created_at = CAST(x'ff41' AS TEXT) WHERE id = 3",
        )
        .unwrap();
    let before = old_rows_hex(&path);
    go(&path, Phase::NewOnly);
    go(&path, Phase::DualWrite);
    assert_eq!(old_rows_hex(&path), before);
    assert!(!before.is_empty());
}

fn old_rows_hex(path: &std::path::Path) -> Vec<Vec<rusqlite::types::Value>> {
    values(
        path,
        "SELECT id, typeof(created_at), hex(created_at) FROM consensus_artifacts ORDER BY id",
    )
}
