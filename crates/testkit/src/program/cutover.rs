//! The `cutover` binary.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Outcome, Running};

/// The `cutover` binary at work on one database.
#[derive(Debug, Clone)]
pub struct Cutover {
    binary: PathBuf,
    db: PathBuf,
}

impl Cutover {
    /// `binary` is `env!("CARGO_BIN_EXE_cutover")` in the tests of the crate that has
    /// it.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, db: &Path) -> Self {
        Self { binary: binary.into(), db: db.to_owned() }
    }

    /// The binary that `CUTOVER_BIN` names.
    #[must_use]
    pub fn from_env(db: &Path) -> Self {
        let binary = std::env::var_os("CUTOVER_BIN").expect("CUTOVER_BIN names the cutover binary");
        Self::new(binary, db)
    }

    /// Starts a command; the database is given by `CUTOVER_DB`.
    #[must_use]
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        Running::spawn(
            Command::new(&self.binary)
                .args(arguments)
                .env("CUTOVER_DB", &self.db)
                .env("NO_COLOR", "1"),
        )
    }

    /// Runs a command to its end. Panics after two minutes.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.spawn(arguments).wait(Duration::from_secs(120))
    }
}
