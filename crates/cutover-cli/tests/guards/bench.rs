//! A database of notes whose texts move into a table of their own, the binary to run on it,
//! and a twin that gets the same writes and none of our machinery.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::program::{Outcome, Running};

use crate::scene::rows;

pub(crate) const MIGRATION: &str = "
CREATE TABLE new.heads (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE new.texts (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO new.heads (id, title) SELECT id, title FROM old.notes;
INSERT INTO new.texts (id, body) SELECT id, body FROM old.notes;
INSERT INTO old.notes (id, title, body)
SELECT h.id, h.title, t.body FROM new.heads h LEFT JOIN new.texts t ON t.id = h.id;
";

/// A directory with `app.db` and `split.sql`.
pub(crate) struct Bench {
    dir: TempDir,
}

impl Bench {
    /// `pragmas` come before anything else; `rows` notes of `bytes` bytes each.
    pub(crate) fn new(pragmas: &str, rows: u64, bytes: u64) -> Self {
        let dir = TempDir::new().unwrap();
        // Another user, where a test runs the binary as one, has to get in.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(dir.path().join("split.sql"), MIGRATION).unwrap();
        let bench = Self { dir };
        bench.sql(&format!(
            "PRAGMA synchronous = OFF; {pragmas};
             CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT);
             WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {rows})
             INSERT INTO notes SELECT id, 'title ' || id, substr(hex(zeroblob({bytes})), 1, {bytes})
             FROM n"
        ));
        bench
    }

    pub(crate) fn small() -> Self {
        Self::new("PRAGMA journal_mode = WAL", 20, 10)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path("app.db")
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.db()).unwrap()
    }

    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    pub(crate) fn number(&self, sql: &str) -> u64 {
        self.open().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    }

    /// A command line in the directory, split at spaces.
    pub(crate) fn command(&self, line: &str) -> Command {
        testkit::program::command(env!("CARGO_BIN_EXE_cutover"), self.dir.path(), line)
    }

    /// The words of a command line.
    pub(crate) fn words(&self, words: &[&str]) -> Command {
        let mut command = self.command("");
        command.args(words);
        command
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32, line: &str) -> Outcome {
        ends(code, &mut self.command(line))
    }

    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        self.exits(0, &format!("{line} --json")).json()
    }

    /// What lies in the directory.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The schema and the notes, to tell that nothing changed.
    pub(crate) fn dump(&self) -> Vec<String> {
        let mut dump =
            rows(&self.open(), "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
        dump.extend(rows(&self.open(), "SELECT * FROM notes ORDER BY id"));
        dump
    }
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn ends(code: i32, command: &mut Command) -> Outcome {
    Running::spawn(command).wait(std::time::Duration::from_secs(120)).exits(code)
}
