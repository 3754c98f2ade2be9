//! `delete`, `prune` and `compact`.

use serde_json::json;

use super::support::{Bench, STEPS};

/// Two specs, two stages of one of them, and a synthesis of each.
fn bench() -> Bench {
    let bench = Bench::empty();
    for (spec, stage) in [("S-1", "spec-plan"), ("S-1", "spec-tasks"), ("S-2", "spec-plan")] {
        let of = format!("--spec {spec} --stage {stage}");
        for agent in ["claude", "gemini"] {
            bench.run(&format!("put artifact {of} --agent {agent}")).exits(0);
        }
        bench.run(&format!("put synthesis {of} --status ok")).exits(0);
    }
    bench
}

/// (artifacts, syntheses) of each spec and stage that is left.
fn left(bench: &Bench) -> Vec<(String, i64, i64)> {
    let specs = bench.run("specs").exits(0).json();
    specs
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let name = format!("{} {}", row["spec_id"], row["stage"]).replace('"', "");
            (name, row["artifacts"].as_i64().unwrap(), row["syntheses"].as_i64().unwrap())
        })
        .collect()
}

fn row(name: &str, artifacts: i64, syntheses: i64) -> (String, i64, i64) {
    (name.to_owned(), artifacts, syntheses)
}

#[test]
fn delete_takes_what_was_named_and_nothing_else() {
    let bench = bench();
    let ran = bench.run("delete --spec S-1 --stage spec-plan --artifacts-only --yes").exits(0);
    assert_eq!(ran.stdout, "deleted 2 artifacts and 0 syntheses of spec S-1, stage spec-plan\n");
    assert_eq!(
        left(&bench),
        [row("S-1 spec-plan", 0, 1), row("S-1 spec-tasks", 2, 1), row("S-2 spec-plan", 2, 1)]
    );
    let ran = bench.run("delete --spec S-2 --artifacts-only --yes --json").exits(0);
    assert_eq!(ran.json(), json!({"artifacts": 2, "syntheses": 0}));
    let ran = bench.run("delete --spec S-1 --stage spec-tasks --yes --json").exits(0);
    assert_eq!(ran.json(), json!({"artifacts": 2, "syntheses": 1}));
    let ran = bench.run("delete --spec S-1 --yes --json").exits(0);
    assert_eq!(ran.json(), json!({"artifacts": 0, "syntheses": 1}));
    assert_eq!(left(&bench), [row("S-2 spec-plan", 0, 1)]);
    // Done twice is done once.
    let ran = bench.run("delete --spec S-1 --yes --json").exits(0);
    assert_eq!(ran.json(), json!({"artifacts": 0, "syntheses": 0}));
}

/// Where nobody can be asked nothing goes without having been confirmed.
#[test]
fn delete_is_refused_where_it_is_not_confirmed() {
    let bench = bench();
    let before = bench.export();
    for stdin in ["", "y\n", "yes\n"] {
        let ran = bench.run_with("delete --spec S-1", stdin.as_bytes()).exits(3);
        assert!(ran.stderr.contains("4 artifacts and 2 syntheses of spec S-1"), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: add --yes"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let ran = bench.run("delete --spec S-1 --json").exits(3);
    assert_eq!(ran.json()["kind"], "refused");
    assert_eq!(bench.export(), before);
    // A spec that isn't there needs no confirmation.
    bench.run("delete --spec S-404").exits(0);
}

/// Through all phases: what is deleted through the store is gone on both sides.
#[test]
fn delete_and_prune_work_in_every_phase() {
    let bench = Bench::legacy();
    for step in STEPS {
        bench.run(step).exits(0);
        bench.put("S-gone", "claude", "{}").exits(0);
        bench.run("put synthesis --spec S-gone --stage spec-plan --status ok").exits(0);
        let before = bench.export();
        let ran = bench.run("prune --older-than 2000-01-01 --json").exits(0).json();
        assert_eq!((&ran["artifacts"], &ran["syntheses"]), (&json!(0), &json!(0)), "{step}");
        assert_eq!(bench.export(), before, "{step}");
        let ran = bench.run("delete --spec S-gone --yes --json").exits(0).json();
        assert_eq!(ran, json!({"artifacts": 1, "syntheses": 1}), "{step}");
        assert!(!bench.export().contains("S-gone"), "{step}");
        if step != STEPS[4] {
            bench.run("migrate verify").exits(0);
        }
    }
}

/// The sample's rows are of 2025; what is stored now is not.
#[test]
fn prune_takes_what_is_older() {
    let bench = Bench::legacy();
    bench.put("S-now", "claude", "{}").exits(0);
    let at = |time: &str| {
        bench.number(&format!(
            "SELECT (SELECT count(*) FROM consensus_artifacts WHERE {time}) +
                    (SELECT count(*) FROM consensus_synthesis WHERE {time})"
        ))
    };
    let unreadable = "julianday(created_at) IS NULL OR typeof(created_at) <> 'text'";
    let (all, no_time) = (at("1"), at(unreadable));
    assert!(no_time > 0, "the sample has rows without a time");
    let ran = bench.run("prune --older-than 1d --json").exits(0).json();
    let pruned = ran["artifacts"].as_i64().unwrap() + ran["syntheses"].as_i64().unwrap();
    assert!(pruned > 0 && pruned < all, "{ran}");
    assert!(ran["older_than"].as_str().unwrap().ends_with('Z'), "{ran}");
    assert_eq!(ran.get("freed_bytes"), None);
    assert_eq!(at("1"), all - pruned);
    let specs = bench.run("specs").exits(0).json();
    assert!(specs.as_array().unwrap().iter().any(|row| row["spec_id"] == "S-now"), "{specs}");
    // Done twice is done once.
    let again = bench.run("prune --older-than 1d --json").exits(0).json();
    assert_eq!((&again["artifacts"], &again["syntheses"]), (&json!(0), &json!(0)));
}

#[test]
fn space_is_given_back() {
    let bench = Bench::empty();
    let bytes = || std::fs::metadata(bench.path("store.db")).unwrap().len();
    let fill = || {
        for spec in ["S-1", "S-2"] {
            bench.put(spec, "claude", &"x".repeat(1_000_000)).exits(0);
        }
        bench.run("delete --spec S-1 --yes").exits(0);
    };
    fill();
    let free = bench.run("stats").exits(0).json()["free_bytes"].as_u64().unwrap();
    assert!(free > 900_000, "{free}");
    let ran = bench.run("compact --json").exits(0).json();
    assert_eq!(ran["freed_bytes"], free);
    assert_eq!(ran["free_bytes"], 0);
    assert!(bytes() < 1_200_000, "{}", bytes());
    fill();
    let ran = bench.run("compact --full").exits(0);
    assert!(ran.stdout.ends_with("given back\n"), "{}", ran.stdout);
    let ran = bench.run("prune --older-than 0s --vacuum --json").exits(0).json();
    assert_ne!(ran["artifacts"], 0);
    assert!(ran["freed_bytes"].as_u64().unwrap() > 900_000, "{ran}");
    assert!(bytes() < 100_000, "{}", bytes());
}

/// Files of old programs were not made for it: the way out is named.
#[test]
fn a_legacy_file_is_compacted_by_writing_it_anew() {
    let bench = Bench::legacy();
    bench.run("prune --older-than 1d").exits(0);
    let ran = bench.run("compact").exits(0);
    assert_eq!(ran.suggested("consensus"), ["compact --full --db store.db"], "{}", ran.stdout);
    let rows = bench.export();
    let freed = bench.run("compact --full --json").exits(0).json();
    assert!(freed["freed_bytes"].as_u64().unwrap() > 0, "{freed}");
    assert_eq!(bench.export(), rows);
}
