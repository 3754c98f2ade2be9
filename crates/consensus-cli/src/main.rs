//! The `consensus` command: the store of agents' outputs from a shell, so that tools in
//! any language can use it.
//!
//! `cli` lists the commands; `commands` has a file for each, with what may be typed and
//! what it does. `place` finds the store and opens it, `migrating` is the store as the
//! subject of its migration, `input` reads what is to be stored, `listing` decides between
//! a table and JSON, `table` draws the one, and `confirm` asks before something goes for
//! good. Results, errors, exit codes and the
//! commands of the migration are those of `cutover`, from its library.

mod cli;
mod commands;
mod confirm;
mod input;
mod listing;
mod migrating;
mod place;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse() {
        Ok(cli) => commands::run(cli.command),
        Err(error) => cli_kit::output::usage(&error),
    }
}
