//! One file a command. Each takes its arguments and an [`Output`], and says how
//! it went.

mod abort;
mod advance;
mod backfill;
mod check;
mod completions;
pub(crate) mod demo;
mod history;
mod man;
mod new;
mod plan;
mod repair;
mod rollback;
mod start;
mod status;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use cutover::{Engine, Migration, Options, Phase};

use crate::cli::{Command, Database, Operator, Pick};
use crate::exit::{Failure, read_file};
use crate::output::Output;
use crate::paste::Paste;

/// Runs a command and prints what went wrong, if something did.
pub(crate) fn run(command: Command) -> ExitCode {
    let output = output(&command);
    let result = match command {
        Command::Demo(args) => demo::run(&args, &output),
        Command::New(args) => new::run(&args, &output),
        Command::Check(args) => check::run(&args, &output),
        Command::Plan(args) => plan::run(&args, &output),
        Command::Start(args) => start::run(&args, &output),
        Command::Backfill(args) => backfill::run(&args, &output),
        Command::Verify(args) => verify::run(&args, &output),
        Command::Repair(args) => repair::run(&args, &output),
        Command::Advance(args) => advance::run(&args, &output),
        Command::Rollback(args) => rollback::run(&args, &output),
        Command::Abort(args) => abort::run(&args, &output),
        Command::Status(args) => status::run(&args, &output),
        Command::History(args) => history::run(&args, &output),
        Command::Completions(args) => completions::run(&args),
        Command::Man(_) => man::run(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => output.failure(&failure),
    }
}

/// How a command prints, and what the commands it suggests are completed with.
fn output(command: &Command) -> Output {
    let (database, pick, file): (Option<&Database>, Option<&Pick>, Option<&Path>) = match command {
        Command::New(args) => (Some(&args.database), None, args.output.as_deref()),
        Command::Check(args) => (Some(&args.database), None, Some(&args.file)),
        Command::Plan(args) => (Some(&args.database), None, Some(&args.file)),
        Command::Start(args) => (Some(&args.database), None, Some(&args.file)),
        Command::Backfill(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Verify(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Repair(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Advance(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Rollback(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Abort(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Status(args) => (Some(&args.database), Some(&args.pick), None),
        Command::History(args) => (Some(&args.database), Some(&args.pick), None),
        Command::Demo(args) => {
            return Output { json: args.json, paste: Paste::new(None, None, None) };
        }
        Command::Completions(_) | Command::Man(_) => (None, None, None),
    };
    Output {
        json: database.is_some_and(|database| database.json),
        paste: Paste::new(
            database.map(|database| database.db.as_path()),
            pick.and_then(|pick| pick.migration.as_deref()),
            file,
        ),
    }
}

/// Opens a database to read it.
fn open(database: &Database) -> Result<Engine, Failure> {
    Ok(Engine::open(&database.db, Options::default())?)
}

/// Opens a database to work on it, and listens to Ctrl-C.
fn operate(database: &Database, operator: &Operator) -> Result<Engine, Failure> {
    crate::progress::listen_to_interrupts();
    let mut options = Options::default();
    options.actor = operator.actor.clone().unwrap_or_else(login_name);
    Ok(Engine::open(&database.db, options)?)
}

/// The migration that is meant.
fn pick(engine: &Engine, pick: &Pick) -> Result<String, Failure> {
    Ok(engine.pick(pick.migration.as_deref())?)
}

/// Reads a migration file. Its stem is the migration's name.
fn migration(file: &Path) -> Result<Migration, Failure> {
    let text = read_file(file)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Migration::parse(&name, &text).map_err(|error| Failure::in_file(error.into(), &text))
}

fn login_name() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "unknown".into())
}

fn pace(fast: bool) -> cutover::Pace {
    if fast { cutover::Pace::Fast } else { cutover::Pace::Gentle }
}

/// Whether every row of the old tables has its image.
fn filled(engine: &Engine, name: &str, phase: Phase) -> Result<bool, Failure> {
    // Later phases can't be entered without.
    Ok(phase > Phase::ReadNew || engine.status(name)?.backfill.complete)
}
