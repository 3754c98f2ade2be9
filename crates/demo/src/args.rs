//! What may be typed.

use std::path::PathBuf;

use clap::Args;

/// See the whole story on a throw-away database
///
/// Creates a legacy consensus database, starts writer processes that know nothing
/// of cutover and readers of the live views, goes through every phase with a
/// rollback in the middle, and compares the result, row for row, with a twin
/// database that got the same writes and no migration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cutover demo                         # about a minute
  cutover demo --rows 10000            # a little faster
  cutover demo --keep /tmp/demo        # keep the databases and look at them

Then with your own database:
  cutover new split --db app.db --table clients")]
pub struct DemoArgs {
    /// Artifacts in the legacy database
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=50_000_000))]
    pub(crate) rows: u64,
    /// Writer processes at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) writers: u64,
    /// Create the databases in this directory and keep them
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// The same seed gives the same database and the same writes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print what was proved as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
