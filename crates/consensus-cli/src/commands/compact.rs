//! `consensus compact`: gives free space back.

use clap::Args;
use cli_kit::render::{BOLD, bytes};
use cli_kit::{Exit, Failure, Output};
use consensus_store::Compact;
use serde::Serialize;

use super::failed;
use crate::place::Place;

/// Return the space of deleted rows to the file system
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus compact
  consensus compact --full

It works beside other programs. Files that another program made can't give
space back like that; --full can: it writes the file anew, and other programs
can't write meanwhile.")]
pub(crate) struct Arguments {
    /// Rewrite the whole file, as small as possible
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// The space returned.
#[derive(Debug, Serialize)]
struct Compacted {
    freed_bytes: u64,
    /// The space still free.
    free_bytes: u64,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let store = args.place.change()?;
    let how = if args.full { Compact::Full } else { Compact::Incremental };
    let freed_bytes = store.compact(how).map_err(failed)?;
    let free_bytes = store.stats().map_err(failed)?.free_bytes;
    let compacted = Compacted { freed_bytes, free_bytes };
    output.result(&compacted, |paste| {
        let text = format!("{} given back\n", bytes(freed_bytes));
        if free_bytes == 0 || args.full {
            return text;
        }
        let full = paste.own("compact --full");
        let free = bytes(free_bytes);
        text + &format!(
            "{BOLD}next{BOLD:#}: to free {free}, the file must be rewritten:\n  {full}\n"
        )
    })?;
    Ok(Exit::Done)
}
