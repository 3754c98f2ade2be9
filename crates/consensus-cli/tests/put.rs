//! Storing artifacts and syntheses: where the texts come from, and the ids as SQL sees them.

use serde_json::json;

use testkit::Outcome;

use super::support::{Bench, STEPS};

/// What the store has of `S-9` in `spec-audit`.
fn shown(bench: &Bench) -> serde_json::Value {
    bench.run("show --spec S-9 --stage spec-audit").exits(0).json()
}

#[test]
fn everything_that_was_given_is_kept() {
    let bench = Bench::empty();
    bench.write("content.json", "{\"vote\": \"yes\"}");
    bench.write("response.txt", "  a response\nof lines  \n");
    let id = bench
        .run(
            "put artifact --spec S-9 --stage spec-audit --agent claude --run-id run_7 \
             --response response.txt --model opus-5 content.json",
        )
        .exits(0)
        .number();
    let artifact = &shown(&bench)["artifacts"][0];
    for (key, value) in [
        ("id", json!(id)),
        ("spec_id", json!("S-9")),
        ("stage", json!("spec-audit")),
        ("agent_name", json!("claude")),
        ("run_id", json!("run_7")),
        ("model_version", json!("opus-5")),
        ("content_json", json!("{\"vote\": \"yes\"}")),
        ("response_text", json!("  a response\nof lines  \n")),
    ] {
        assert_eq!(artifact[key], value, "{key}");
    }
    bench
        .run_with(
            "put synthesis --spec S-9 --stage spec-audit --status ok --run-id run_7 \
             --output-path docs/plan.md --artifacts-count 1 --agreements all --conflicts none \
             --degraded -",
            b"# The plan\n",
        )
        .exits(0);
    let synthesis = &shown(&bench)["synthesis"];
    for (key, value) in [
        ("output_markdown", json!("# The plan\n")),
        ("status", json!("ok")),
        ("run_id", json!("run_7")),
        ("output_path", json!("docs/plan.md")),
        ("artifacts_count", json!(1)),
        ("agreements", json!("all")),
        ("conflicts", json!("none")),
        ("degraded", json!(true)),
    ] {
        assert_eq!(synthesis[key], value, "{key}");
    }
}

/// Text comes from a file, from `-`, from standard input without being named, and the
/// response from the other.
#[test]
fn texts_come_from_files_or_from_standard_input() {
    let bench = Bench::empty();
    bench.write("content", "from a file");
    let put = "put artifact --spec S-9 --stage spec-audit --agent a";
    for (rest, stdin, content, response) in [
        ("content", "", "from a file", json!(null)),
        ("-", "from -", "from -", json!(null)),
        ("", "from stdin", "from stdin", json!(null)),
        ("content --response -", "response", "from a file", json!("response")),
        ("content --response-text said", "", "from a file", json!("said")),
        ("", "", "", json!(null)),
    ] {
        bench.run_with(&format!("{put} {rest}"), stdin.as_bytes()).exits(0);
        let latest = &shown(&bench)["artifacts"][0];
        assert_eq!(latest["content_json"], content, "{rest}");
        assert_eq!(latest["response_text"], response, "{rest}");
    }
}

/// What agents say is not only JSON and not only short.
#[test]
fn awkward_texts_come_back_as_they_are() {
    let bench = Bench::empty();
    for text in ["not JSON", "'; DROP TABLE agent_outputs; --", "日本語 🎉", "a\0b", "\u{1b}[2J"]
    {
        bench.put("it's \"S\"", "ünï", text).exits(0);
        let mut show = bench.command("show --stage spec-plan");
        let ran = Outcome::of(show.args(["--spec", "it's \"S\""]).output().unwrap()).exits(0);
        assert_eq!(ran.json()["artifacts"][0]["content_json"], text);
        assert_eq!(ran.json()["artifacts"][0]["agent_name"], "ünï");
    }
    let long = "0123456789".repeat(400_000);
    bench
        .run_with("put artifact --spec S-9 --stage spec-audit --agent a", long.as_bytes())
        .exits(0);
    assert_eq!(shown(&bench)["artifacts"][0]["content_json"], long.as_str());
}

const OLD: (&str, &str) = ("consensus_artifacts", "consensus_synthesis");
const NEW: (&str, &str) = ("agent_outputs", "consensus_runs");

/// In every phase the id that is printed is the row's in the tables that writes enter.
#[test]
fn the_printed_id_is_the_one_that_sql_sees() {
    let bench = Bench::legacy();
    let mut seen = Vec::new();
    for (step, (artifacts, syntheses)) in [
        ("specs", OLD),
        (STEPS[0], OLD),
        (STEPS[1], OLD),
        (STEPS[2], NEW),
        (STEPS[3], NEW),
        (STEPS[4], NEW),
    ] {
        bench.run(step).exits(0);
        let id = bench.put("S-9", "claude", "{}").exits(0).number();
        assert_eq!(bench.number(&format!("SELECT max(id) FROM {artifacts}")), id, "{step}");
        let put = "put synthesis --spec S-9 --stage spec-plan --status ok";
        let id_of_synthesis = bench.run_with(put, b"# text").exits(0).number();
        let row = format!(
            "SELECT count(*) FROM {syntheses} WHERE id = {id_of_synthesis} AND spec_id = 'S-9'"
        );
        assert_eq!(bench.number(&row), 1, "{step}");
        seen.insert(0, id);
    }
    let shown = bench.run("show --spec S-9 --stage spec-plan").exits(0).json();
    let ids: Vec<_> =
        shown["artifacts"].as_array().unwrap().iter().map(|a| a["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, seen);
}

#[test]
fn the_id_can_be_had_as_json() {
    let bench = Bench::fresh();
    let ran = bench.run("put artifact --spec S-1 --stage spec-plan --agent a --json").exits(0);
    assert_eq!(ran.json(), json!({"id": 2}));
    let ran = bench.run("put synthesis --spec S-1 --stage spec-plan --status ok --json").exits(0);
    assert!(ran.json()["id"].is_i64(), "{}", ran.stdout);
}

#[test]
fn a_stage_that_is_not_known_is_kept_and_noted() {
    let bench = Bench::empty();
    let ran = bench.run("put artifact --spec S-1 --stage plan --agent a").exits(0);
    assert_eq!(ran.number(), 1);
    for name in ["note: `plan`", "spec-plan", "spec-unlock"] {
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
    }
    let ran = bench.run("put synthesis --spec S-1 --stage plan --status ok").exits(0);
    assert!(ran.stderr.contains("note: "), "{}", ran.stderr);
    let shown = bench.run("show --spec S-1 --stage plan").exits(0);
    assert_eq!(shown.json()["artifacts"][0]["stage"], "plan");
    assert_eq!(shown.stderr, "");
    assert_eq!(bench.put("S-1", "a", "").exits(0).stderr, "");
}

/// The old tables have no column for it: it is refused, not dropped.
#[test]
fn a_model_is_refused_until_there_is_a_place_for_it() {
    let bench = Bench::legacy();
    let before = bench.export();
    let line = "put artifact --spec S-1 --stage spec-plan --agent a --model m";
    let ran = bench.run(line).exits(3);
    assert!(ran.stderr.contains("consensus migrate start --db store.db"), "{}", ran.stderr);
    let json = bench.run(&format!("{line} --json")).exits(3).json();
    assert_eq!(json["kind"], "refused");
    assert_eq!(bench.export(), before);
    for step in &STEPS[..3] {
        bench.run(step).exits(0);
    }
    assert_eq!(bench.phase(), "write-new");
    bench.run(line).exits(0);
}
