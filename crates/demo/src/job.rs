//! The child's side of a demo process: what it is told, how it works and what it
//! reports.
//!
//! A child is told its job in one argument and writes a [`Tally`] to stdout every
//! so often, one JSON object a line. It stops when its stdin closes. So it ends
//! with the demo however the demo ends: a process that is killed closes its pipes.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cli_kit::output;
use rusqlite::{Connection, ErrorCode, ffi};
use serde::{Deserialize, Serialize};

use crate::{new_writer, reader, writer};

/// The first argument of a child process. It can't be typed by mistake.
pub(crate) const MARK: &str = "__cutover-demo-process";

/// Between two reports of a child.
const REPORT_EVERY: Duration = Duration::from_millis(50);

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// A program that knows only the old tables.
    OldWriter,
    /// A program that knows only the new tables.
    NewWriter,
    /// A program that reads through the live views.
    Reader,
}

/// What a child is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) role: Role,
    pub(crate) db: PathBuf,
    /// Different for every process of a demo.
    pub(crate) id: u64,
    pub(crate) seed: u64,
    /// Artifacts that the legacy database began with.
    pub(crate) rows: u64,
}

impl Job {
    /// The name under which a writer logs its writes.
    pub(crate) fn name(&self) -> String {
        let role = match self.role {
            Role::OldWriter => "old",
            Role::NewWriter => "new",
            Role::Reader => "reader",
        };
        format!("{role}-{}", self.id)
    }

    /// The number of this process, as SQLite's integers are.
    pub(crate) fn id(&self) -> i64 {
        i64::try_from(self.id).unwrap_or(i64::MAX)
    }

    /// How many artifacts there were, as SQLite's integers are.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.rows).unwrap_or(i64::MAX)
    }

    /// The same seed gives each process the same sequence of choices.
    pub(crate) fn rng(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_mul(1_000_003).wrapping_add(self.id))
    }

    /// A connection as any application opens one.
    pub(crate) fn connect(&self) -> rusqlite::Result<Connection> {
        let conn = Connection::open(&self.db)?;
        conn.busy_timeout(Duration::from_secs(5))?;
        conn.pragma_update(None, "synchronous", "NORMAL")?;
        // As many as Python's sqlite3 module keeps.
        conn.set_prepared_statement_cache_capacity(128);
        Ok(conn)
    }
}

/// What a child has done so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Operations that succeeded: for a writer, commits that were acknowledged.
    pub(crate) done: u64,
    /// The longest one since the report before, in microseconds.
    pub(crate) longest_us: u64,
    /// Operations given up because the database stayed locked.
    pub(crate) timeouts: u64,
    /// The error by which a table that does not take writes said so.
    pub(crate) refused: Option<String>,
    /// What must not happen: another error, or a wrong answer to a reader.
    pub(crate) broken: Option<String>,
    /// Whether this is the last report.
    pub(crate) finished: bool,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sql(rusqlite::Error),
    Wrong(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Does the job that this process was started for.
pub(crate) fn run(argument: &str) -> ExitCode {
    let job: Job = match serde_json::from_str(argument) {
        Ok(job) => job,
        Err(error) => {
            output::note(&format!("error: not a demo process's job: {error}"));
            return ExitCode::from(2);
        }
    };
    let done = match job.role {
        Role::OldWriter => writer::run(&job),
        Role::NewWriter => new_writer::run(&job),
        Role::Reader => reader::run(&job),
    };
    if let Err(error) = done {
        report(&Tally { broken: Some(error.to_string()), finished: true, ..Tally::default() });
    }
    ExitCode::SUCCESS
}

/// Repeats an operation with a pause in between until stdin closes, the tables
/// refuse it or something is wrong, and reports.
pub(crate) fn repeat(pause: Duration, mut step: impl FnMut() -> Result<(), Trouble>) {
    let stop = stop_flag();
    let mut tally = Tally::default();
    let mut reported = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        match step() {
            Ok(()) => {
                tally.done += 1;
                tally.longest_us = tally.longest_us.max(micros(began.elapsed()));
            }
            Err(Trouble::Sql(error)) if is_busy(&error) => tally.timeouts += 1,
            Err(Trouble::Sql(error)) if is_refusal(&error) => {
                tally.refused = Some(message(&error));
                break;
            }
            Err(Trouble::Sql(error)) => {
                tally.broken = Some(error.to_string());
                break;
            }
            Err(Trouble::Wrong(what)) => {
                tally.broken = Some(what);
                break;
            }
        }
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            report(&tally);
            tally.longest_us = 0;
        }
        std::thread::sleep(pause);
    }
    tally.finished = true;
    report(&tally);
}

fn report(tally: &Tally) {
    if let Ok(line) = serde_json::to_string(tally) {
        // If nobody listens any more, stdin is closed too and ends the work.
        let _ = output::data(&(line + "\n"));
    }
}

/// Becomes true when stdin closes.
fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        flag.store(true, Ordering::Relaxed);
    });
    stop
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether a trigger refused the write: that is how a table says that it does not
/// take writes in this phase.
fn is_refusal(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_TRIGGER)
}

/// What the database said, without the wrapping.
fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        error => error.to_string(),
    }
}
