//! The process stands still at some statement, beyond its lease. Another operator takes
//! over and finishes. The first one, woken, writes nothing more.

use std::time::{Duration, Instant};

use faults::{Effect, Point};
use rusqlite::Connection;
use testkit::Running;
use testkit::program::Signal;

use crate::operations::{self, Operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{once, sample};
use crate::trial::Trial;

/// How a process that stood still came out of it.
#[derive(Debug, PartialEq, Eq)]
enum Met {
    /// It ended before it came to the point.
    Nothing,
    /// It held the write lock: nobody could have taken over.
    Locked,
    /// Another operator took over.
    Overtaken,
}

/// Waits until the process has stopped itself, or ended.
fn stands_still(process: &mut Running, trial: &Trial<'_>) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        // The state follows the name, which is in parentheses.
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap_or_default();
        let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
        if state == Some('T') && !trial.report().struck.is_empty() {
            return true;
        }
        if !process.is_running() {
            return false;
        }
        assert!(Instant::now() < deadline, "it neither stops nor ends");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All that is in the database, in an order of its own.
fn contents(trial: &Trial<'_>) -> String {
    let output = std::process::Command::new("sqlite3")
        .args(["-batch", "-init", "/dev/null"])
        .arg(&trial.db)
        .arg(".dump")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Stops the operation at a statement.
fn stopped_at(prepared: &Prepared, n: u64) -> Met {
    let trial = prepared.trial();
    let command = prepared.operation.command;
    let mut first = trial.spawn(command, Some(once(Point::Statement, n, Effect::Stop)), None);
    if !stands_still(&mut first, &trial) {
        let _ = first.wait(Duration::from_secs(60)).exits(0);
        return Met::Nothing;
    }
    let what = format!("{command} stopped at {:?}", trial.report().struck);
    let wake = |first: &Running| {
        first.signal(Signal::CONT);
    };
    let conn = Connection::open(&trial.db).unwrap();
    conn.busy_timeout(Duration::ZERO).unwrap();
    if conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err() {
        wake(&first);
        let _ = first.wait(Duration::from_secs(60)).exits(0);
        trial.recovers(&what);
        return Met::Locked;
    }
    // Half a minute later. The table may not be there yet.
    let held = conn.execute("UPDATE _cutover_lease SET expires_ms = 0", []).unwrap_or(0);
    drop(conn);
    trial.finish(&what);
    trial.is_finished(&what);
    trial.programs_write(1);
    let before = contents(&trial);

    wake(&first);
    let outcome = first.wait(Duration::from_secs(60));
    let what = format!("{what}; woken it exits with {:?}\n{}", outcome.code, outcome.stderr);
    if held == 1 {
        let after = contents(&trial);
        let written: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
        assert!(after == before, "it wrote {written:?}: {what}");
        // At its last statement, the one that gives the lease up, all of its work is done.
        assert!([Some(4), Some(0)].contains(&outcome.code), "{what}");
    }
    trial.judge(1, false, &what);
    trial.is_finished(&what);
    trial.programs_write(2);
    trial.judge(2, false, &what);
    Met::Overtaken
}

fn stopped(operation: Operation) {
    let prepared = Prepared::new(&LIBRARY, operation, Journal::Wal);
    let census = prepared.census();
    // Just after a commit nobody has the lock.
    let mut points: Vec<u64> = census.commits.iter().map(|n| n + 1).collect();
    points.extend(sample(&census, Point::Statement, 6, 9));
    points.sort_unstable();
    points.dedup();
    let met: Vec<Met> = points.iter().map(|n| stopped_at(&prepared, *n)).collect();
    let overtaken = met.iter().filter(|met| **met == Met::Overtaken).count();
    assert!(overtaken > 2, "{}: overtaken {overtaken} times: {met:?}", operation.command);
}

#[test]
fn backfill() {
    stopped(operations::BACKFILL);
}

#[test]
fn repair() {
    stopped(operations::REPAIR);
}

#[test]
fn start() {
    stopped(operations::START);
}

#[test]
fn to_write_new() {
    stopped(operations::TO_WRITE_NEW);
}

#[test]
fn to_new_only() {
    stopped(operations::TO_NEW_ONLY);
}

#[test]
fn retire() {
    stopped(operations::RETIRE);
}

#[test]
fn back_to_write_new() {
    stopped(operations::BACK_TO_WRITE_NEW);
}

#[test]
fn abort() {
    stopped(operations::ABORT);
}
