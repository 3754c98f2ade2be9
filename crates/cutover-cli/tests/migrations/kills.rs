//! `kill -9` at any moment. Whatever the moment, the database is whole and in a phase
//! that the command passes; the same command finishes what was begun; and nothing that
//! any program wrote is lost.

use std::time::{Duration, Instant};

use testkit::{Case, Side, Writer, cases};

use crate::migrations::stage::{Rehearsed, Stage, assert_integrity};
use crate::scene::json;

/// How many moments are tried for each command.
const KILLS: u32 = 7;

/// A command, and from where to where it leads.
struct Act {
    case: Case,
    rows: u64,
    /// What leads to the phase before it.
    steps: &'static [&'static [&'static str]],
    command: &'static [&'static str],
    /// The phases it may be found in after a kill; the one it leads to first.
    phases: &'static [&'static str],
}

impl Act {
    /// Kills the command at moments spread over the time it takes.
    fn kill_again_and_again(&self) {
        let rehearsed = Rehearsed::new(self.case, self.rows, self.steps);
        let takes = self.unkilled(&rehearsed);
        let hits = (0..KILLS).filter(|&n| {
            let at = (f64::from(n) + jitter(n)) / f64::from(KILLS);
            self.killed(&rehearsed, takes.mul_f64(at))
        });
        assert!(hits.count() > 1, "{:?} was never killed at work", self.command);
    }

    fn done(&self) -> &str {
        self.phases[0]
    }

    fn unkilled(&self, rehearsed: &Rehearsed) -> Duration {
        let mut stage = rehearsed.stage();
        stage.raise_curtain();
        let began = Instant::now();
        stage.run(&stage.arguments(self.command));
        let takes = began.elapsed();
        stage.drop_curtain();
        assert_eq!(stage.phase(), self.done());
        stage.judge("a run that was not killed");
        takes
    }

    /// Gives whether it was still at work.
    fn killed(&self, rehearsed: &Rehearsed, delay: Duration) -> bool {
        let what = format!("{:?} killed after {delay:?}", self.command);
        let mut stage = rehearsed.stage();
        stage.raise_curtain();
        let outcome = stage.cutover.spawn(&stage.arguments(self.command)).kill_after(delay);
        assert_integrity(&stage.db);
        let phase = phase_by_status(&stage);
        assert!(self.phases.contains(&phase.as_str()), "{what}: in {phase}");
        assert_eq!(stage.phase(), phase, "{what}");

        // Programs go on as if nothing had happened.
        stage.drop_curtain();
        if !half_dropped(&stage) {
            stage.judge(&what);
        }
        stage.raise_curtain();
        let gone = self.command == ["abort"] && !is_recorded(&stage);
        if !gone {
            stage.run(&stage.arguments(self.command));
        }
        stage.drop_curtain();
        assert_eq!(stage.phase(), self.done(), "{what}");
        stage.judge(&format!("{what}, and run again"));
        let status = stage.cutover.run(&["status", "--json"]);
        if self.done() != "legacy" {
            assert_eq!(json(&status)["lease"], serde_json::Value::Null, "{what}");
        }
        outcome.code.is_none()
    }
}

/// A number from 0 to 1 that differs from kill to kill, and not from run to run.
fn jitter(n: u32) -> f64 {
    f64::from(n.wrapping_mul(0x9E37_79B9) >> 16) / 65_536.0
}

fn is_recorded(stage: &Stage) -> bool {
    stage.cutover.run(&["status"]).code == Some(0)
}

/// The phase as `status` tells it; a migration that is not there is in `legacy`.
fn phase_by_status(stage: &Stage) -> String {
    let outcome = stage.cutover.run(&["status", "--json"]);
    match outcome.code {
        Some(0) => json(&outcome)["phase"].as_str().unwrap().to_owned(),
        Some(5) => "legacy".to_owned(),
        _ => panic!("status after a kill: {}", outcome.stderr),
    }
}

/// Whether new tables are filled only in part: then there is nothing to compare yet.
fn half_dropped(stage: &Stage) -> bool {
    let status = stage.cutover.run(&["status", "--json"]);
    status.code == Some(0) && json(&status)["backfill"]["complete"] == false
}

#[test]
fn start() {
    for (case, rows) in [(cases::split::CASE, 4_000), (cases::consensus::CASE, 1_000)] {
        Act { case, rows, steps: &[], command: &["start"], phases: &["dual-write", "legacy"] }
            .kill_again_and_again();
    }
}

#[test]
fn backfill() {
    Act {
        case: cases::normalize::CASE,
        rows: 4_000,
        steps: &[&["start", "--no-backfill"]],
        command: &["backfill"],
        phases: &["dual-write"],
    }
    .kill_again_and_again();
}

#[test]
fn advance_to_read_new() {
    Act {
        case: cases::split::CASE,
        rows: 2_000,
        steps: &[&["start"]],
        command: &["advance", "--to", "read-new"],
        phases: &["read-new", "dual-write"],
    }
    .kill_again_and_again();
}

#[test]
fn advance_to_write_new() {
    Act {
        case: cases::consensus::CASE,
        rows: 1_000,
        steps: &[&["start"], &["advance"]],
        command: &["advance", "--to", "write-new"],
        phases: &["write-new", "read-new"],
    }
    .kill_again_and_again();
}

#[test]
fn advance_to_new_only() {
    Act {
        case: cases::merge::CASE,
        rows: 4_000,
        steps: &[&["start"], &["advance", "--to", "write-new"]],
        command: &["advance", "--to", "new-only"],
        phases: &["new-only", "write-new"],
    }
    .kill_again_and_again();
}

#[test]
fn advance_all_the_way() {
    Act {
        case: cases::row_wise::CASE,
        rows: 2_000,
        steps: &[&["start"]],
        command: &["advance", "--to", "new-only"],
        phases: &["new-only", "dual-write", "read-new", "write-new"],
    }
    .kill_again_and_again();
}

#[test]
fn rollback_from_new_only() {
    for (case, rows) in [(cases::normalize::CASE, 4_000), (cases::consensus::CASE, 1_000)] {
        Act {
            case,
            rows,
            steps: &[&["start"], &["advance", "--to", "new-only"]],
            command: &["rollback", "--to", "dual-write"],
            phases: &["dual-write", "read-new", "write-new", "new-only"],
        }
        .kill_again_and_again();
    }
}

#[test]
fn abort() {
    Act {
        case: cases::split::CASE,
        rows: 4_000,
        steps: &[&["start"]],
        command: &["abort"],
        phases: &["legacy", "dual-write"],
    }
    .kill_again_and_again();
}

#[test]
fn retire() {
    Act {
        case: cases::consensus::CASE,
        rows: 1_000,
        steps: &[&["start"], &["advance", "--to", "new-only"]],
        command: &["advance", "--to", "retired", "--yes"],
        phases: &["retired", "new-only"],
    }
    .kill_again_and_again();
}

/// The way out of a start that was killed is the same command, or `abort`.
#[test]
fn abort_after_a_killed_start() {
    let rehearsed = Rehearsed::new(cases::split::CASE, 4_000, &[]);
    let stage = rehearsed.stage();
    let began = Instant::now();
    stage.run(&stage.arguments(&["start"]));
    let takes = began.elapsed();
    for n in 0..KILLS {
        let mut stage = rehearsed.stage();
        let before = stage.schema();
        let delay = takes.mul_f64((f64::from(n) + jitter(n)) / f64::from(KILLS));
        stage.raise_curtain();
        let _ = stage.cutover.spawn(&stage.arguments(&["start"])).kill_after(delay);
        if is_recorded(&stage) {
            stage.run(&["abort"]);
        }
        stage.drop_curtain();
        assert_eq!(stage.schema(), before, "killed after {delay:?}");
        stage.judge("abort");
    }
}

/// Whoever starts again after a killed abort either gets what is asked for, or a
/// refusal that says what to do.
#[test]
fn start_after_a_killed_abort() {
    let rehearsed = Rehearsed::new(cases::split::CASE, 4_000, &[&["start"]]);
    let stage = rehearsed.stage();
    let began = Instant::now();
    stage.run(&["abort"]);
    let takes = began.elapsed();
    for n in 0..KILLS {
        let mut stage = rehearsed.stage();
        let delay = takes.mul_f64((f64::from(n) + jitter(n)) / f64::from(KILLS));
        stage.raise_curtain();
        let _ = stage.cutover.spawn(&["abort"]).kill_after(delay);
        let outcome = stage.cutover.run(&stage.arguments(&["start"]));
        if outcome.code == Some(3) {
            assert!(outcome.stderr.contains("abort"), "{}", outcome.stderr);
            stage.run(&["abort"]);
            stage.run(&stage.arguments(&["start"]));
        } else {
            assert_eq!(outcome.code, Some(0), "killed after {delay:?}: {}", outcome.stderr);
        }
        stage.drop_curtain();
        assert_eq!(stage.phase(), "dual-write");
        stage.judge("start after a killed abort");
    }
}

#[test]
fn a_writer_killed_inside_its_transaction_leaves_nothing() {
    for (steps, side) in [
        (&[&["start"][..]][..], Side::Old),
        (&[&["start"], &["advance", "--to", "write-new"]], Side::New),
    ] {
        let mut stage = Rehearsed::new(cases::consensus::CASE, 300, steps).stage();
        for seed in 0..4 {
            let mut writer = Writer::new(&stage.db, &format!("victim {seed}"), stage.case.workload)
                .new_workload(stage.case.new_workload)
                .side(side.clone())
                .seed(seed)
                .hold(Duration::from_millis(120))
                .spawn();
            writer.wait_for(1);
            // It holds the lock nearly all of the time.
            std::thread::sleep(Duration::from_millis(60 + 31 * seed));
            let report = writer.kill();
            report.assert_clean();
            report.assert_durable();
            stage.twin.apply_log(&stage.db);
            stage.judge("a killed writer");
        }
        stage.raise_curtain();
        stage.drop_curtain();
        stage.judge("others, after a killed writer");
    }
}
