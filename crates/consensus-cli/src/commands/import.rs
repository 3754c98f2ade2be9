//! `consensus import`: takes in what `consensus export` wrote.

use std::path::PathBuf;

use clap::Args;
use cli_kit::render::count;
use cli_kit::{Exit, Failure, Output};
use consensus_store::{ImportOptions, Imported};

use super::failed;
use crate::input;
use crate::place::Place;

/// Import an export: all of it, or nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus import backup.jsonl
  consensus import backup.jsonl --db other.db
  consensus import --new-ids < backup.jsonl

Rows that are there already, the very same, are passed over. A row whose id
holds something else stops the import (exit code 3, nothing imported), unless
--new-ids gives every row an id of its own. The store is made if it is missing.")]
pub(crate) struct Arguments {
    /// What `consensus export` wrote; standard input if it is `-` or absent
    file: Option<PathBuf>,
    /// Give the rows new ids
    #[arg(long)]
    new_ids: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    // Before the store, so that a mistyped name makes none.
    let mut lines = input::lines(args.file.as_deref())?;
    let mut options = ImportOptions::default();
    options.new_ids = args.new_ids;
    let imported = args.place.write()?.import(&mut lines, options).map_err(failed)?;
    output.result(&imported, |_| {
        let Imported { artifacts, syntheses, already_there, .. } = imported;
        let mut text =
            format!("imported {} artifacts and {} syntheses", count(artifacts), count(syntheses));
        if already_there > 0 {
            text += &format!("; {} were there already", count(already_there));
        }
        text + "\n"
    })?;
    Ok(Exit::Done)
}
