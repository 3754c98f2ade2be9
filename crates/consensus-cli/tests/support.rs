//! Runs the binary in a directory of its own, on a store there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use consensus_store::LEGACY_SCHEMA;
use consensus_store::sample::{Shape, populate};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::program::{Outcome, command};

/// Enough that most of the awkward kinds of rows are among them.
pub(crate) const ARTIFACTS: u64 = 300;

/// The steps of the whole migration.
pub(crate) const STEPS: [&str; 5] = [
    "migrate start",
    "migrate advance",
    "migrate advance",
    "migrate advance",
    "migrate advance --to retired --yes",
];

/// A directory, and the binary to run there. Its store is `store.db`.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
}

impl Bench {
    /// Without a store.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// With a store that this program made.
    pub(crate) fn fresh() -> Self {
        let bench = Self::empty();
        bench.put("S-1", "claude", "{}").exits(0);
        bench
    }

    /// With a store as old programs left it.
    pub(crate) fn legacy() -> Self {
        let bench = Self::empty();
        let conn = bench.open();
        conn.execute_batch(LEGACY_SCHEMA).unwrap();
        populate(&conn, ARTIFACTS, 7, Shape::Small).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The store, as any program opens it.
    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.path("store.db")).unwrap()
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.open().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// A command line, split at spaces, as it stands.
    pub(crate) fn bare(&self, line: &str) -> Command {
        let mut command = command(binary(), self.dir.path(), line);
        command.env("HOME", self.path("home"));
        command
    }

    /// A command line on `store.db`.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.bare(line);
        command.args(["--db", "store.db"]);
        command
    }

    pub(crate) fn run(&self, line: &str) -> Outcome {
        Outcome::of(self.command(line).output().unwrap())
    }

    pub(crate) fn run_with(&self, line: &str, stdin: &[u8]) -> Outcome {
        given(&mut self.command(line), stdin)
    }

    /// Stores an artifact in the stage `spec-plan`.
    pub(crate) fn put(&self, spec: &str, agent: &str, content: &str) -> Outcome {
        let mut command = self.command("put artifact --stage spec-plan");
        given(command.args(["--spec", spec, "--agent", agent]), content.as_bytes())
    }

    /// Everything the store holds.
    #[track_caller]
    pub(crate) fn export(&self) -> String {
        self.run("export").exits(0).stdout
    }

    pub(crate) fn phase(&self) -> String {
        let status = self.run("migrate status --json").exits(0).json();
        status["phase"].as_str().unwrap().to_owned()
    }
}

/// Runs a command that reads this.
pub(crate) fn given(command: &mut Command, stdin: &[u8]) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has seen enough may close its input early.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    Outcome::ended(child)
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_consensus"))
}

/// Each spec and stage of a list of `specs`.
pub(crate) fn stages(specs: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    specs
        .as_array()
        .unwrap()
        .iter()
        .map(|summary| (text(&summary["spec_id"]), text(&summary["stage"])))
        .collect()
}
