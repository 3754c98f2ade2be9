//! Whether a list is a table or JSON.

use std::io::IsTerminal;

use clap::Args;

use crate::place::Place;

/// The store that a list is of, and how it is wanted: as a table on a terminal, and as
/// JSON elsewhere, unless a flag says otherwise.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print a table where stdout is no terminal, too
    #[arg(long, conflicts_with = "json")]
    table: bool,
}

impl Listing {
    /// Whether it is JSON.
    pub(crate) fn json(&self) -> bool {
        self.place.json || !(self.table || std::io::stdout().is_terminal())
    }
}
