//! Processes that have the database open, in words.

use cutover::{Holds, OpenProcess};

/// Processes that are listed one by one.
const LISTED: usize = 4;

/// Characters of a command line that are shown.
const COMMAND: usize = 60;

/// Several, of which the first few are listed.
#[must_use]
pub fn processes(all: &[OpenProcess]) -> String {
    let mut named: Vec<String> = all.iter().take(LISTED).map(process).collect();
    if let more @ 1.. = all.len().saturating_sub(LISTED) {
        named.push(format!("and {more} more"));
    }
    named.join(", ")
}

fn process(process: &OpenProcess) -> String {
    let mut command: String = process.command.chars().take(COMMAND).collect();
    if command.len() < process.command.len() {
        command.push('…');
    }
    let mut notes = Vec::new();
    if process.exe_deleted {
        notes.push("its program was replaced since");
    }
    match process.holds {
        Some(Holds::Write) => notes.push("writes"),
        Some(Holds::Read) => notes.push("reads"),
        None => {}
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("{} {command}{notes}", process.pid)
}
