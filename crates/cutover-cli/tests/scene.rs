//! A small database made for one question, programs that write to it, and the binary.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::Cutover;
use testkit::program::{Dialogue, Outcome, sqlite3};

/// The migration's name in every scene.
pub(crate) const NAME: &str = "scene";

/// A database in WAL mode with the migration file `scene.sql` beside it.
pub(crate) struct Scene {
    pub(crate) db: PathBuf,
    pub(crate) file: PathBuf,
    pub(crate) cutover: Cutover,
    _dir: TempDir,
}

impl Scene {
    pub(crate) fn set(schema: &str, migration: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let (db, file) = (dir.path().join("live.db"), dir.path().join(format!("{NAME}.sql")));
        let conn = Connection::open(&db).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
        conn.execute_batch(schema).unwrap_or_else(|error| panic!("{error}\n{schema}"));
        std::fs::write(&file, migration).unwrap();
        let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
        Self { db, file, cutover, _dir: dir }
    }

    pub(crate) fn conn(&self) -> Connection {
        Connection::open(&self.db).unwrap()
    }

    /// Runs a command line, split at spaces; `FILE` stands for the migration file.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32, line: &str) -> Outcome {
        let outcome = self.cutover.run(&self.words(line));
        assert_eq!(
            outcome.code,
            Some(code),
            "{line}\nstdout:\n{}\nstderr:\n{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// As [`exits`](Self::exits): refused by a gate, or because the database is not what the
    /// command needs.
    #[allow(dead_code, reason = "not every suite asks for it")]
    #[track_caller]
    pub(crate) fn is_refused(&self, line: &str) -> Outcome {
        let outcome = self.cutover.run(&self.words(line));
        let refused = matches!(outcome.code, Some(3 | 5));
        assert!(refused, "{line}: {}{}", outcome.stdout, outcome.stderr);
        outcome
    }

    /// The words of a command line.
    pub(crate) fn words<'a>(&'a self, line: &'a str) -> Vec<&'a str> {
        let file = self.file.to_str().unwrap();
        line.split_whitespace().map(|word| if word == "FILE" { file } else { word }).collect()
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        json(&self.exits(0, "status --json"))
    }

    #[track_caller]
    pub(crate) fn phase(&self) -> String {
        self.status()["phase"].as_str().unwrap().to_owned()
    }

    /// Executes statements without telling anyone.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) {
        self.conn().execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// The rows of a query, each value with its storage class.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.conn(), sql)
    }

    pub(crate) fn python(&self) -> Python {
        Python::open(&self.db)
    }

    /// The whole database, as the `sqlite3` shell would dump it.
    pub(crate) fn dump(&self) -> String {
        dump(&self.db)
    }
}

/// The rows of a query, each value with its storage class.
#[track_caller]
pub(crate) fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: Result<Vec<String>, _> =
            (0..columns).map(|n| row.get_ref(n).map(|value| format!("{value:?}"))).collect();
        cells.map(|cells| cells.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// A whole database, as the `sqlite3` shell dumps it.
pub(crate) fn dump(db: &Path) -> String {
    shell(db, ".dump").success()
}

/// What a command printed with `--json`.
#[track_caller]
pub(crate) fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", outcome.stdout, outcome.stderr))
}

/// Runs a script in the `sqlite3` shell, which goes on after an error.
pub(crate) fn shell(db: &Path, script: &str) -> Outcome {
    sqlite3(db, &[], script)
}

/// A Python program with one connection, which lives until it is dropped.
pub(crate) struct Python {
    program: Dialogue,
    /// The SQLite that it carries.
    pub(crate) version: String,
}

const PYTHON: &str = r#"
import json, sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
print(json.dumps(sqlite3.sqlite_version), flush=True)
for line in sys.stdin:
    try:
        answer = {"rows": conn.execute(json.loads(line)).fetchall()}
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=repr), flush=True)
"#;

impl Python {
    pub(crate) fn open(db: &Path) -> Self {
        let mut program = Dialogue::python(PYTHON, &[db]);
        let version = read(&program.hear()).as_str().unwrap().to_owned();
        Self { program, version }
    }

    /// Executes one statement: its rows as JSON, or the message of the error.
    pub(crate) fn attempt(&mut self, sql: &str) -> Result<Value, String> {
        let mut answer = read(&self.program.ask(&Value::from(sql).to_string()));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["rows"].take()),
        }
    }

    /// Executes a statement that must succeed.
    #[track_caller]
    pub(crate) fn does(&mut self, sql: &str) -> Value {
        self.attempt(sql)
            .unwrap_or_else(|error| panic!("SQLite {} says {error}\n{sql}", self.version))
    }

    /// Executes a statement that must fail; gives the message.
    #[track_caller]
    pub(crate) fn fails(&mut self, sql: &str) -> String {
        match self.attempt(sql) {
            Ok(rows) => panic!("SQLite {} accepts {sql}: {rows}", self.version),
            Err(error) => error,
        }
    }
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}
