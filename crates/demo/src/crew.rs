//! The demo's side of its child processes: starts them, listens to them, stops
//! them. Dropping a crew ends its processes.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cli_kit::exit::{Doing, Failure};

use crate::job::{Job, MARK, Tally};

/// How long a process may take to end when it was asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// Processes that do the same kind of job.
#[derive(Debug, Default)]
pub(crate) struct Crew {
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    name: String,
    process: Child,
    /// Closing it asks the process to stop.
    stdin: Option<ChildStdin>,
    heard: Arc<Mutex<Heard>>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Heard {
    last: Tally,
    /// The longest operation since somebody asked.
    longest_us: u64,
}

/// What a process did in all.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) tally: Tally,
}

impl Crew {
    /// Starts one process for each job.
    pub(crate) fn start(jobs: &[Job]) -> Result<Self, Failure> {
        let mut crew = Self::default();
        for job in jobs {
            crew.members.push(Member::start(job)?);
        }
        Ok(crew)
    }

    /// How many processes it has.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes others in.
    pub(crate) fn join(&mut self, others: Self) {
        self.members.extend(others.members);
    }

    /// Lets the one that came first go.
    pub(crate) fn leave(&mut self) -> Self {
        let members = self.members.drain(..self.members.len().min(1)).collect();
        Self { members }
    }

    /// The name of a process.
    pub(crate) fn named(&self, pid: u32) -> Option<&str> {
        let mut members = self.members.iter();
        members.find(|member| member.process.id() == pid).map(|member| member.name.as_str())
    }

    /// Operations that succeeded so far, as far as was heard.
    pub(crate) fn done(&self) -> u64 {
        self.members.iter().map(|member| member.heard(|heard| heard.last.done)).sum()
    }

    /// The longest operation since the last call.
    pub(crate) fn take_longest(&self) -> Duration {
        let longest = self
            .members
            .iter()
            .map(|member| member.heard(|heard| std::mem::take(&mut heard.longest_us)))
            .max();
        Duration::from_micros(longest.unwrap_or(0))
    }

    /// Something that must not happen, if a process met it.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.members.iter().find_map(|member| {
            let broken = member.heard(|heard| heard.last.broken.clone());
            broken.map(|what| format!("{}: {what}", member.name))
        })
    }

    /// A process that was refused, if one was.
    pub(crate) fn refused(&self) -> Option<String> {
        self.members.iter().find_map(|member| member.heard(|heard| heard.last.refused.clone()))
    }

    /// Asks all to stop, waits, and gives their accounts.
    pub(crate) fn stop(mut self) -> Result<Vec<Account>, Failure> {
        for member in &mut self.members {
            member.stdin = None;
        }
        self.wait()
    }

    /// Waits until all have ended by themselves, and gives their accounts.
    pub(crate) fn wait(mut self) -> Result<Vec<Account>, Failure> {
        let deadline = Instant::now() + PATIENCE;
        self.members.iter_mut().map(|member| member.wait(deadline)).collect()
    }
}

impl Member {
    fn start(job: &Job) -> Result<Self, Failure> {
        let name = job.name();
        let program = std::env::current_exe().doing(|| "finding this program".into())?;
        let argument = serde_json::to_string(job).doing(|| format!("describing {name}"))?;
        let mut process = Command::new(program)
            .args([MARK, &argument])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .doing(|| format!("starting {name}"))?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listener = process.stdout.take().map(|stdout| {
            let heard = Arc::clone(&heard);
            std::thread::spawn(move || listen(BufReader::new(stdout), &heard))
        });
        Ok(Self { name, stdin: process.stdin.take(), process, heard, listener })
    }

    fn heard<T>(&self, f: impl FnOnce(&mut Heard) -> T) -> T {
        f(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wait(&mut self, deadline: Instant) -> Result<Account, Failure> {
        while self.process.try_wait().doing(|| format!("waiting for {}", self.name))?.is_none() {
            if Instant::now() > deadline {
                return Err(Failure::plain(format!("{} did not end in time", self.name)));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // Its last report may still be in the pipe.
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let tally = self.heard(|heard| heard.last.clone());
        if !tally.finished {
            return Err(Failure::plain(format!("{} ended without its last report", self.name)));
        }
        Ok(Account { name: self.name.clone(), tally })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.stdin = None;
        // A process that has ended already can be killed no more; both calls then
        // do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listen(lines: impl BufRead, heard: &Mutex<Heard>) {
    for line in lines.lines() {
        let Ok(line) = line else { return };
        let Ok(tally) = serde_json::from_str::<Tally>(&line) else { continue };
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.longest_us = heard.longest_us.max(tally.longest_us);
        heard.last = tally;
    }
}
