//! Runs programs: starts them, sends them signals, waits for them, and says how they ended.

mod cutover;
mod dialogue;
mod line;
mod outcome;
mod running;

use std::path::Path;
use std::process::Command;

pub use cutover::Cutover;
pub use dialogue::Dialogue;
pub use line::{command, sqlite3};
pub use outcome::Outcome;
pub use running::Running;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// Sends a signal to a process.
///
/// # Panics
/// If there is no such process.
pub fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("a process to send a signal to");
}

/// Copies a program so that it can be started at once. `cp` does it: a process that another thread
/// of ours starts meanwhile would inherit our open file, and the kernel starts no program that
/// somebody has open for writing ("Text file busy").
///
/// # Panics
/// If it can't be copied.
pub fn copy_program(from: &Path, to: &Path) {
    let done = Command::new("cp").arg(from).arg(to).status().expect("cp runs");
    assert!(done.success(), "cp {} {}", from.display(), to.display());
}
