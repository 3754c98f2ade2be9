//! A database, a migration file, and the binary on both.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::program::{Outcome, command};

pub(crate) struct Bench {
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) fn empty() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// `app.db` from SQL, and `moved.sql`.
    pub(crate) fn new(setup: &str, migration: &str) -> Self {
        let bench = Self::empty();
        bench.open().execute_batch(setup).unwrap();
        std::fs::write(bench.path("moved.sql"), migration).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// Runs the binary in the directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = command(env!("CARGO_BIN_EXE_cutover"), self.dir.path(), "");
        Outcome::of(command.args(arguments).output().unwrap())
    }

    /// `check --fuzz` as JSON.
    pub(crate) fn fuzz(&self, file: &Path, statements: u64, seed: u64) -> Outcome {
        let (statements, seed) = (statements.to_string(), seed.to_string());
        let file = file.to_str().unwrap();
        self.run(&[
            "check",
            file,
            "--db",
            "app.db",
            "--fuzz",
            &statements,
            "--seed",
            &seed,
            "--json",
        ])
    }
}
