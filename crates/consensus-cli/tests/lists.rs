//! `specs`, `show` and `stats`: JSON for programs, tables where they are asked for.

use serde_json::{Value, json};

use testkit::Outcome;

use super::support::{Bench, stages};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn specs_counts_what_sql_counts() {
    let bench = Bench::legacy();
    let specs = bench.run("specs").exits(0).json();
    let sum = |key: &str| -> i64 {
        specs.as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap()).sum()
    };
    assert_eq!(sum("artifacts"), bench.number("SELECT count(*) FROM consensus_artifacts"));
    assert_eq!(sum("syntheses"), bench.number("SELECT count(*) FROM consensus_synthesis"));
    let of_both = "FROM (SELECT spec_id, stage, run_id FROM consensus_artifacts
                         UNION SELECT spec_id, stage, run_id FROM consensus_synthesis)";
    assert_eq!(sum("runs"), bench.number(&format!("SELECT count(*) {of_both}")));
    let stages = i64::try_from(stages(&specs).len()).unwrap();
    let distinct = format!("SELECT count(*) FROM (SELECT DISTINCT spec_id, stage {of_both})");
    assert_eq!(stages, bench.number(&distinct));
    assert_eq!(
        keys(&specs[0]),
        ["artifacts", "latest_ms", "runs", "spec_id", "stage", "syntheses"]
    );
}

/// A pipe gets JSON without asking, and a table when it asks for one.
#[test]
fn lists_are_json_where_there_is_no_terminal() {
    let bench = Bench::fresh();
    for line in ["specs", "stats", "show --spec S-1 --stage spec-plan"] {
        let ran = bench.run(line).exits(0);
        ran.json();
        assert_eq!(bench.run(&format!("{line} --json")).exits(0).stdout, ran.stdout);
        let table = bench.run(&format!("{line} --table")).exits(0).stdout;
        assert!(serde_json::from_str::<Value>(&table).is_err(), "{line}: {table}");
        assert!(!table.contains('\u{1b}'), "{table:?}");
    }
    let specs = bench.run("specs --table").exits(0).stdout;
    assert!(specs.starts_with("spec   stage       artifacts"), "{specs}");
    assert!(specs.contains("S-1    spec-plan"), "{specs}");
}

#[test]
fn show_gives_every_artifact_and_the_latest_synthesis() {
    let bench = Bench::legacy();
    let specs = bench.run("specs").exits(0).json();
    let (mut artifacts, mut syntheses) = (0, 0);
    for (spec, stage) in stages(&specs) {
        let show = |rest: &[&str]| {
            let mut command = bench.command("show");
            command.args(["--spec", &spec, "--stage", &stage]).args(rest);
            Outcome::of(command.output().unwrap()).exits(0)
        };
        let shown = show(&[]).json();
        let all = show(&["--all-syntheses"]).json();
        assert_eq!(keys(&shown), ["artifacts", "spec_id", "stage", "synthesis"]);
        assert_eq!(shown["artifacts"], all["artifacts"]);
        assert_eq!(shown["synthesis"], *all["syntheses"].get(0).unwrap_or(&Value::Null));
        artifacts += all["artifacts"].as_array().unwrap().len();
        syntheses += all["syntheses"].as_array().unwrap().len();
        // Tables of hostile texts, which a terminal would obey.
        for rest in [&["--table"][..], &["--table", "--full", "--all-syntheses"]] {
            let table = show(rest).stdout;
            let hostile = |c: char| c.is_control() && c != '\n' && c != '\t';
            assert!(!table.contains(hostile), "{spec:?} {stage:?}: {table:?}");
        }
    }
    let count = |table: &str| bench.number(&format!("SELECT count(*) FROM {table}"));
    assert_eq!(i64::try_from(artifacts).unwrap(), count("consensus_artifacts"));
    assert_eq!(i64::try_from(syntheses).unwrap(), count("consensus_synthesis"));
}

/// The table shortens; `--full` and JSON don't.
#[test]
fn whole_texts_are_shown_where_they_are_asked_for() {
    let bench = Bench::empty();
    let content = format!("begin\n{} end", "word ".repeat(2_000));
    bench.put("S-1", "claude", &content).exits(0);
    let long = format!("# Title\n\n{} end", "text ".repeat(2_000));
    let put = "put synthesis --spec S-1 --stage spec-plan --status conflict --conflicts order";
    bench.run_with(put, long.as_bytes()).exits(0);
    let show = |rest: &str| {
        bench.run(&format!("show --spec S-1 --stage spec-plan {rest}")).exits(0).stdout
    };
    let table = show("--table");
    assert!(table.contains("begin word") && table.contains('…'), "{table}");
    assert!(!table.contains("end"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let full = show("--table --full");
    for text in [content.as_str(), long.as_str(), "conflicts: order", "artifact 1  claude"] {
        assert!(full.contains(text), "{full}");
    }
    assert_eq!(
        serde_json::from_str::<Value>(&show("")).unwrap()["artifacts"][0]["content_json"],
        content
    );
}

/// Nothing found is an answer, not a failure; what there is instead is a command away.
#[test]
fn an_unknown_spec_gives_an_empty_answer_and_a_note() {
    let bench = Bench::fresh();
    for (spec, stage) in [("S-404", "spec-plan"), ("S-1", "spec-audit"), ("S-1", "no-stage")] {
        let ran = bench.run(&format!("show --spec {spec} --stage {stage}")).exits(0);
        let nothing = json!({"spec_id": spec, "stage": stage, "artifacts": [], "synthesis": null});
        assert_eq!(ran.json(), nothing);
        assert!(ran.stderr.contains("specs --db store.db"), "{}", ran.stderr);
        let table = bench.run(&format!("show --spec {spec} --stage {stage} --table")).exits(0);
        assert_eq!(table.stdout, "");
    }
}

#[test]
fn an_empty_store_says_how_to_begin() {
    let bench = Bench::fresh();
    bench.run("delete --spec S-1 --yes").exits(0);
    let ran = bench.run("specs").exits(0);
    assert_eq!(ran.json(), json!([]));
    assert!(ran.stderr.contains("put artifact --help"), "{}", ran.stderr);
    assert_eq!(bench.run("specs --table").exits(0).stdout, "");
}

#[test]
fn stats_are_those_of_the_file() {
    let bench = Bench::legacy();
    let stats = bench.run("stats").exits(0).json();
    assert_eq!(stats["artifacts"], bench.number("SELECT count(*) FROM consensus_artifacts"));
    assert_eq!(stats["syntheses"], bench.number("SELECT count(*) FROM consensus_synthesis"));
    assert_eq!(stats["page_bytes"], bench.number("PRAGMA page_size"));
    assert_eq!(stats["file_bytes"], std::fs::metadata(bench.path("store.db")).unwrap().len());
    let table = bench.run("stats --table").exits(0).stdout;
    for word in ["store.db", "artifacts    300", "journal", "SQLite"] {
        assert!(table.contains(word), "{word}: {table}");
    }
}
