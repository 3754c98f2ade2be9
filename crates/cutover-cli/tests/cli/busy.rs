//! A second operator, a locked database, and Ctrl-C in the middle of work.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use testkit::program::{Outcome, Signal, signal};

use super::support::Bench;

/// Enough rows for a backfill that can be met at work.
const ROWS: i64 = 100_000;

/// A backfill at work, which has the lease; under a ceiling, so that it takes two seconds on any
/// machine.
#[expect(clippy::zombie_processes, reason = "the callers wait for it")]
fn backfill(bench: &Bench) -> Child {
    bench.run("start split-address.sql --no-backfill --db app.db").exits(0);
    bench.run("pace --rows-per-second 50000 --db app.db").exits(0);
    let child = bench
        .command("backfill --db app.db --actor alice")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let status = bench.run("status --db app.db --json").exits(0).json();
        if status["lease"]["actor"] == "alice" {
            return child;
        }
        assert!(Instant::now() < deadline, "never took the lease: {status}");
    }
}

/// Stops a process so that it can't finish meanwhile, at a moment when it has the
/// lease and not the write lock: with that, others would see a locked database.
fn stop_without_the_write_lock(bench: &Bench, process: &Child) {
    let conn = bench.open();
    conn.busy_timeout(Duration::ZERO).unwrap();
    let free = || conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok();
    loop {
        signal(process.id(), Signal::STOP);
        if free() {
            return;
        }
        signal(process.id(), Signal::CONT);
        std::thread::sleep(Duration::from_micros(700));
    }
}

#[test]
fn a_second_operator_is_told_who_the_first_is() {
    let bench = Bench::with_clients(ROWS);
    let mut first = backfill(&bench);
    stop_without_the_write_lock(&bench, &first);
    let second = bench.run("advance --db app.db").exits(4);
    assert!(second.stderr.contains("alice"), "{}", second.stderr);
    let pid = first.id().to_string();
    assert!(second.stderr.contains(&pid), "{}", second.stderr);
    assert!(second.stderr.contains("hint: "), "{}", second.stderr);
    // Reading needs no lease.
    let status = bench.run("status --db app.db").exits(0);
    assert!(status.stdout.contains("alice"), "{}", status.stdout);
    bench.run("history --db app.db").exits(0);
    signal(first.id(), Signal::CONT);
    assert!(first.wait().unwrap().success());
    bench.run("advance --db app.db").exits(0);
}

#[test]
fn ctrl_c_stops_a_backfill_and_the_next_call_goes_on() {
    let bench = Bench::with_clients(ROWS);
    let first = backfill(&bench);
    signal(first.id(), Signal::INT);
    let ran = Outcome::ended(first).exits(1);
    assert!(ran.stderr.contains("the next call resumes"), "{}", ran.stderr);
    let status = bench.run("status --db app.db --json").exits(0).json();
    assert_eq!(status["lease"], serde_json::Value::Null);
    assert_eq!(status["backfill"]["complete"], false);
    bench.run("backfill --fast --db app.db").exits(0);
    bench.run("verify --db app.db").exits(0);
}

#[test]
fn a_database_that_stays_locked_is_busy() {
    let bench = Bench::new();
    let before = bench.dump();
    let conn = bench.open();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = bench.run("start split-address.sql --db app.db").exits(4);
    assert!(ran.stderr.contains("locked"), "{}", ran.stderr);
    conn.execute_batch("COMMIT").unwrap();
    assert_eq!(bench.dump(), before);
    bench.run("start split-address.sql --db app.db").exits(0);
}
