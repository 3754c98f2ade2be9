//! One run of an operation with one fault, and the recovery from it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use faults::{Fault, Orders, Report, Writing};
use tempfile::TempDir;
use testkit::Running;
use testkit::program::Outcome;

use crate::prepared::Prepared;
use crate::twins::Twin;

/// Rounds of writes: before the operation, after the crash, after it was finished.
pub(crate) const ROUNDS: usize = 3;

/// One copy of the database.
pub(crate) struct Trial<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) db: PathBuf,
    /// Whether its disk syncs nothing.
    pub(crate) lying: bool,
    /// Where it lies, if that goes with it.
    pub(crate) _dir: Option<TempDir>,
}

impl Trial<'_> {
    /// Starts a command under orders.
    pub(crate) fn spawn(
        &self,
        command: &str,
        fault: Option<Fault>,
        writing: Option<&Writing>,
    ) -> Running {
        let orders = Orders {
            db: self.db.clone(),
            report: self.beside("report"),
            fault,
            lying: self.lying,
            writing: writing.cloned(),
        };
        Running::spawn(
            Command::new(env!("CARGO_BIN_EXE_faulty-cutover"))
                .args(self.words(command))
                .env("CUTOVER_DB", &self.db)
                .env("NO_COLOR", "1")
                .env(faults::orders::VARIABLE, serde_json::to_string(&orders).unwrap()),
        )
    }

    /// Runs a command under orders to its end, or to that of its process.
    pub(crate) fn run(
        &self,
        command: &str,
        fault: Option<Fault>,
        writing: Option<&Writing>,
    ) -> (Outcome, Report) {
        let _ = std::fs::remove_file(self.beside("report"));
        let outcome = self.spawn(command, fault, writing).wait(Duration::from_secs(60));
        (outcome, self.report())
    }

    pub(crate) fn report(&self) -> Report {
        let text = std::fs::read_to_string(self.beside("report")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.db.with_extension(suffix)
    }

    /// What the tables should hold after a round of writes.
    pub(crate) fn twin(&self, round: usize) -> &Twin {
        &self.prepared.twins[round]
    }

    /// All that must be true after a crash. Gives whether the fault struck.
    pub(crate) fn crash(&self, fault: Fault) -> bool {
        let (outcome, report) = self.run(self.prepared.operation.command, Some(fault), None);
        let what = format!(
            "{} in {}, {fault:?}: {:?}, exit code {:?}\n{}",
            self.prepared.operation.command,
            self.db.display(),
            report.struck,
            outcome.code,
            outcome.stderr
        );
        // It is ended by a signal, or it says what is wrong; and it is done if it says so.
        assert!([None, Some(0), Some(1), Some(4), Some(5)].contains(&outcome.code), "{what}");
        assert!(
            outcome.code != Some(0) || self.standing().phase == self.prepared.operation.done(),
            "{what}"
        );
        assert!(outcome.code == Some(0) || !report.struck.is_empty(), "{what}");
        assert!(!outcome.stderr.contains("panicked"), "{what}");
        self.recovers(&what);
        !report.struck.is_empty()
    }

    /// That the database is whole, programs go on, and the same command finishes.
    pub(crate) fn recovers(&self, what: &str) {
        self.recovers_with(&self.prepared.twins, what);
    }

    /// As [`recovers`](Self::recovers), after an application has written and logged it.
    pub(crate) fn recovers_as_logged(&self, what: &str) {
        let (scene, dir) = (self.prepared.scene, self.db.parent().unwrap());
        let replayed = testkit::Twin::of(&self.prepared.twins[0].old);
        replayed.apply_log(&self.db);
        let mut twins = vec![Twin::new(scene, &replayed.path(), dir, 0)];
        for round in 1..ROUNDS {
            let next = twins[round - 1].next(scene, dir, round);
            twins.push(next);
        }
        self.recovers_with(&twins, what);
    }

    fn recovers_with(&self, twins: &[Twin], what: &str) {
        let operation = &self.prepared.operation;
        let found = self.standing().phase;
        assert!(operation.phases.contains(&found.as_str()), "left in {found}: {what}");
        self.compare(&twins[0], operation.damaged(), what);
        self.programs_write(1);
        self.compare(&twins[1], operation.damaged(), &format!("{what}, then programs wrote"));
        self.finish(what);
        self.is_finished(what);
        self.compare(&twins[1], false, &format!("{what}, then finished"));
        self.programs_write(2);
        self.compare(&twins[2], false, &format!("{what}, finished, then programs wrote"));
    }

    /// Runs the same command again.
    pub(crate) fn finish(&self, what: &str) {
        let command = self.prepared.operation.command;
        let outcome = self.plain(command);
        assert_eq!(outcome.code, Some(0), "run again: {}\nafter {what}", outcome.stderr);
    }

    /// Runs a command without orders.
    pub(crate) fn plain(&self, command: &str) -> Outcome {
        Running::spawn(
            Command::new(env!("CARGO_BIN_EXE_faulty-cutover"))
                .args(self.words(command))
                .env("CUTOVER_DB", &self.db)
                .env("NO_COLOR", "1"),
        )
        .wait(Duration::from_secs(60))
    }

    /// The words of a command; `FILE` stands for the migration's file, `BACKUP` for one
    /// beside the database.
    pub(crate) fn words(&self, command: &str) -> Vec<String> {
        let word = |word| match word {
            "FILE" => self.prepared.file.to_str().unwrap().to_owned(),
            "BACKUP" => self.beside("backup").to_str().unwrap().to_owned(),
            word => str::to_owned(word),
        };
        command.split_whitespace().map(word).collect()
    }
}
