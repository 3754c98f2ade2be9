//! The eight behaviours of a reader between two schemas, in the phases in which there
//! are two, on a store with old rows in it. The names are those under which such a
//! reader was first tested.

use std::path::PathBuf;

use consensus_store::{NewArtifact, NewSynthesis, Stage, Store};
use cutover::{Pace, Phase, Silent, StartOptions};
use rusqlite::types::Value;

use crate::store::support::{Files, assert_answers, go, old_rows, raw, values};

/// The phases in which both schemas are kept.
const BOTH: [Phase; 3] = [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew];

/// A store with old rows, in a phase.
fn at(files: &Files, phase: Phase) -> (PathBuf, Store) {
    let path = files.legacy(&format!("{phase}.db"), 100);
    go(&path, phase);
    let store = Store::open(&path).unwrap();
    (path, store)
}

/// The mirror is what the migration derives, both ways.
fn assert_in_step(store: &Store) {
    let report = store.migration().unwrap().verify(Pace::Fast, &mut Silent).unwrap();
    assert!(report.ok && report.checked > 100, "{report:?}");
}

#[test]
fn test_query_artifacts_not_found() {
    let files = Files::new();
    for phase in Phase::ALL {
        let (_, store) = at(&files, phase);
        assert_eq!(store.query_artifacts("SPEC-NONE", &Stage::Plan).unwrap(), [], "{phase}");
        assert_eq!(store.count_artifacts("SPEC-NONE").unwrap(), 0, "{phase}");
    }
}

#[test]
fn test_query_synthesis_not_found() {
    let files = Files::new();
    for phase in Phase::ALL {
        let (_, store) = at(&files, phase);
        assert_eq!(store.query_latest_synthesis("SPEC-NONE", &Stage::Plan).unwrap(), None);
        // A spec with outputs alone has none either.
        store.store_artifact(&NewArtifact::new("SPEC-A", Stage::Plan, "claude", "{}")).unwrap();
        assert_eq!(store.query_latest_synthesis("SPEC-A", &Stage::Plan).unwrap(), None);
    }
}

#[test]
fn test_dual_write_artifact_zero_data_loss() {
    let files = Files::new();
    for phase in BOTH {
        let (path, store) = at(&files, phase);
        let artifact = NewArtifact::new("SPEC-1", Stage::Plan, "claude", r#"{"a": "b"}"#)
            .response_text("Response text")
            .run_id("run-123")
            .created_at_ms(1_751_328_000_500);
        let id = store.store_artifact(&artifact).unwrap();
        let whole = |sql: &str| values(&path, &format!("{sql} = {id}"));
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            whole(
                "SELECT spec_id, stage, agent_name, content_json, response_text, run_id, created_at \
                 FROM consensus_artifacts WHERE id"
            ),
            [vec![
                text("SPEC-1"),
                text("spec-plan"),
                text("claude"),
                text(r#"{"a": "b"}"#),
                text("Response text"),
                text("run-123"),
                text("2025-07-01 00:00:00.500"),
            ]],
            "{phase}"
        );
        assert_eq!(
            whole(
                "SELECT r.spec_id, r.stage, o.agent_name, o.content, o.response_text, r.run_label, \
                 o.output_timestamp FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id \
                 WHERE o.id"
            ),
            [vec![
                text("SPEC-1"),
                text("spec-plan"),
                text("claude"),
                text(r#"{"a": "b"}"#),
                text("Response text"),
                text("run-123"),
                Value::Integer(1_751_328_000_500),
            ]],
            "{phase}"
        );
        for _ in 0..5 {
            let found = store.query_artifacts("SPEC-1", &Stage::Plan).unwrap();
            assert_eq!(found.len(), 1, "{phase}");
            assert_eq!(found[0].id, id, "{phase}");
        }
        assert_in_step(&store);
    }
}

#[test]
fn test_dual_write_synthesis_zero_data_loss() {
    let files = Files::new();
    for phase in BOTH {
        let (path, store) = at(&files, phase);
        let synthesis = NewSynthesis::new("SPEC-2", Stage::Validate, "# Test\n\nAll of it.", "ok")
            .output_path("/tmp/output.md")
            .artifacts_count(3)
            .agreements("[\"x\"]")
            .run_id("run-456");
        store.store_synthesis(&synthesis).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let markdown = [vec![text("# Test\n\nAll of it.")]];
        let old = "SELECT output_markdown FROM consensus_synthesis WHERE spec_id = 'SPEC-2'";
        let new = "SELECT synthesis_json ->> '$[0].output_markdown' FROM consensus_runs \
                   WHERE spec_id = 'SPEC-2'";
        assert_eq!(values(&path, old), markdown, "{phase}");
        assert_eq!(values(&path, new), markdown, "{phase}");
        for _ in 0..5 {
            let found = store.query_latest_synthesis("SPEC-2", &Stage::Validate).unwrap().unwrap();
            assert_eq!(found.output_markdown, "# Test\n\nAll of it.");
            assert_eq!(found.output_path.as_deref(), Some("/tmp/output.md"));
            assert_eq!(found.artifacts_count, Some(3));
            assert_eq!(found.agreements.as_deref(), Some("[\"x\"]"));
            assert_eq!(found.run_id.as_deref(), Some("run-456"));
        }
        assert_in_step(&store);
    }
}

#[test]
fn test_multiple_artifacts_dual_write() {
    let files = Files::new();
    for phase in BOTH {
        let (path, store) = at(&files, phase);
        for n in 1..=5 {
            let (agent, content) = (format!("agent-{n}"), format!("{{\"data\": {n}}}"));
            let artifact = NewArtifact::new("SPEC-3", Stage::Plan, agent, content);
            store.store_artifact(&artifact).unwrap();
        }
        let found = store.query_artifacts("SPEC-3", &Stage::Plan).unwrap();
        let agents: Vec<&str> = found.iter().map(|artifact| artifact.agent_name.as_str()).collect();
        assert_eq!(agents, ["agent-5", "agent-4", "agent-3", "agent-2", "agent-1"], "{phase}");
        let runs = "SELECT count(*) FROM consensus_runs WHERE spec_id = 'SPEC-3'";
        assert_eq!(values(&path, runs), [vec![Value::Integer(1)]], "{phase}");
        assert_in_step(&store);
    }
}

/// Rows of one spec and stage from before the migration, from before the backfill came to
/// them, and from after: a reader that prefers one schema as a whole loses some of them.
#[test]
fn test_read_path_migration_gradual_cutover() {
    let files = Files::new();
    let path = files.legacy("store.db", 100);
    let conn = raw(&path);
    let insert = "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json) \
                  VALUES ('SPEC-4', 'spec-plan', ?1, '{}')";
    conn.execute(insert, ["before"]).unwrap();
    let store = Store::open(&path).unwrap();
    let mut migration = store.migration().unwrap();
    let options = StartOptions { no_backfill: true, ..StartOptions::default() };
    migration.start(options, &mut Silent).unwrap();
    let agents = || -> Vec<String> {
        let found = store.query_artifacts("SPEC-4", &Stage::Plan).unwrap();
        found.into_iter().rev().map(|artifact| artifact.agent_name).collect()
    };
    conn.execute(insert, ["not yet copied"]).unwrap();
    assert_eq!(agents(), ["before", "not yet copied"]);
    migration.advance(&cutover::AdvanceOptions::default(), &mut Silent).unwrap();
    assert_eq!(migration.snapshot().unwrap().phase, Phase::ReadNew);
    assert!(!migration.snapshot().unwrap().backfill.complete);
    store.store_artifact(&NewArtifact::new("SPEC-4", Stage::Plan, "by the store", "{}")).unwrap();
    assert_eq!(agents(), ["before", "not yet copied", "by the store"]);
    assert_answers(&store, &old_rows(&path));
    migration.backfill(Pace::Fast, &mut Silent).unwrap();
    assert_eq!(agents(), ["before", "not yet copied", "by the store"]);
    conn.execute(insert, ["after the backfill"]).unwrap();
    assert_eq!(agents(), ["before", "not yet copied", "by the store", "after the backfill"]);
    assert_answers(&store, &old_rows(&path));
    assert_eq!(store.query_artifacts("SPEC-4-NONE", &Stage::Plan).unwrap(), []);
}

#[test]
fn test_dual_schema_reader_consistency() {
    let files = Files::new();
    for phase in BOTH {
        let (path, store) = at(&files, phase);
        for n in 1..=20 {
            let artifact = NewArtifact::new("SPEC-5", Stage::Validate, "claude", format!("{n}"));
            store.store_artifact(&artifact).unwrap();
            let found = store.query_artifacts("SPEC-5", &Stage::Validate).unwrap();
            let found: Vec<String> =
                found.into_iter().rev().map(|artifact| artifact.content_json).collect();
            let expected: Vec<String> = (1..=n).map(|n| n.to_string()).collect();
            assert_eq!(found, expected, "{phase}");
        }
        // The live view says the same.
        let live = "SELECT content_json FROM cutover_live_consensus_artifacts \
                    WHERE spec_id = 'SPEC-5' ORDER BY id";
        let expected: Vec<Vec<Value>> =
            (1..=20).map(|n| vec![Value::Text(n.to_string())]).collect();
        assert_eq!(values(&path, live), expected, "{phase}");
        assert_answers(&store, &old_rows(&path));
        assert_in_step(&store);
    }
}

#[test]
fn test_stage_specific_queries() {
    let files = Files::new();
    for phase in BOTH {
        let (_, store) = at(&files, phase);
        for stage in [Stage::Plan, Stage::Implement, Stage::Validate] {
            let content = format!("{{\"stage\": \"{stage}\"}}");
            let artifact = NewArtifact::new("SPEC-6", stage.clone(), "claude", content);
            store.store_artifact(&artifact).unwrap();
            let synthesis = NewSynthesis::new("SPEC-6", stage.clone(), format!("# {stage}"), "ok");
            store.store_synthesis(&synthesis).unwrap();
        }
        for stage in [Stage::Plan, Stage::Implement, Stage::Validate] {
            let found = store.query_artifacts("SPEC-6", &stage).unwrap();
            let [artifact] = found.as_slice() else { panic!("{phase} {stage}: {found:?}") };
            assert_eq!(artifact.content_json, format!("{{\"stage\": \"{stage}\"}}"));
            let latest = store.query_latest_synthesis("SPEC-6", &stage).unwrap().unwrap();
            assert_eq!(latest.output_markdown, format!("# {stage}"), "{phase}");
        }
        assert_eq!(store.query_artifacts("SPEC-6", &Stage::Tasks).unwrap(), [], "{phase}");
    }
}
