//! Starts writers and hears what they did. What they do is in `writer.py`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::TempDir;

use super::{Workload, log};
use crate::oracle::open;
use crate::program::{Outcome, Running};

/// What writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Python's `sqlite3` module: one connection for dozens of transactions.
    Python,
    /// The `sqlite3` shell: a new process for each transaction.
    Shell,
}

/// Which tables a writer writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The old tables, whatever happens: a program that was never changed.
    Old,
    /// The new tables, whatever happens.
    New,
    /// The side that this query names, `old` or `new`, asked in every transaction and
    /// again after a refusal: a program that knows of the migration.
    Follow(String),
}

/// A program to start.
#[derive(Debug, Clone)]
#[must_use]
pub struct Writer {
    db: PathBuf,
    config: Config,
}

#[derive(Debug, Clone, Serialize)]
struct Config {
    db: PathBuf,
    stop_file: PathBuf,
    writer: String,
    program: Program,
    seed: u64,
    /// Negative: until told to stop.
    transactions: i64,
    /// `old`, `new`, or the query that tells.
    side: String,
    old: Workload,
    new: Workload,
    refusals: Vec<String>,
    busy_timeout_ms: u64,
    pause_ms: u64,
    hold_ms: u64,
}

impl Writer {
    /// A Python writer on the old tables that goes on until it is stopped. Its name
    /// tells its log entries from those of others.
    pub fn new(db: &Path, name: &str, workload: Workload) -> Self {
        let config = Config {
            db: db.to_owned(),
            stop_file: PathBuf::new(),
            writer: name.to_owned(),
            program: Program::Python,
            seed: 0,
            transactions: -1,
            side: "old".to_owned(),
            old: workload,
            new: Workload { templates: &[] },
            refusals: vec!["is read-only".to_owned(), "is the mirror of".to_owned()],
            busy_timeout_ms: 10_000,
            pause_ms: 0,
            hold_ms: 0,
        };
        Self { db: db.to_owned(), config }
    }

    /// What writes.
    pub fn program(mut self, program: Program) -> Self {
        self.config.program = program;
        self
    }

    /// Decides everything the writer does, as far as the database is the same: the
    /// statements, their values, its pragmas. Four seeds in a row have all four
    /// combinations of `foreign_keys` (odd: on) and `recursive_triggers`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// Ends after so many transactions, refused ones included.
    pub fn transactions(mut self, count: u32) -> Self {
        self.config.transactions = count.into();
        self
    }

    /// Which tables it writes to.
    pub fn side(mut self, side: Side) -> Self {
        self.config.side = match side {
            Side::Old => "old".to_owned(),
            Side::New => "new".to_owned(),
            Side::Follow(sql) => sql,
        };
        self
    }

    /// What it does when it writes to the new tables.
    pub fn new_workload(mut self, workload: Workload) -> Self {
        self.config.new = workload;
        self
    }

    /// Parts of messages that say "this table takes no writes now", instead of those
    /// that cutover's guards give. Any other error that is neither a lock nor a
    /// constraint is a failure.
    pub fn refusals(mut self, parts: &[&str]) -> Self {
        self.config.refusals = parts.iter().map(|&part| part.to_owned()).collect();
        self
    }

    /// How long SQLite waits for a lock before the writer hears of it and tries again.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.config.busy_timeout_ms = ms(timeout);
        self
    }

    /// Waits between transactions.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.config.pause_ms = ms(pause);
        self
    }

    /// Waits before each COMMIT, with the lock held.
    pub fn hold(mut self, hold: Duration) -> Self {
        self.config.hold_ms = ms(hold);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn spawn(mut self) -> Writing {
        let dir = TempDir::new().expect("a temporary directory");
        let (script, config) = (dir.path().join("writer.py"), dir.path().join("config.json"));
        self.config.stop_file = dir.path().join("stop");
        std::fs::write(&script, include_str!("writer.py")).expect("a script");
        std::fs::write(&config, serde_json::to_vec(&self.config).expect("plain data"))
            .expect("a file");
        let running = Running::spawn(Command::new("python3").arg(&script).arg(&config));
        Writing { running, writer: self, dir }
    }
}

fn ms(time: Duration) -> u64 {
    time.as_millis().try_into().expect("a reasonable time")
}

/// A writer at work. Dropping it kills it.
#[derive(Debug)]
pub struct Writing {
    running: Running,
    writer: Writer,
    dir: TempDir,
}

impl Writing {
    /// Waits until it has logged so many statements in all. Panics when it ends
    /// before, or after a minute.
    pub fn wait_for(&mut self, statements: i64) {
        let conn = open(&self.writer.db);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let running = self.running.is_running();
            let logged: i64 = conn
                .query_row(
                    "SELECT count(*) FROM workload_log WHERE writer = ?",
                    [&self.writer.config.writer],
                    |row| row.get(0),
                )
                .expect("a log");
            if logged >= statements {
                return;
            }
            if !running || Instant::now() > deadline {
                let stderr = self.running.end().stderr;
                let name = &self.writer.config.writer;
                panic!("{name} has logged {logged} statements, not {statements}\n{stderr}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Tells it to stop after the current transaction, and waits for that.
    #[must_use]
    pub fn stop(self) -> Report {
        std::fs::write(self.dir.path().join("stop"), "").expect("a file");
        self.wait()
    }

    /// Waits for it to end by itself. Panics after two minutes.
    #[must_use]
    pub fn wait(self) -> Report {
        let outcome = self.running.wait(Duration::from_secs(120));
        assert!(outcome.code == Some(0), "the writer broke down:\n{}", outcome.stderr);
        Report::read(self.writer, &outcome)
    }

    /// Ends it at whatever instruction it is, inside a transaction or not.
    #[must_use]
    pub fn kill(self) -> Report {
        Report::read(self.writer, &self.running.kill())
    }
}

/// What a writer did.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name.
    pub writer: String,
    /// The log entries whose transactions it saw committed.
    pub acknowledged: Vec<i64>,
    /// How many transactions it committed.
    pub transactions: usize,
    /// How often it found the database locked for longer than its timeout, or its
    /// snapshot outdated.
    pub busy: usize,
    /// Transactions refused because the table took no writes.
    pub refused: Vec<String>,
    /// Transactions that a constraint refused as a whole: at COMMIT, or by OR ROLLBACK.
    /// A statement that a constraint refuses is logged, and the twin must refuse it too.
    pub rejected: Vec<String>,
    /// Anything else that went wrong.
    pub failed: Vec<String>,
    /// The longest time a transaction took, waiting for locks included.
    pub slowest: Duration,
    /// Whether it came to its end by itself.
    pub ended: bool,
    db: PathBuf,
}

impl Report {
    fn read(writer: Writer, outcome: &Outcome) -> Self {
        let mut report = Self {
            writer: writer.config.writer,
            acknowledged: Vec::new(),
            transactions: 0,
            busy: 0,
            refused: Vec::new(),
            rejected: Vec::new(),
            failed: Vec::new(),
            slowest: Duration::ZERO,
            ended: false,
            db: writer.db,
        };
        // A killed writer may leave half a line.
        for line in outcome.stdout.lines().map_while(|line| serde_json::from_str(line).ok()) {
            report.take(&line);
        }
        report
    }

    fn take(&mut self, line: &serde_json::Value) {
        let text = |key: &str| line.get(key).and_then(serde_json::Value::as_str);
        let with_sql = |message: &str| format!("{message}\n{}", text("sql").unwrap_or_default());
        if let Some(seqs) = line.get("seqs").and_then(serde_json::Value::as_array) {
            self.transactions += 1;
            self.acknowledged.extend(seqs.iter().filter_map(serde_json::Value::as_i64));
            let us = line.get("us").and_then(serde_json::Value::as_u64).unwrap_or_default();
            self.slowest = self.slowest.max(Duration::from_micros(us));
        }
        self.busy += usize::from(text("busy").is_some());
        self.refused.extend(text("refused").map(str::to_owned));
        self.rejected.extend(text("rejected").map(with_sql));
        self.failed.extend(text("failed").map(with_sql));
        self.ended |= line.get("end").is_some();
    }

    /// Panics if anything went wrong that is neither a lock, nor a refusal, nor a
    /// constraint.
    pub fn assert_clean(&self) {
        assert!(self.failed.is_empty(), "{}: {}", self.writer, self.failed.join("\n"));
    }

    /// Panics unless everything the writer saw committed is in the log: nothing
    /// acknowledged may be lost, whoever was killed when.
    pub fn assert_durable(&self) {
        let conn = open(&self.db);
        let last = log::last(&conn);
        let mut logged =
            conn.prepare("SELECT 1 FROM workload_log WHERE seq = ? AND writer = ?").expect("a log");
        for seq in &self.acknowledged {
            assert!(
                logged.exists((seq, &self.writer)).expect("a query"),
                "{} saw log entry {seq} committed, and it is not there (the last is {last})",
                self.writer
            );
        }
    }
}
