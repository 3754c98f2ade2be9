//! The `cutover` command.
//!
//! `cli` says what may be typed, `commands` does it (one file a command),
//! `output` prints, `progress` shows long work and listens to Ctrl-C, `exit`
//! turns what went wrong into an exit code, a message and a hint, and `paste`
//! makes the commands we suggest work when they are pasted.

mod cli;
mod commands;
mod exit;
mod output;
mod paste;
mod progress;
mod render;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The demo's writers and readers are processes of their own: this same
    // program under a name that no help text or completion offers.
    if let Some(code) = commands::demo::child_process() {
        return code;
    }
    match cli::parse() {
        Ok(cli) => commands::run(cli.command),
        Err(error) => output::usage(&error),
    }
}
