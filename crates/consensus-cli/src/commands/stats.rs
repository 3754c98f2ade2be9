//! `consensus stats`: the store in figures.

use std::fmt::Write;

use clap::Args;
use cli_kit::render::{bytes, count};
use cli_kit::{Exit, Failure, Output};
use consensus_store::Stats;

use super::failed;
use crate::listing::Listing;

/// Show figures of the store: rows, sizes, settings
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus stats
  consensus stats --json | jq .free_bytes

Text on a terminal, JSON elsewhere.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let store = args.listing.place.read()?;
    let stats = store.stats().map_err(failed)?;
    let path = store.path().display().to_string();
    output.result(&stats, |_| render(&path, &stats))?;
    Ok(Exit::Done)
}

fn render(path: &str, stats: &Stats) -> String {
    let mut out = String::new();
    for (name, value) in [
        ("store", path.to_owned()),
        ("specs", count(stats.specs)),
        ("runs", count(stats.runs)),
        ("artifacts", count(stats.artifacts)),
        ("syntheses", count(stats.syntheses)),
        ("file", format!("{}, of which {} free", bytes(stats.file_bytes), bytes(stats.free_bytes))),
        ("log", bytes(stats.wal_bytes)),
        ("pages", bytes(stats.page_bytes)),
        ("journal", stats.journal_mode.clone()),
        ("auto_vacuum", stats.auto_vacuum.clone()),
        ("SQLite", stats.sqlite_version.clone()),
    ] {
        let _ = writeln!(out, "{name:11}  {value}");
    }
    out
}
