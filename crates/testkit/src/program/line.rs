//! Programs in a directory, by their command lines.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Outcome, Running};

/// What our programs look at in their environment.
const LOOKED_AT: [&str; 6] =
    ["CUTOVER_DB", "CUTOVER_KEEP_FREE", "CONSENSUS_DB", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"];

/// A command line, split at spaces, of a program in a directory: without input, and with nothing
/// of this process's environment that our programs look at.
#[must_use]
pub fn command(program: impl AsRef<std::ffi::OsStr>, directory: &Path, line: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(line.split_whitespace())
        .current_dir(directory)
        .stdin(Stdio::null())
        .env("USER", "tester");
    for name in LOOKED_AT {
        command.env_remove(name);
    }
    command
}

/// Runs a script in the `sqlite3` shell, which goes on after an error unless `options` say
/// `-bail`. It waits for locks.
#[must_use]
pub fn sqlite3(db: &Path, options: &[&str], script: &str) -> Outcome {
    let mut shell = Command::new("sqlite3");
    shell.args(["-batch", "-init", "/dev/null", "-cmd", ".timeout 20000"]).args(options);
    Running::spawn(shell.arg(db).arg(script)).wait(std::time::Duration::from_secs(120))
}
