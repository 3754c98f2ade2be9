//! The processes of a run: what each is told, and how they are started, killed and started
//! again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use consensus_store::Options;
use serde::{Deserialize, Serialize};
use testkit::Running;
use testkit::program::Outcome;

use super::history::{Event, History};
use super::{client, operator};

/// The variable that tells a process what it is.
const JOB: &str = "CONSENSUS_LOAD_JOB";

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Uses the store, on so many threads.
    Threads(usize),
    /// Uses the store from so many tasks of a runtime.
    Tasks(usize),
    /// Writes to the old tables.
    OldProgram,
    /// Takes the store from phase to phase.
    Operator,
}

/// What a process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) role: Role,
    pub(crate) name: String,
    /// How often it was started again.
    pub(crate) incarnation: u32,
    pub(crate) db: PathBuf,
    pub(crate) history: PathBuf,
    /// Once this file exists, it ends.
    pub(crate) stop_file: PathBuf,
    /// The buckets of the rows that were there before.
    pub(crate) sample: PathBuf,
    pub(crate) seed: u64,
    /// The longest pause between bursts of calls, in microseconds.
    pub(crate) pause_us: u64,
    pub(crate) busy_timeout_ms: u64,
    /// Whether it gives space back now and then.
    pub(crate) compacts: bool,
    /// How many transitions the operator makes before it retires the old tables.
    pub(crate) transitions: u32,
    /// At least so long does the operator go on, in seconds.
    pub(crate) seconds: u64,
    /// How many processes there are besides the operator.
    pub(crate) programs: usize,
    /// The process that started it: without it, it ends.
    pub(crate) parent: u32,
}

impl Job {
    pub(crate) fn options(&self) -> Options {
        Options::default().busy_timeout(Duration::from_millis(self.busy_timeout_ms))
    }
}

/// Does what this process was started for. False: it was not started by a run.
pub(crate) fn serve() -> bool {
    let Ok(job) = std::env::var(JOB) else { return false };
    let job: Job = serde_json::from_str(&job).expect("a job");
    match job.role {
        Role::Threads(_) | Role::Tasks(_) => client::run(&job),
        Role::Operator => operator::run(&job),
        Role::OldProgram => unreachable!("Python runs it"),
    }
    true
}

/// A process at work.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) job: Job,
    running: Running,
    dir: PathBuf,
    arguments: Vec<String>,
}

impl Child {
    /// `arguments` make this very program call [`serve`].
    pub(crate) fn start(job: Job, dir: &Path, arguments: &[String]) -> Self {
        let running = spawn(&job, dir, arguments);
        Self { job, running, dir: dir.to_owned(), arguments: arguments.to_vec() }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// Ends it at whatever instruction it is, and starts it again.
    pub(crate) fn kill(self, history: &History) -> Self {
        let Self { mut job, running, dir, arguments } = self;
        let _ = running.kill();
        history.add(&Event::Killed { who: job.name.clone() });
        job.incarnation += 1;
        Self::start(job, &dir, &arguments)
    }

    /// Waits for its end.
    pub(crate) fn wait(self, timeout: Duration) -> Outcome {
        self.running.wait(timeout)
    }
}

fn spawn(job: &Job, dir: &Path, arguments: &[String]) -> Running {
    let text = serde_json::to_string(job).expect("plain data");
    if job.role == Role::OldProgram {
        let script = dir.join("old_program.py");
        std::fs::write(&script, include_str!("old_program.py")).expect("room on the disk");
        return Running::spawn(Command::new("python3").arg(script).arg(text));
    }
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    // What a process found stands in the history.
    Running::spawn(command.args(arguments).env(JOB, text).env("RUST_BACKTRACE", "0"))
}
