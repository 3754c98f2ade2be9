//! A store under load: client processes and old programs that write, read and delete, and an
//! operator who takes the store from phase to phase all the while. Processes are killed, and
//! at the end everything they told the history is judged.
//!
//! - [`rows`], [`material`]: what is written, and where.
//! - [`history`]: what happened, in one file.
//! - [`children`]: the processes; [`client`], [`worker`], [`face`]: those that use the
//!   library; `old_program.py`; [`operator`].
//! - [`known`]: what a caller checks by itself; [`verdict`]: what is judged at the end.

pub(crate) mod children;
mod client;
mod face;
pub(crate) mod history;
pub(crate) mod known;
mod material;
mod operator;
pub(crate) mod rows;
pub(crate) mod verdict;
mod worker;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consensus_store::LEGACY_SCHEMA;
use consensus_store::sample::{Shape, populate};
use fastrand::Rng;
use rusqlite::Connection;
use tempfile::TempDir;

use children::{Child, Job, Role};
use history::{Event, History, Tail};
use rows::{Bucket, Kind};
use verdict::Account;

/// How much is done.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Transitions before the last way forward, at least.
    pub(crate) transitions: u32,
    /// Seconds before the last way forward, at least.
    pub(crate) seconds: u64,
    /// Artifacts that are there before anything begins.
    pub(crate) old_rows: u64,
    /// Calls of the history between one killing and the next, at most.
    pub(crate) kill_every: u64,
    /// The longest pause between bursts of calls, in microseconds.
    pub(crate) pause_us: u64,
    /// What makes this very program call [`children::serve`].
    pub(crate) arguments: Vec<String>,
}

/// Where the operator comes nowhere for so long, the run has come to a standstill. How long all of
/// it takes depends on the machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Client processes: how they call, and how long they wait for a lock, in milliseconds. One
/// has so little patience that it finds the database locked.
const CLIENTS: [(Role, u64); 8] = [
    (Role::Threads(1), 5_000),
    (Role::Threads(1), 2),
    (Role::Threads(1), 5_000),
    (Role::Threads(2), 5_000),
    (Role::Threads(2), 5_000),
    (Role::Threads(3), 10),
    (Role::Tasks(2), 5_000),
    (Role::Tasks(3), 5_000),
];

const OLD_PROGRAMS: usize = 2;

/// The program that gives space back now and then.
const COMPACTS: &str = "client-2";

/// The files of a run.
#[derive(Debug)]
pub(crate) struct Files {
    dir: TempDir,
}

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The store.
    pub(crate) fn db(&self) -> PathBuf {
        self.path("store.db")
    }

    /// What it was before anything began.
    pub(crate) fn before(&self) -> PathBuf {
        self.path("before.db")
    }

    pub(crate) fn history(&self) -> PathBuf {
        self.path("history")
    }

    fn make(plan: &Plan) -> Self {
        let files = Self { dir: TempDir::new().expect("a temporary directory") };
        let conn = Connection::open(files.before()).expect("a database");
        conn.execute_batch("PRAGMA synchronous = OFF").expect("a pragma");
        conn.execute_batch(LEGACY_SCHEMA).expect("the old schema");
        populate(&conn, plan.old_rows, plan.seed, Shape::Small).expect("old rows");
        let sample = buckets(&conn);
        std::fs::write(files.path("sample"), serde_json::to_vec(&sample).expect("plain data"))
            .expect("room on the disk");
        drop(conn);
        std::fs::copy(files.before(), files.db()).expect("a copy");
        files
    }
}

/// Where the rows of the old tables lie.
fn buckets(conn: &Connection) -> Vec<Bucket> {
    let mut buckets = Vec::new();
    for (kind, table) in
        [(Kind::Artifact, "consensus_artifacts"), (Kind::Synthesis, "consensus_synthesis")]
    {
        let sql = format!("SELECT DISTINCT spec_id, stage FROM {table} ORDER BY 1, 2");
        let mut statement = conn.prepare(&sql).expect("the old schema");
        let found = statement
            .query_map((), |row| Ok(Bucket { kind, spec: row.get(0)?, stage: row.get(1)? }))
            .expect("a query");
        buckets.extend(found.map(|bucket| bucket.expect("texts")));
    }
    buckets
}

/// Does it all; gives what was done, or everything that is wrong.
pub(crate) fn run(plan: &Plan) -> Result<Account, String> {
    let mut files = Files::make(plan);
    let outcome = Drive::new(plan, &files)
        .run()
        .and_then(|largest_log| verdict::judge(&files, plan.old_rows, largest_log));
    outcome.map_err(|what| {
        files.dir.disable_cleanup(true);
        format!("seed {}, files in {}\n{what}", plan.seed, files.dir.path().display())
    })
}

/// The processes of a run, until the operator has come to the end.
struct Drive<'r> {
    plan: &'r Plan,
    files: &'r Files,
    rng: Rng,
    history: History,
    tail: Tail,
    programs: Vec<Child>,
    /// Lines of the history so far, and how many there will be when the next is killed.
    lines: u64,
    next_kill: u64,
    killed: usize,
    /// Whether the operator has come anywhere since it was killed last: it must have the
    /// chance to.
    operator_moved: bool,
    /// What the write-ahead log has come to, in bytes.
    largest_log: u64,
}

impl<'r> Drive<'r> {
    fn new(plan: &'r Plan, files: &'r Files) -> Self {
        let history = History::open(&files.history());
        Self {
            plan,
            files,
            rng: Rng::with_seed(plan.seed),
            history,
            tail: Tail::open(&files.history()),
            programs: start(plan, files),
            lines: 0,
            next_kill: plan.kill_every / 2,
            killed: 0,
            operator_moved: true,
            largest_log: 0,
        }
    }

    /// Runs it; gives the largest size of the log.
    fn run(mut self) -> Result<u64, String> {
        let mut moved = Instant::now();
        while !self.is_over()? {
            if moved.elapsed() > PATIENCE + Duration::from_secs(self.plan.seconds) {
                return Err(format!("a standstill: {}", last_words(&self.files.history())));
            }
            let lines = self.tail.lines();
            self.lines += lines.len() as u64;
            if lines.iter().any(|line| history::enters(line)) {
                self.operator_moved = true;
                moved = Instant::now();
            }
            if self.lines >= self.next_kill {
                self.kill();
            }
            let log = std::fs::metadata(self.files.path("store.db-wal"));
            self.largest_log = self.largest_log.max(log.map_or(0, |log| log.len()));
            std::thread::sleep(Duration::from_millis(10));
        }
        std::fs::write(self.files.path("stop"), "").expect("room on the disk");
        for child in self.programs {
            end(child)?;
        }
        Ok(self.largest_log)
    }

    /// Whether the operator has ended. Nobody else may end by himself.
    fn is_over(&mut self) -> Result<bool, String> {
        let programs = &mut self.programs;
        let Some(at) = (0..programs.len()).find(|at| !programs[*at].is_running()) else {
            return Ok(false);
        };
        let child = self.programs.swap_remove(at);
        let (name, is_operator) = (child.job.name.clone(), child.job.role == Role::Operator);
        end(child)?;
        if is_operator { Ok(true) } else { Err(format!("{name} ended by itself")) }
    }

    /// Kills a client first, then an old program, then the operator, then any.
    fn kill(&mut self) {
        self.programs.sort_by(|one, other| one.job.name.cmp(&other.job.name));
        let operator = CLIENTS.len() + OLD_PROGRAMS;
        let victim = match self.killed {
            0 => 0,
            1 => CLIENTS.len(),
            2 => operator,
            _ if self.operator_moved => self.rng.usize(..=operator),
            _ => self.rng.usize(..operator),
        };
        if victim == operator {
            // It says where it is when it begins.
            self.operator_moved = false;
        }
        let child = self.programs.remove(victim).kill(&self.history);
        self.programs.push(child);
        self.killed += 1;
        let every = self.plan.kill_every;
        self.next_kill = self.lines + self.rng.u64(every / 2..=every);
    }
}

/// Waits for the end of a process that has been told to end, or has ended.
fn end(child: Child) -> Result<(), String> {
    let name = child.job.name.clone();
    let outcome = child.wait(Duration::from_secs(60));
    if outcome.code == Some(0) {
        return Ok(());
    }
    Err(format!("{name} ended with {:?}: {}{}", outcome.code, outcome.stdout, outcome.stderr))
}

/// Starts all processes; their names are in the order of clients, old programs, operator.
fn start(plan: &Plan, files: &Files) -> Vec<Child> {
    let clients = CLIENTS.iter().enumerate();
    let mut roles: Vec<(String, Role, u64)> =
        clients.map(|(n, (role, timeout))| (format!("client-{n}"), *role, *timeout)).collect();
    roles.extend((0..OLD_PROGRAMS).map(|n| (format!("old-{n}"), Role::OldProgram, 5_000)));
    let programs = roles.len();
    roles.push(("operator".to_owned(), Role::Operator, 5_000));
    let dir = files.dir.path();
    let start = |(name, role, busy_timeout_ms): (String, Role, u64)| {
        let job = Job {
            role,
            incarnation: 0,
            db: files.db(),
            history: files.history(),
            stop_file: files.path("stop"),
            sample: files.path("sample"),
            seed: plan.seed,
            pause_us: plan.pause_us,
            busy_timeout_ms,
            compacts: name == COMPACTS,
            transitions: plan.transitions,
            seconds: plan.seconds,
            programs,
            parent: std::process::id(),
            name,
        };
        Child::start(job, dir, &plan.arguments)
    };
    roles.into_iter().map(start).collect()
}

/// The end of the history, to see where it stands still.
fn last_words(path: &Path) -> String {
    let (events, _) = history::read(path);
    let shown: Vec<String> =
        events.iter().rev().take(30).rev().map(|event| format!("{event:?}")).collect();
    let operator = events.iter().rev().find(|event| matches!(event, Event::Step { .. }));
    format!("the operator at {operator:?}\n{}", shown.join("\n"))
}
