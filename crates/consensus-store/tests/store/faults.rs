//! What a dual write made by hand got wrong when it was run. One test each, which fails
//! against that behaviour.

use consensus_store::{Error, NewArtifact, NewSynthesis, Stage, Store};
use cutover::Phase;
use rusqlite::types::Value;

use crate::store::support::{Files, count, go, raw, values};

fn artifact(spec: &str) -> NewArtifact<'_> {
    NewArtifact::new(spec, Stage::Plan, "claude", "{}")
}

/// In each phase, a store that was brought there with old rows in it.
fn in_each_phase(check: impl Fn(Phase, &std::path::Path, &Store)) {
    let files = Files::new();
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"), 60);
        go(&path, phase);
        check(phase, &path, &Store::open(&path).unwrap());
    }
}

#[test]
fn response_text_and_run_id_are_kept() {
    in_each_phase(|phase, _, store| {
        store.store_artifact(&artifact("S").response_text("all of it").run_id("run-7")).unwrap();
        let found = store.query_artifacts("S", &Stage::Plan).unwrap().remove(0);
        assert_eq!(found.response_text.as_deref(), Some("all of it"), "{phase}");
        assert_eq!(found.run_id.as_deref(), Some("run-7"), "{phase}");
    });
}

#[test]
fn a_new_row_hides_no_old_ones() {
    let files = Files::new();
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"), 0);
        let insert = "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json) \
                      VALUES ('S', 'spec-plan', 'old', '{}')";
        raw(&path).execute(insert, ()).unwrap();
        go(&path, phase);
        let store = Store::open(&path).unwrap();
        store.store_artifact(&artifact("S")).unwrap();
        let found = store.query_artifacts("S", &Stage::Plan).unwrap();
        let agents: Vec<&str> = found.iter().map(|found| found.agent_name.as_str()).collect();
        assert_eq!(agents, ["claude", "old"], "{phase}");
    }
}

#[test]
fn count_list_and_delete_see_what_was_written_last() {
    in_each_phase(|phase, _, store| {
        let specs = store.list_specs().unwrap().len();
        store.store_artifact(&artifact("SPEC-LAST")).unwrap();
        store.store_artifact(&artifact("SPEC-LAST")).unwrap();
        assert_eq!(store.count_artifacts("SPEC-LAST").unwrap(), 2, "{phase}");
        assert_eq!(store.list_specs().unwrap().len(), specs + 1, "{phase}");
        let before = store.stats().unwrap().artifacts;
        assert_eq!(store.delete_spec_artifacts("SPEC-LAST").unwrap(), 2, "{phase}");
        assert_eq!(store.stats().unwrap().artifacts, before - 2, "{phase}");
        assert_eq!(store.count_artifacts("SPEC-LAST").unwrap(), 0, "{phase}");
        assert_eq!(store.list_specs().unwrap().len(), specs, "{phase}");
    });
}

#[test]
fn writes_of_one_millisecond_keep_apart() {
    in_each_phase(|phase, _, store| {
        for n in 0..40 {
            // Two specs and two runs, all at the same instant.
            let spec = format!("SPEC-{}", n % 2);
            let run = format!("run-{}", n / 2 % 2);
            let content = n.to_string();
            let artifact = NewArtifact::new(&*spec, Stage::Audit, "claude", &*content)
                .run_id(&*run)
                .created_at_ms(1_751_328_000_000);
            store.store_artifact(&artifact).unwrap();
        }
        for spec in 0..2 {
            let found = store.query_artifacts(&format!("SPEC-{spec}"), &Stage::Audit).unwrap();
            let found: Vec<(String, Option<String>)> =
                found.into_iter().rev().map(|found| (found.content_json, found.run_id)).collect();
            let expected: Vec<(String, Option<String>)> = (0..40)
                .filter(|n| n % 2 == spec)
                .map(|n| (n.to_string(), Some(format!("run-{}", n / 2 % 2))))
                .collect();
            assert_eq!(found, expected, "{phase}");
        }
    });
}

#[test]
fn a_run_is_one_row() {
    in_each_phase(|phase, path, store| {
        for _ in 0..4 {
            store.store_artifact(&artifact("S").run_id("one")).unwrap();
            store.store_artifact(&artifact("S")).unwrap();
        }
        store
            .store_synthesis(&NewSynthesis::new("S", Stage::Plan, "#", "ok").run_id("one"))
            .unwrap();
        let runs = "SELECT run_label FROM consensus_runs WHERE spec_id = 'S' ORDER BY run_label";
        if phase != Phase::Legacy {
            let one = vec![Value::Text("one".to_owned())];
            assert_eq!(values(path, runs), [vec![Value::Null], one], "{phase}");
        }
        let summary = store.summaries().unwrap().into_iter().find(|of| of.spec_id == "S").unwrap();
        assert_eq!((summary.runs, summary.artifacts, summary.syntheses), (2, 8, 1), "{phase}");
    });
}

#[test]
fn the_latest_synthesis_outlives_another_artifact() {
    in_each_phase(|phase, _, store| {
        let synthesis = NewSynthesis::new("S", Stage::Plan, "# kept", "ok").run_id("one");
        store.store_synthesis(&synthesis).unwrap();
        for run in ["one", "two"] {
            store.store_artifact(&artifact("S").run_id(run)).unwrap();
        }
        store.store_artifact(&artifact("S")).unwrap();
        let latest = store.query_latest_synthesis("S", &Stage::Plan).unwrap().unwrap();
        assert_eq!(latest.output_markdown, "# kept", "{phase}");
    });
}

/// Makes every second write of the store's fail: that of the output, after its run's; that
/// of the mirror, after the old row's.
fn break_second_write(path: &std::path::Path) {
    raw(path)
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON agent_outputs \
             WHEN NEW.agent_name = 'claude' BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
}

#[test]
fn a_run_and_its_output_are_one_transaction() {
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    break_second_write(&path);
    assert!(store.store_artifact(&artifact("S").run_id("one")).is_err());
    assert_eq!(count(&path, "consensus_runs"), Some(0));
    assert_eq!(store.summaries().unwrap(), []);
}

#[test]
fn a_failed_second_write_fails_the_call() {
    let files = Files::new();
    for phase in [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew] {
        let path = files.legacy(&format!("{phase}.db"), 60);
        go(&path, phase);
        let store = Store::open(&path).unwrap();
        break_second_write(&path);
        let error = store.store_artifact(&artifact("S")).unwrap_err();
        assert!(matches!(error, Error::Database { .. }), "{phase}: {error:?}");
        for table in ["consensus_artifacts", "consensus_runs"] {
            let sql = format!("SELECT count(*) FROM {table} WHERE spec_id = 'S'");
            assert_eq!(values(&path, &sql), [vec![Value::Integer(0)]], "{phase}");
        }
    }
}

/// A runtime made for a call panics inside a runtime, and leaks threads outside of one.
#[test]
fn a_call_makes_no_runtime() {
    let files = Files::new();
    let path = files.path("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&path).unwrap();
        store.store_artifact(&artifact("S")).unwrap();
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        for _ in 0..50 {
            store.store_artifact(&artifact("S")).unwrap();
            store.query_artifacts("S", &Stage::Plan).unwrap();
        }
        // Other tests come and go in this process; fifty runtimes would show all the same.
        assert!(threads() < before + 50, "{before} threads became {}", threads());
        assert_eq!(store.count_artifacts("S").unwrap(), 51);
    });
}
