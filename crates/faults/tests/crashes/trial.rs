//! One run of an operation with one fault, and the judgement of what it leaves.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use faults::{Fault, Orders, Report, Writing};
use rusqlite::{Connection, OptionalExtension as _};
use tempfile::TempDir;
use testkit::Running;
use testkit::process::Outcome;

use crate::operations::{DAMAGE, Operation, WRITES};
use crate::scene::Scene;
use crate::twins::{Twin, copy};

/// Rounds of writes: before the operation, after the crash, after it was finished.
const ROUNDS: usize = 3;

/// An operation that is about to be done, to be copied for each trial.
pub(crate) struct Prepared {
    pub(crate) scene: &'static Scene,
    pub(crate) operation: Operation,
    db: PathBuf,
    file: PathBuf,
    twins: Vec<Twin>,
    dir: TempDir,
}

/// The journal mode that the application has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journal {
    Wal,
    Rollback,
}

impl Prepared {
    pub(crate) fn new(scene: &'static Scene, operation: Operation, journal: Journal) -> Self {
        let dir = directory();
        let (db, file) =
            (dir.path().join("live.db"), dir.path().join(format!("{}.sql", scene.name)));
        std::fs::write(&file, scene.migration).unwrap();
        scene.create(&db);
        if journal == Journal::Rollback {
            let conn = Connection::open(&db).unwrap();
            conn.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
        }
        let mut twins = vec![Twin::new(scene, &db, dir.path(), ROUNDS)];
        if operation.steps.contains(&WRITES) {
            twins.push(twins[0].next(scene, dir.path(), 0));
        }
        for round in 1..ROUNDS {
            let next = twins[twins.len() - 1].next(scene, dir.path(), round);
            twins.push(next);
        }
        let twins = twins.split_off(twins.len() - ROUNDS);
        let prepared = Self { scene, operation, db, file, twins, dir };
        let trial =
            Trial { prepared: &prepared, db: prepared.db.clone(), lying: false, _dir: None };
        for step in operation.steps {
            match *step {
                WRITES => trial.programs_write(0),
                DAMAGE => trial.damage(),
                command => drop(trial.run(command, None, None).0.expect_code(0)),
            }
        }
        prepared
    }

    /// A copy to break.
    pub(crate) fn trial(&self) -> Trial<'_> {
        let dir = TempDir::new_in(self.dir.path()).unwrap();
        let db = dir.path().join("live.db");
        copy(&self.db, &db);
        Trial { prepared: self, db, lying: false, _dir: Some(dir) }
    }

    /// What the operation meets when nothing goes wrong.
    pub(crate) fn census(&self) -> Report {
        let trial = self.trial();
        let (outcome, report) = trial.run(self.operation.command, None, None);
        let _ = outcome.expect_code(0);
        trial.is_finished("a run without faults");
        report
    }
}

/// One copy of the database.
pub(crate) struct Trial<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) db: PathBuf,
    /// Whether its disk syncs nothing.
    pub(crate) lying: bool,
    _dir: Option<TempDir>,
}

/// Where the migration is, by the engine's own tables.
pub(crate) struct Standing {
    pub(crate) phase: String,
    /// Whether there is a migration at all.
    pub(crate) recorded: bool,
    /// Whether the passes over the mirror are complete.
    complete: bool,
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
        if command == "abort" && !self.standing().recorded {
            return;
        }
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

    /// The words of a command; `FILE` stands for the migration's file.
    pub(crate) fn words<'w>(&'w self, command: &'w str) -> Vec<&'w str> {
        let file = self.prepared.file.to_str().unwrap();
        command.split_whitespace().map(|word| if word == "FILE" { file } else { word }).collect()
    }

    pub(crate) fn is_finished(&self, what: &str) {
        let operation = &self.prepared.operation;
        let standing = self.standing();
        assert_eq!(standing.phase, operation.done(), "{what}");
        let conn = Connection::open(&self.db).unwrap();
        if operation.leaves() {
            let ours = names(
                &conn,
                "name LIKE '\\_cutover\\_%' ESCAPE '\\' OR name LIKE 'cutover\\_live%' ESCAPE '\\'",
            );
            let left: Vec<_> = ours
                .into_iter()
                .chain(
                    self.prepared
                        .scene
                        .new_tables
                        .iter()
                        .flat_map(|table| names(&conn, &format!("name = '{table}'"))),
                )
                .collect();
            assert!(left.is_empty(), "left behind: {left:?} after {what}");
            return;
        }
        let (held, pending): (i64, i64) = conn
            .query_row(
                "SELECT (SELECT count(*) FROM _cutover_lease), \
                 (SELECT count(*) FROM _cutover_migrations WHERE pending IS NOT NULL)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!((held, pending), (0, 0), "a lease or a task is left after {what}");
        let notes = names(&conn, "name GLOB '_cutover_*_touch*'");
        assert!(notes.is_empty(), "notes of a gate are left: {notes:?} after {what}");
    }

    pub(crate) fn standing(&self) -> Standing {
        let conn = Connection::open(&self.db).unwrap();
        let none = || Standing { phase: "legacy".to_owned(), recorded: false, complete: false };
        if names(&conn, "name = '_cutover_migrations'").is_empty() {
            return none();
        }
        let sql = "SELECT phase, NOT EXISTS (SELECT 1 FROM _cutover_passes WHERE complete = 0) \
                   FROM _cutover_migrations";
        conn.query_row(sql, [], |row| {
            Ok(Standing { phase: row.get(0)?, recorded: true, complete: row.get(1)? })
        })
        .optional()
        .unwrap()
        .unwrap_or_else(none)
    }

    /// Compares all that can be compared with the twin of a round, and looks into the
    /// file.
    #[track_caller]
    pub(crate) fn judge(&self, round: usize, damaged: bool, what: &str) {
        self.compare(&self.prepared.twins[round], damaged, what);
    }

    #[track_caller]
    fn compare(&self, twin: &Twin, damaged: bool, what: &str) {
        let scene = self.prepared.scene;
        let Standing { phase, complete, .. } = self.standing();
        let conn = Connection::open(&self.db).unwrap();
        let mut found = Vec::new();
        let verdict: String =
            conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        if verdict != "ok" {
            found.push(verdict);
        }
        if !["new-only", "retired"].contains(&phase.as_str()) {
            found.extend(twin.old_differences(scene, &conn));
        }
        if phase != "legacy" {
            found.extend(twin.live_view_differences(scene, &conn));
        }
        let mirror = ["dual-write", "read-new"].contains(&phase.as_str());
        if phase != "legacy" && !damaged {
            if mirror && !complete {
                found.extend(twin.rows_that_should_not_be(scene, &conn));
            } else {
                found.extend(twin.new_differences(scene, &conn));
            }
        }
        assert!(found.is_empty(), "in {phase}:\n{}\nafter {what}", found.join("\n"));
    }

    /// A round of writes by a program of its own, to the side that takes writes.
    pub(crate) fn programs_write(&self, round: usize) {
        let scene = self.prepared.scene;
        let Standing { phase, complete, .. } = self.standing();
        let script = match phase.as_str() {
            "legacy" | "dual-write" | "read-new" => scene.old_writes(round),
            _ => scene.new_writes(round),
        };
        // While the mirror is being filled, a row's image may lack the one it refers to.
        let foreign_keys = if complete { "ON" } else { "OFF" };
        let script = format!("PRAGMA foreign_keys = {foreign_keys}; {script}");
        // Each program has another SQLite than ours.
        let mut program =
            if round == 1 { shell(&self.db, &script) } else { python(&self.db, &script) };
        let outcome = Running::spawn(&mut program).wait(Duration::from_secs(60));
        assert!(
            outcome.code == Some(0) && outcome.stderr.is_empty(),
            "a program can't write in {phase}, round {round}: {}\n{}",
            outcome.stderr,
            self.db.display()
        );
    }

    /// Breaks the mirror, around its guards.
    fn damage(&self) {
        let conn = Connection::open(&self.db).unwrap();
        let flags = names(&conn, "name GLOB '_cutover_*_syncing'");
        let open = |depth: u8| format!("UPDATE \"{}\" SET depth = {depth};", flags[0]);
        let script =
            format!("BEGIN; {} {} {} COMMIT;", open(1), self.prepared.scene.damage, open(0));
        conn.execute_batch(&script).unwrap();
        assert_eq!(self.plain("verify").code, Some(1), "the damage is seen");
    }
}

/// A directory in memory, where there is one: that the disk is slow shows nothing.
fn directory() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn names(conn: &Connection, condition: &str) -> Vec<String> {
    let mut statement =
        conn.prepare(&format!("SELECT name FROM sqlite_schema WHERE {condition}")).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

fn shell(db: &Path, script: &str) -> Command {
    let mut command = Command::new("sqlite3");
    command.args(["-batch", "-bail", "-init", "/dev/null", "-cmd", ".timeout 20000"]).arg(db);
    command.arg(script);
    command
}

const PYTHON: &str = "
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
conn.executescript(sys.argv[2])
";

fn python(db: &Path, script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-S", "-c", PYTHON]).arg(db).arg(script);
    command
}
