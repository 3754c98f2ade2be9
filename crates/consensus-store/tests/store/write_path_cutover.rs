//! The eight behaviours of a write path after its cutover, on a store that went through
//! every phase with old rows in it. The names are those under which such a cutover was
//! first tested; the assertions are what the names say.

use std::path::PathBuf;

use consensus_store::{NewArtifact, NewSynthesis, Stage, Store};
use cutover::Phase;
use rusqlite::types::Value;

use crate::store::support::{
    Files, assert_answers, count, go, old_program_is_refused, old_rows, values,
};

const OLD_ROWS: u64 = 120;

/// A store in `new-only`, with what its old tables held before the migration, and were
/// left with by writes in each phase on the way.
struct Moved {
    _files: Files,
    path: PathBuf,
    store: Store,
    old: [Vec<Vec<Value>>; 2],
    /// The outputs that the new tables had by then.
    outputs: i64,
}

fn moved() -> Moved {
    let files = Files::new();
    let path = files.legacy("store.db", OLD_ROWS);
    let store = Store::open(&path).unwrap();
    for phase in [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew] {
        go(&path, phase);
        let run = format!("run-{phase}");
        let artifact = NewArtifact::new("SPEC-WAY", Stage::Plan, "claude", "{}").run_id(&*run);
        store.store_artifact(&artifact).unwrap();
    }
    go(&path, Phase::NewOnly);
    let old = old_rows(&path);
    assert!(old[0].len() as u64 >= OLD_ROWS + 3 && !old[1].is_empty());
    let outputs = count(&path, "agent_outputs").unwrap();
    Moved { _files: files, path, store, old, outputs }
}

impl Moved {
    /// The old tables are what they were at the cutover, and nobody can change them.
    fn assert_old_is_frozen(&self) {
        assert_eq!(old_rows(&self.path), self.old);
        old_program_is_refused(&self.path);
        assert_eq!(old_rows(&self.path), self.old);
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn test_write_path_cutover_artifact_new_schema_only() {
    let moved = moved();
    let artifact = NewArtifact::new("SPEC-945", Stage::Plan, "gemini", r#"{"plan": 1}"#)
        .response_text("all of it")
        .run_id("run-1")
        .model_version("g-2.5")
        .created_at_ms(1_751_328_000_123);
    let id = moved.store.store_artifact(&artifact).unwrap();
    assert_eq!(
        values(
            &moved.path,
            &format!(
                "SELECT o.id, r.spec_id, r.stage, r.run_label, r.run_timestamp, o.agent_name, \
                 o.model_version, o.content, o.response_text, o.output_timestamp, o.created_at_raw \
                 FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id WHERE o.id = {id}"
            )
        ),
        [vec![
            Value::Integer(id),
            text("SPEC-945"),
            text("spec-plan"),
            text("run-1"),
            Value::Integer(1_751_328_000_123),
            text("gemini"),
            text("g-2.5"),
            text(r#"{"plan": 1}"#),
            text("all of it"),
            Value::Integer(1_751_328_000_123),
            Value::Null,
        ]]
    );
    moved.assert_old_is_frozen();
}

#[test]
fn test_write_path_cutover_synthesis_new_schema_only() {
    let moved = moved();
    let synthesis = NewSynthesis::new("SPEC-945", Stage::Audit, "# Audit", "ok")
        .output_path("/out/audit.md")
        .artifacts_count(3)
        .agreements("[\"tests\"]")
        .conflicts("[]")
        .degraded(true)
        .run_id("run-1")
        .created_at_ms(1_751_328_000_000);
    let run = moved.store.store_synthesis(&synthesis).unwrap();
    let found = values(
        &moved.path,
        &format!(
            "SELECT spec_id, stage, run_label, run_timestamp, consensus_ok, degraded, \
             synthesis_json ->> '$[0].output_markdown', synthesis_json ->> '$[0].output_path', \
             synthesis_json ->> '$[0].artifacts_count', synthesis_json ->> '$[0].agreements', \
             synthesis_json ->> '$[0].conflicts', synthesis_json ->> '$[0].created_at', \
             json_array_length(synthesis_json), \
             latest_synthesis_id = synthesis_json ->> '$[0].id' FROM consensus_runs WHERE id = {run}"
        ),
    );
    assert_eq!(
        found,
        [vec![
            text("SPEC-945"),
            text("spec-audit"),
            text("run-1"),
            Value::Integer(1_751_328_000_000),
            Value::Integer(1),
            Value::Integer(1),
            text("# Audit"),
            text("/out/audit.md"),
            Value::Integer(3),
            text("[\"tests\"]"),
            text("[]"),
            text("2025-07-01 00:00:00"),
            Value::Integer(1),
            Value::Integer(1),
        ]]
    );
    moved.assert_old_is_frozen();
}

#[test]
fn test_write_path_cutover_read_fallback_still_works() {
    let moved = moved();
    let id = moved
        .store
        .store_artifact(&NewArtifact::new("SPEC-945", Stage::Tasks, "gpt", "{}").response_text("r"))
        .unwrap();
    let found = moved.store.query_artifacts("SPEC-945", &Stage::Tasks).unwrap();
    let [artifact] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((artifact.id, artifact.response_text.as_deref()), (id, Some("r")));
    // And every row that old programs left, though none falls back to anything any more.
    assert_answers(&moved.store, &moved.old);
}

#[test]
fn test_write_path_cutover_synthesis_read_fallback() {
    let moved = moved();
    moved
        .store
        .store_synthesis(&NewSynthesis::new("SPEC-945", Stage::Unlock, "# Go", "ok").run_id("r"))
        .unwrap();
    let found = moved.store.query_latest_synthesis("SPEC-945", &Stage::Unlock).unwrap().unwrap();
    assert_eq!(
        (found.output_markdown.as_str(), found.status.as_str(), found.run_id.as_deref()),
        ("# Go", "ok", Some("r"))
    );
    assert_answers(&moved.store, &moved.old);
    // The latest of each spec and stage is the one that it was.
    for row in values(
        &moved.path,
        "SELECT spec_id, stage, max(id) FROM consensus_synthesis GROUP BY spec_id, stage",
    ) {
        let [Value::Text(spec), Value::Text(stage), Value::Integer(id)] = row.as_slice() else {
            panic!("{row:?}")
        };
        let latest =
            moved.store.query_latest_synthesis(spec, &Stage::from(stage.as_str())).unwrap();
        assert_eq!(latest.map(|synthesis| synthesis.id), Some(*id), "{spec} {stage}");
    }
}

#[test]
fn test_write_path_cutover_multiple_artifacts_new_schema() {
    let moved = moved();
    let runs = count(&moved.path, "consensus_runs").unwrap();
    let mut ids = Vec::new();
    for n in 1..=5 {
        let agent = format!("agent-{n}");
        let artifact =
            NewArtifact::new("SPEC-945", Stage::Plan, agent, format!("{{\"n\":{n}}}")).run_id("r");
        ids.push(moved.store.store_artifact(&artifact).unwrap());
    }
    assert_eq!(count(&moved.path, "agent_outputs"), Some(moved.outputs + 5));
    // One run, not one for each.
    assert_eq!(count(&moved.path, "consensus_runs"), Some(runs + 1));
    let found = moved.store.query_artifacts("SPEC-945", &Stage::Plan).unwrap();
    let found: Vec<(i64, &str, &str)> = found
        .iter()
        .rev()
        .map(|artifact| (artifact.id, &*artifact.agent_name, &*artifact.content_json))
        .collect();
    let expected: Vec<(i64, String, String)> = ids
        .into_iter()
        .zip(1..)
        .map(|(id, n)| (id, format!("agent-{n}"), format!("{{\"n\":{n}}}")))
        .collect();
    let expected: Vec<(i64, &str, &str)> =
        expected.iter().map(|(id, agent, content)| (*id, &**agent, &**content)).collect();
    assert_eq!(found, expected);
    moved.assert_old_is_frozen();
}

#[test]
fn test_write_path_cutover_zero_data_loss() {
    let moved = moved();
    let mut written = Vec::new();
    for n in 0..30 {
        let spec = format!("SPEC-{}", n % 3);
        let stage = Stage::KNOWN[n % 6].clone();
        let content = format!("{{\"n\":{n}}}");
        let mut artifact = NewArtifact::new(&*spec, stage.clone(), "claude", &*content);
        if n % 2 == 0 {
            artifact = artifact.run_id("run").response_text("r");
        }
        let id = moved.store.store_artifact(&artifact).unwrap();
        // At once, by the API and by another program's SQL.
        let there = moved.store.query_artifacts(&spec, &stage).unwrap();
        assert_eq!(there.first().map(|artifact| artifact.id), Some(id));
        let sql = format!("SELECT content FROM agent_outputs WHERE id = {id}");
        assert_eq!(values(&moved.path, &sql), [vec![text(&content)]]);
        written.push((spec, stage, id));
    }
    assert_answers(&moved.store, &moved.old);
    // Nothing is lost by a rollback either: the old tables get all of it.
    go(&moved.path, Phase::DualWrite);
    assert_answers(&moved.store, &moved.old);
    let [artifacts, syntheses] = old_rows(&moved.path);
    assert_eq!(artifacts.len(), moved.old[0].len() + written.len());
    assert_eq!(syntheses, moved.old[1]);
    for (_, _, id) in &written {
        let there = artifacts.iter().filter(|row| row[0] == Value::Integer(*id)).count();
        assert_eq!(there, 1, "{id}");
    }
    for (spec, stage, id) in written {
        let found = moved.store.query_artifacts(&spec, &stage).unwrap();
        assert_eq!(found.iter().filter(|artifact| artifact.id == id).count(), 1);
    }
}

#[test]
fn test_write_path_cutover_consistency_under_load() {
    let moved = moved();
    let ids: Vec<i64> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = &moved.store;
                scope.spawn(move || {
                    (0..20)
                        .map(|n| {
                            let content = format!("{writer}-{n}");
                            let artifact =
                                NewArtifact::new("SPEC-LOAD", Stage::Plan, "claude", content)
                                    .run_id(format!("run-{}", n % 5));
                            store.store_artifact(&artifact).unwrap()
                        })
                        .collect::<Vec<i64>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 80, "an id was given twice");
    let found = moved.store.query_artifacts("SPEC-LOAD", &Stage::Plan).unwrap();
    let mut contents: Vec<&str> =
        found.iter().map(|artifact| artifact.content_json.as_str()).collect();
    contents.sort_unstable();
    let mut expected: Vec<String> =
        (0..4).flat_map(|writer| (0..20).map(move |n| format!("{writer}-{n}"))).collect();
    expected.sort_unstable();
    assert_eq!(contents, expected);
    assert_eq!(
        values(&moved.path, "SELECT count(*) FROM consensus_runs WHERE spec_id = 'SPEC-LOAD'"),
        [vec![Value::Integer(5)]]
    );
    moved.assert_old_is_frozen();
}

#[test]
fn test_write_path_cutover_stage_specific_isolation() {
    let moved = moved();
    for stage in [Stage::Plan, Stage::Implement, Stage::Validate, Stage::from("spec-deploy")] {
        let content = format!("for {stage}");
        let artifact = NewArtifact::new("SPEC-945", stage, "claude", content).run_id("same-run");
        moved.store.store_artifact(&artifact).unwrap();
    }
    for stage in [Stage::Plan, Stage::Implement, Stage::Validate, Stage::from("spec-deploy")] {
        let found = moved.store.query_artifacts("SPEC-945", &stage).unwrap();
        let [artifact] = found.as_slice() else { panic!("{stage}: {found:?}") };
        assert_eq!(artifact.content_json, format!("for {stage}"));
        assert_eq!(artifact.stage, stage);
    }
    assert_eq!(moved.store.query_artifacts("SPEC-945", &Stage::Audit).unwrap(), []);
    assert_eq!(moved.store.delete_stage_artifacts("SPEC-945", &Stage::Plan).unwrap(), 1);
    assert_eq!(moved.store.count_artifacts("SPEC-945").unwrap(), 3);
    moved.assert_old_is_frozen();
}
