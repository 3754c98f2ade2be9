//! The same calls on a store that goes through the phases and on its twins, which never
//! move: one on the old tables, one on the new. All must answer alike at every step.

use consensus_store::{Artifact, NewArtifact, NewSynthesis, Stage, StageSummary, Store, Synthesis};
use cutover::{Pace, Phase, Silent};
use fastrand::Rng;

use crate::store::support::{Files, count, go, old_program_is_refused, values};

/// 2025-07-01, in milliseconds.
const EPOCH_MS: i64 = 1_751_328_000_000;

/// All that a caller can see of a store.
#[derive(Debug, PartialEq)]
struct Sight {
    summaries: Vec<StageSummary>,
    specs: Vec<String>,
    counts: Vec<u64>,
    artifacts: Vec<Vec<Artifact>>,
    latest: Vec<Option<Synthesis>>,
    syntheses: Vec<Vec<Synthesis>>,
    totals: (u64, u64, u64, u64),
}

fn look(store: &Store) -> Sight {
    let summaries = store.summaries().unwrap();
    let specs = store.list_specs().unwrap();
    let stats = store.stats().unwrap();
    Sight {
        counts: specs.iter().map(|spec| store.count_artifacts(spec).unwrap()).collect(),
        artifacts: summaries
            .iter()
            .map(|of| store.query_artifacts(&of.spec_id, &of.stage).unwrap())
            .collect(),
        latest: summaries
            .iter()
            .map(|of| store.query_latest_synthesis(&of.spec_id, &of.stage).unwrap())
            .collect(),
        syntheses: summaries
            .iter()
            .map(|of| store.query_syntheses(&of.spec_id, &of.stage).unwrap())
            .collect(),
        totals: (stats.artifacts, stats.syntheses, stats.runs, stats.specs),
        specs,
        summaries,
    }
}

/// A call that changes something.
#[derive(Debug)]
enum Call {
    Artifact(NewArtifact<'static>),
    Synthesis(NewSynthesis<'static>),
    DeleteSpecArtifacts(String),
    DeleteStageArtifacts(String, Stage),
    DeleteSpec(String),
    DeleteStage(String, Stage),
    Prune(i64),
}

fn invent(rng: &mut Rng, n: i64) -> Call {
    let spec = format!("SPEC-{}", rng.u8(0..4));
    let stage = match rng.u8(0..4) {
        0 => Stage::Plan,
        1 => Stage::Audit,
        2 => Stage::from("spec-deploy"),
        _ => Stage::Tasks,
    };
    // Now and then a clock goes back.
    let ms = EPOCH_MS + n * 1000 + rng.i64(-5000..5000);
    let run = ["", "run-1", "Run-1", "r'é\"🦀"][rng.usize(0..4)];
    match rng.u8(0..100) {
        0..55 => {
            let mut artifact =
                NewArtifact::new(spec, stage, "agent", format!("{{\"n\":{n}}}")).created_at_ms(ms);
            if rng.bool() {
                artifact = artifact.run_id(run);
            }
            if rng.bool() {
                artifact = artifact.response_text(format!("response {n}\n\"\\ \u{1}\u{7f} é 🦀"));
            }
            Call::Artifact(artifact)
        }
        55..85 => {
            let status = ["ok", "conflict", "degraded"][rng.usize(0..3)];
            let text = format!("# {n}\n\t\"quoted\" \\ \u{8}\u{1f} / é 🦀 </script>");
            let mut synthesis =
                NewSynthesis::new(spec, stage, text, status).degraded(rng.bool()).created_at_ms(ms);
            if rng.bool() {
                synthesis = synthesis.run_id(run).artifacts_count(3).agreements("[\"a\"]");
            }
            if rng.bool() {
                synthesis = synthesis.output_path("/tmp/é.md").conflicts("not JSON {");
            }
            Call::Synthesis(synthesis)
        }
        85..89 => Call::DeleteSpecArtifacts(spec),
        89..94 => Call::DeleteStageArtifacts(spec, stage),
        94..96 => Call::DeleteSpec(spec),
        96..98 => Call::DeleteStage(spec, stage),
        _ => Call::Prune(EPOCH_MS + rng.i64(0..=n) * 1000),
    }
}

/// Makes a call; gives what it answers, but for the id of a synthesis, which is told
/// apart by phase.
fn make(store: &Store, call: &Call) -> (u64, u64) {
    match call {
        Call::Artifact(artifact) => (store.store_artifact(artifact).unwrap().unsigned_abs(), 0),
        Call::Synthesis(synthesis) => {
            assert!(store.store_synthesis(synthesis).unwrap() > 0);
            (0, 0)
        }
        Call::DeleteSpecArtifacts(spec) => (store.delete_spec_artifacts(spec).unwrap(), 0),
        Call::DeleteStageArtifacts(spec, stage) => {
            (store.delete_stage_artifacts(spec, stage).unwrap(), 0)
        }
        Call::DeleteSpec(spec) => {
            let deleted = store.delete_spec(spec).unwrap();
            (deleted.artifacts, deleted.syntheses)
        }
        Call::DeleteStage(spec, stage) => {
            let deleted = store.delete_stage(spec, stage).unwrap();
            (deleted.artifacts, deleted.syntheses)
        }
        Call::Prune(before) => {
            let deleted = store.prune(*before).unwrap();
            (deleted.artifacts, deleted.syntheses)
        }
    }
}

#[test]
fn every_call_answers_alike_in_every_phase() {
    for seed in 0..4 {
        tour(seed, 150);
    }
}

/// Takes a store through the phases, there and back and there again, with calls in each.
fn tour(seed: u64, old_rows: u64) {
    let files = Files::new();
    let moving = files.legacy("moving.db", old_rows);
    let twin = files.legacy("twin.db", old_rows);
    let store = Store::open(&moving).unwrap();
    let twin = Store::open(&twin).unwrap();
    let mut rng = Rng::with_seed(seed);
    let mut n = 0;
    let mut walk = vec![Phase::Legacy, Phase::DualWrite, Phase::ReadNew, Phase::WriteBoth];
    walk.extend([Phase::WriteNew, Phase::NewOnly, Phase::WriteNew, Phase::WriteBoth]);
    walk.extend([Phase::ReadNew, Phase::DualWrite]);
    walk.extend([Phase::Legacy, Phase::NewOnly, Phase::ReadNew, Phase::NewOnly, Phase::Retired]);
    for phase in walk {
        go(&moving, phase);
        assert_eq!(look(&store), look(&twin), "seed {seed}, entering {phase}");
        for _ in 0..12 {
            n += 1;
            let call = invent(&mut rng, n);
            assert_eq!(make(&store, &call), make(&twin, &call), "seed {seed}, {phase}: {call:?}");
            assert_eq!(look(&store), look(&twin), "seed {seed}, {phase}, after {call:?}");
        }
        if !matches!(phase, Phase::Legacy | Phase::NewOnly | Phase::Retired) {
            let mut migration = store.migration().unwrap();
            let report = migration.verify(Pace::Fast, &mut Silent).unwrap();
            assert!(report.ok, "seed {seed}, {phase}: {report:?}");
        }
    }
}

#[test]
fn a_new_file_answers_as_an_old_one() {
    let files = Files::new();
    let new = Store::open(files.path("new.db")).unwrap();
    let old = Store::open(files.legacy("old.db", 0)).unwrap();
    let mut rng = Rng::with_seed(99);
    for n in 1..200 {
        let call = invent(&mut rng, n);
        assert_eq!(make(&new, &call), make(&old, &call), "{call:?}");
        assert_eq!(look(&new), look(&old), "after {call:?}");
    }
}

/// Stops the operator once the old tables begin to go.
#[derive(Default)]
struct StopWhileEmptying {
    emptying: bool,
}

impl cutover::Watch for StopWhileEmptying {
    fn event(&mut self, event: &cutover::Event) {
        if let cutover::Event::Began { work: cutover::Work::Retire, .. } = event {
            self.emptying = true;
        }
    }

    fn interrupted(&mut self) -> bool {
        self.emptying
    }
}

/// A late program reads what there is while its table is being emptied and afterwards, and no
/// write of its is taken for done: not a DELETE either, whose rows the new tables still have.
#[test]
fn an_old_program_is_served_and_refused_while_its_tables_go() {
    let files = Files::new();
    let path = files.legacy("store.db", 3000);
    go(&path, Phase::NewOnly);
    let store = Store::open(&path).unwrap();
    let before = store.stats().unwrap().artifacts;
    let rows = count(&path, "consensus_artifacts").unwrap();
    let mut migration = store.migration().unwrap();
    let options =
        cutover::AdvanceOptions { to: Some(Phase::Retired), confirmed: true, ..Default::default() };
    migration.advance(&options, &mut StopWhileEmptying::default()).unwrap_err();
    assert_eq!(migration.snapshot().unwrap().phase, Phase::Retired);
    let emptied = "_cutover_1_retired_consensus_artifacts";
    let left = count(&path, emptied).unwrap();
    assert!(left > 0 && left < rows, "the old table is not being emptied");
    // Its name gives the live rows from the first moment on, and refuses writes.
    assert_eq!(count(&path, "consensus_artifacts"), Some(rows));
    old_program_is_refused(&path);
    assert_eq!(count(&path, emptied), Some(left));
    migration.advance(&options, &mut Silent).unwrap();
    assert_eq!(count(&path, emptied), None);
    assert_eq!(count(&path, "consensus_artifacts"), Some(rows));
    old_program_is_refused(&path);
    assert_eq!(store.stats().unwrap().artifacts, before);
    // Nothing of ours is left but the record, the live views and the tombstones.
    let sql = "SELECT name FROM sqlite_schema WHERE name GLOB '_cutover_[0-9]*' \
               AND name NOT GLOB '_cutover_1_tombstone_*'";
    assert_eq!(values(&path, sql), Vec::<Vec<rusqlite::types::Value>>::new());
}
