//! Pause, resume and pace, from another terminal.

use serde_json::Value;

use super::bench::{Bench, ended, interrupt};

fn done(status: &Value) -> u64 {
    status["work"]["done"].as_u64().unwrap()
}

#[test]
fn a_backfill_waits_and_goes_on_as_it_is_told() {
    let bench = Bench::new(60_000);
    bench.run("start split.sql --no-backfill").exits(0);
    bench.run("pace --rows-per-second 2000 --actor mei").exits(0);
    let backfill = bench.spawn("backfill --actor ann");
    let early = bench.until("under way", |status| {
        status["work"]["work"] == "backfill" && status["work"]["done"] != 0
    });
    assert_eq!(early["lease"]["actor"], "ann");
    assert_eq!(early["control"]["pace"]["rows_per_second"], 2000);

    bench.run("pause --actor mei").exits(0);
    let paused = bench.until("paused", |status| status["work"]["waiting"] == "paused");
    assert_eq!(paused["control"]["paused"], true);
    assert_eq!(paused["control"]["actor"], "mei");
    // Each row goes into two tables: of both together as large a share is done.
    let share = paused["backfill"]["done"].as_u64().unwrap() * 2;
    assert!(share.abs_diff(done(&paused)) <= 2, "{paused:#}");
    // Programs are served as before, and both schemas stay in step.
    bench.writes("INSERT OR REPLACE INTO clients VALUES (7, 'seven', 'Ely')");
    bench.writes("DELETE FROM clients WHERE id BETWEEN 100 AND 120");
    assert_eq!(done(&bench.status()), done(&paused), "it stands still");

    bench.run("resume").exits(0);
    bench.until("going on", |status| done(status) > done(&paused));
    bench.run("pace --fast").exits(0);
    let ran = ended(backfill).exits(0);
    // The command can be pasted.
    assert!(ran.stderr.contains("paused; continue with `"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cutover resume`"), "{}", ran.stderr);
    assert_eq!(bench.status()["backfill"]["complete"], true);
    bench.is_the_twin();
    let history = bench.run("history --json").exits(0).json();
    let events: Vec<&str> =
        history.as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "pace", "pause", "resume", "pace", "backfill-complete"]);
    bench.run("rollback").exits(3);
    bench.run("abort").exits(0);
}

/// What is asked for holds for work that begins later.
#[test]
fn work_that_begins_waits_too() {
    let bench = Bench::new(500);
    bench.run("start split.sql --no-backfill").exits(0);
    let said = bench.run("pause").exits(0);
    assert!(said.stdout.contains("cutover resume"), "{}", said.stdout);
    let backfill = bench.spawn("backfill");
    let waiting = bench.until("waiting", |status| status["work"]["waiting"] == "paused");
    assert_eq!(done(&waiting), 0);
    // One that waits can be stopped like any other, and loses nothing.
    interrupt(&backfill);
    ended(backfill).exits(1);
    assert_eq!(bench.status()["work"], Value::Null);
    let backfill = bench.spawn("backfill");
    bench.until("waiting again", |status| status["work"]["waiting"] == "paused");
    bench.run("resume").exits(0);
    ended(backfill).exits(0);
    bench.is_the_twin();
}

/// An operator that was killed while it stood still holds nobody up.
#[test]
fn a_killed_operator_leaves_what_was_asked_for() {
    let bench = Bench::new(500);
    bench.run("start split.sql --no-backfill").exits(0);
    bench.run("pause").exits(0);
    let backfill = bench.spawn("backfill");
    bench.until("waiting", |status| status["work"]["waiting"] == "paused");
    let _ = backfill.kill();
    let status = bench.status();
    assert_eq!(status["control"]["paused"], true);
    bench.run("resume").exits(0);
    bench.run("backfill").exits(0);
    bench.is_the_twin();
}

#[test]
fn asking_twice_is_asking_once_and_showing_changes_nothing() {
    let bench = Bench::new(20);
    bench.run("start split.sql").exits(0);
    for _ in 0..2 {
        bench.run("pause").exits(0);
    }
    let shown = bench.run("pace --json").exits(0).json();
    assert_eq!(shown["paused"], true);
    assert_eq!(shown["pace"], Value::Null);
    let history = bench.run("history --json").exits(0).json();
    let pauses = history.as_array().unwrap().iter().filter(|entry| entry["event"] == "pause");
    assert_eq!(pauses.count(), 1);
    // As each command was told.
    bench.run("pace --stall 3").exits(0);
    assert_eq!(bench.status()["control"]["pace"]["stall_ms"], 3.0);
    bench.run("pace --own").exits(0);
    assert_eq!(bench.status()["control"]["pace"], Value::Null);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let bench = Bench::new(20);
    bench.run("pause").exits(5);
    bench.run("start split.sql").exits(0);
    for line in
        ["pace --stall 0", "pace --stall many", "pace --rows-per-second 0", "pace --fast --gentle"]
    {
        bench.run(line).exits(2);
    }
    bench.run("advance --to retired --yes").exits(0);
    let refused = bench.run("pause").exits(3);
    assert!(refused.stderr.contains("no work to control"), "{}", refused.stderr);
}
