//! `cutover completions`: a completion script for a shell.

use clap::Command;
use clap_complete::Shell;
use cli_kit::exit::{Exit, Failure};
use cli_kit::output;

/// Prints a completion script for a program of this definition.
///
/// # Errors
///
/// If standard output can't be written.
pub fn run(shell: Shell, mut program: Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(shell, &mut program, name, &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
