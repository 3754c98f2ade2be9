//! The `cutover` program, and what another program needs to offer the same commands
//! for a migration of its own.
//!
//! - [`MigrateCommand`]: the commands of a migration, for clap's derive. What they work
//!   on is said by arguments of the program's own ([`Subject`], [`Defines`],
//!   [`Chooses`]), and [`Spelling`] says how it spells them.
//! - [`Output`], [`Exit`], [`Failure`]: results, errors and exit codes, the same in
//!   every program.
//! - [`completions`], [`manual`]: made from a program's definition.
//!
//! In here, `cli` and `migrate` say what may be typed, `commands` does it (one file a
//! command), `target` knows which migration is meant, and `watch` and `serve` are the
//! dashboards. Printing, errors, exit codes and progress are `cli_kit`'s. `cutover demo`
//! is a crate of its own, behind the feature `demo`.

mod cli;
mod commands;
#[cfg(test)]
mod hints;
mod hooks;
mod migrate;
mod migration_file;
mod monitor;
#[cfg(test)]
mod reference;
mod serve;
mod target;
mod watch;

use std::process::ExitCode;

use cli_kit::{CUTOVER, Output, Paste, output};

pub use commands::completions::run as completions;
pub use commands::man::run as manual;
pub use migrate::{
    AdvanceArgs, BackfillArgs, CheckArgs, ForgetArgs, MigrateCommand, Operate, RollbackArgs,
    StartArgs,
};
pub use serve::ServeArgs;
pub use target::{Choice, Chooses, Defines, Definition, Subject};

use cli::{Command, ListArgs};

/// The `cutover` program.
pub fn cutover() -> ExitCode {
    // The demo's writers and readers are processes of their own: this same
    // program under a name that no help text or completion offers.
    #[cfg(feature = "demo")]
    if let Some(code) = demo::child_process() {
        return code;
    }
    match cli::parse() {
        Ok(cli) => run(cli.command),
        Err(error) => output::usage(&error),
    }
}

fn run(command: Command) -> ExitCode {
    let plain = Output::new(Paste::new(&CUTOVER, None), false);
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, plain.paste),
        Command::New(args) => {
            let paste = Paste::new(&CUTOVER, Some(&args.database.db));
            let output = Output::new(paste, args.database.json);
            output.ended(commands::new::run(&args, &output))
        }
        Command::Migrate(command) => command.run(&CUTOVER),
        Command::List(ListArgs { database }) => {
            let output = Output::new(Paste::new(&CUTOVER, Some(&database.db)), database.json);
            output.ended(commands::list::run(&database.db, &output))
        }
        Command::Completions(args) => plain.ended(completions(args.shell, cli::definition())),
        Command::Man(_) => plain.ended(manual(cli::definition())),
    }
}
