//! One file a command: what may be typed, and what it does.

pub(crate) mod compact;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod prune;
pub(crate) mod put_artifact;
pub(crate) mod put_synthesis;
pub(crate) mod show;
pub(crate) mod specs;
pub(crate) mod stats;

use std::process::ExitCode;

use cli_kit::render::WARN;
use cli_kit::{Exit, Failure, Output, Paste, output};
use consensus_store::{Error, Stage};
use cutover_cli::{completions, manual};

use crate::cli::{Command, Put, SPELLING, definition};
use crate::place::Place;

/// Runs a command and prints what went wrong, if something did.
pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Put(Put::Artifact(args)) => on(&args.place, |it| put_artifact::run(&args, it)),
        Command::Put(Put::Synthesis(args)) => on(&args.place, |it| put_synthesis::run(&args, it)),
        Command::Specs(args) => list(&args.listing, |it| specs::run(&args, it)),
        Command::Show(args) => list(&args.listing, |it| show::run(&args, it)),
        Command::Stats(args) => list(&args.listing, |it| stats::run(&args, it)),
        Command::Delete(args) => on(&args.place, |it| delete::run(&args, it)),
        Command::Prune(args) => on(&args.place, |it| prune::run(&args, it)),
        Command::Import(args) => on(&args.place, |it| import::run(&args, it)),
        Command::Export(args) => on(&args.place, |it| export::run(&args, it)),
        Command::Compact(args) => on(&args.place, |it| compact::run(&args, it)),
        Command::Migrate(command) => command.run(&SPELLING),
        Command::Completions(args) => plain().ended(completions(args.shell, definition())),
        Command::Man(_) => plain().ended(manual(definition())),
    }
}

fn on(place: &Place, work: impl FnOnce(&Output) -> Result<Exit, Failure>) -> ExitCode {
    let output = Output::new(Paste::new(&SPELLING, place.db.as_deref()), place.json);
    output.ended(work(&output))
}

fn list(
    listing: &crate::listing::Listing,
    work: impl FnOnce(&Output) -> Result<Exit, Failure>,
) -> ExitCode {
    let output = Output::new(Paste::new(&SPELLING, listing.place.db.as_deref()), listing.json());
    output.ended(work(&output))
}

fn plain() -> Output {
    Output::new(Paste::new(&SPELLING, None), false)
}

/// An error of the store, as the exit code and the hint that go with it.
pub(crate) fn failed(error: Error) -> Failure {
    match error {
        Error::Migration(error) => error.into(),
        error => {
            Failure::Library { kind: error.kind(), hint: error.hint(), error: Box::new(error) }
        }
    }
}

/// Says so on stderr where a stage is to be written that no program of ours knows. It is
/// kept all the same: files have always held others.
fn note_unknown(stage: &Stage) {
    if Stage::KNOWN.contains(stage) {
        return;
    }
    let known: Vec<_> = Stage::KNOWN.iter().map(Stage::as_str).collect();
    output::note(&format!(
        "{WARN}note{WARN:#}: `{stage}` is not one of the known stages, {}",
        known.join(", ")
    ));
}
