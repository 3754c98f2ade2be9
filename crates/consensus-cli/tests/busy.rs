//! Locked files, Ctrl-C, and many processes at a time.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use consensus_store::sample::{Shape, populate};

use testkit::program::{Outcome, Signal, signal};

use super::support::{Bench, STEPS};

fn spawn(bench: &Bench, line: &str) -> Child {
    let mut command = bench.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Outcome {
    Outcome::ended(child)
}

/// Another program holds a transaction open for longer than a command waits.
#[test]
fn a_store_that_stays_locked_is_busy() {
    let bench = Bench::legacy();
    let before = bench.export();
    let conn = bench.open();
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let lines = [
        "put artifact --spec S-1 --stage spec-plan --agent a",
        "put synthesis --spec S-1 --stage spec-plan --status ok",
        "delete --spec S-1 --yes",
        "prune --older-than 1d",
        "specs",
        "migrate start",
        "migrate status",
    ];
    let children: Vec<_> = lines.iter().map(|line| spawn(&bench, line)).collect();
    for (line, child) in lines.iter().zip(children) {
        let ran = ended(child).exits(4);
        assert!(ran.stderr.contains("locked"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
    }
    conn.execute_batch("COMMIT").unwrap();
    assert_eq!(bench.export(), before);
    bench.run(lines[0]).exits(0);
}

/// In WAL mode who reads waits for nobody.
#[test]
fn a_writer_at_work_holds_no_reader_up() {
    let bench = Bench::fresh();
    let conn = bench.open();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    for line in ["specs", "show --spec S-1 --stage spec-plan", "stats", "export"] {
        bench.run(line).exits(0);
    }
    conn.execute_batch("COMMIT").unwrap();
}

/// The file is missing when the first of them comes, and each gets an id of its own.
#[test]
fn many_processes_store_at_a_time() {
    let bench = Bench::empty();
    let put = "put artifact --spec S-1 --stage spec-plan --agent";
    let children: Vec<_> = (0..16).map(|n| spawn(&bench, &format!("{put} agent-{n}"))).collect();
    let ids: BTreeSet<_> =
        children.into_iter().map(|child| ended(child).exits(0).number()).collect();
    assert_eq!(ids, (1..=16).collect());
    assert_eq!(bench.number("SELECT count(DISTINCT agent_name) FROM agent_outputs"), 16);
}

/// Programs go on storing while the store is taken to its new tables and back.
#[test]
fn storing_goes_on_through_the_migration() {
    let bench = Bench::legacy();
    let mut stored = 0;
    let there = |bench: &Bench| {
        let shown = bench.run("show --spec S-live --stage spec-plan").exits(0).json();
        shown["artifacts"].as_array().unwrap().len()
    };
    let steps =
        ["migrate start", "migrate advance --to new-only", "migrate rollback --to dual-write"];
    for step in steps.iter().chain(&["migrate advance --to new-only", STEPS[4]]) {
        let mut operator = spawn(&bench, step);
        while operator.try_wait().unwrap().is_none() {
            bench.put("S-live", "claude", "{}").exits(0);
            stored += 1;
        }
        ended(operator).exits(0);
        assert_eq!(there(&bench), stored, "{step}");
    }
}

#[test]
fn ctrl_c_stops_a_backfill_and_the_next_call_goes_on() {
    let bench = Bench::empty();
    let conn = bench.open();
    conn.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    conn.execute_batch(consensus_store::LEGACY_SCHEMA).unwrap();
    populate(&conn, 100_000, 7, Shape::Small).unwrap();
    bench.run("migrate start --no-backfill").exits(0);
    let first = spawn(&bench, "migrate backfill --actor alice");
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.run("migrate status --json").exits(0).json()["lease"]["actor"] != "alice" {
        assert!(Instant::now() < deadline, "never took the lease");
    }
    signal(first.id(), Signal::INT);
    let ran = ended(first).exits(1);
    assert!(ran.stderr.contains("the next call resumes"), "{}", ran.stderr);
    let status = bench.run("migrate status --json").exits(0).json();
    assert_eq!(status["backfill"]["complete"], false);
    bench.run("migrate backfill --fast").exits(0);
    bench.run("migrate verify").exits(0);
}
