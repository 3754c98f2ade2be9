//! Figures beside the raw limit, measured in one run: `cargo run --release -p benches`.
//!
//! Every figure is a ratio to what plain SQLite takes for the same rows on the same
//! machine in the same minute, or a time for which a writer was held off. Contenders
//! are interleaved and medians taken, because machines are shared and noisy.

mod backfill;
mod memory;
mod switch;
mod verify;
mod writer;
mod writes;

use benches::report::Report;
use clap::{Parser, Subcommand};

/// Measures cutover beside plain SQLite.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Artifacts in the database that backfill and verify work on.
    #[arg(long, default_value_t = 100_000, global = true)]
    rows: u64,
    /// Print a JSON object for each table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// What a write costs while both schemas are kept: every shape, statement and phase.
    Writes(writes::Options),
    /// Rows a second, alone and beside a writer.
    Backfill,
    /// Rows a second, beside EXCEPT both ways.
    Verify,
    /// How long each transition holds writers off, at 10 k, 100 k and `--rows` rows.
    Switch,
    /// Peak memory of a whole migration.
    Memory,
    /// A writer of its own process, for `backfill`.
    #[command(hide = true)]
    Writer {
        /// The database.
        path: std::path::PathBuf,
        /// The file that ends it.
        stop: std::path::PathBuf,
    },
    /// A whole migration in a process of its own, for `memory`.
    #[command(hide = true)]
    Migrate {
        /// The database.
        path: std::path::PathBuf,
    },
}

fn main() -> benches::database::Result<()> {
    let args = Args::parse();
    let mut report = Report::new(args.json);
    match args.what {
        Some(What::Writes(options)) => writes::run(&options, args.rows, &mut report),
        Some(What::Backfill) => backfill::run(args.rows),
        Some(What::Verify) => verify::run(args.rows),
        Some(What::Switch) => switch::run(args.rows),
        Some(What::Memory) => memory::run(args.rows),
        Some(What::Writer { path, stop }) => writer::run(&path, &stop),
        Some(What::Migrate { path }) => memory::migrate(&path),
        None => {
            writes::run(&writes::Options::default(), args.rows, &mut report)?;
            backfill::run(args.rows)?;
            verify::run(args.rows)?;
            switch::run(args.rows)?;
            memory::run(args.rows)
        }
    }
}
