//! An operation that is about to be done, once, to be copied for each trial.

use std::path::PathBuf;

use faults::Report;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::operations::{DAMAGE, Operation, WRITES};
use crate::scene::Scene;
use crate::trial::{ROUNDS, Trial};
use crate::twins::{Twin, copy};

/// An operation that is about to be done, to be copied for each trial.
pub(crate) struct Prepared {
    pub(crate) scene: &'static Scene,
    pub(crate) operation: Operation,
    db: PathBuf,
    pub(crate) file: PathBuf,
    /// What the tables should hold after each round of writes.
    pub(crate) twins: Vec<Twin>,
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
                command => drop(trial.run(command, None, None).0.exits(0)),
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
        let _ = outcome.exits(0);
        trial.is_finished("a run without faults");
        report
    }
}

/// A directory in memory, where there is one: that the disk is slow shows nothing.
fn directory() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}
