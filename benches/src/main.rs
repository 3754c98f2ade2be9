//! Figures beside the raw limit, measured in one run: `cargo run --release -p benches`.
//!
//! Every figure is a ratio to what plain SQLite takes for the same rows on the same
//! machine in the same minute, or a time for which a writer was held off. Contenders
//! are interleaved and medians taken, because machines are shared and noisy.

mod backfill;
mod memory;
mod peers;
mod rollback;
mod status;
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
    /// Rows of the databases.
    #[arg(long, default_value_t = 100_000, global = true)]
    rows: u64,
    /// Rounds of what is not measured by the thousand.
    #[arg(long, default_value_t = 3, global = true)]
    rounds: usize,
    /// Print a JSON object for each table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// What a write costs while both schemas are kept: every shape, statement and phase.
    Writes(writes::Options),
    /// Rows a second, alone and beside programs that write, and what those feel; a rollback too.
    Backfill,
    /// Rows a second, beside EXCEPT both ways.
    Verify,
    /// How long each transition holds writers off, by rows and by tables.
    Switch,
    /// How long a rollback that sets rows aside holds writers off.
    Rollback,
    /// What a look at a migration takes, at 1 k, 10 k and `--rows` rows.
    Status,
    /// Peak memory, by rows, differences and tables.
    Memory,
    /// The same change by other tools: by hand, sqlite-utils, Alembic, reshape on PostgreSQL.
    Peers(peers::Options),
    /// A program that writes, in a process of its own.
    #[command(hide = true)]
    Writer(writer::Program),
    /// A whole migration in a process of its own, for `memory`.
    #[command(hide = true)]
    Migrate(memory::Child),
}

fn main() -> benches::database::Result<()> {
    let args = Args::parse();
    let (rows, rounds) = (args.rows, args.rounds);
    let mut report = Report::new(args.json);
    let report = &mut report;
    match args.what {
        Some(What::Writes(options)) => writes::run(&options, rows, report),
        Some(What::Backfill) => backfill::run(rows, rounds, report),
        Some(What::Verify) => verify::run(rows, report),
        Some(What::Switch) => switch::run(rows, rounds, report),
        Some(What::Rollback) => rollback::run(rounds, report),
        Some(What::Status) => status::run(rows, report),
        Some(What::Memory) => memory::run(rows, report),
        Some(What::Peers(options)) => peers::run(&options, rows, report),
        Some(What::Writer(program)) => writer::run(&program),
        Some(What::Migrate(child)) => memory::child(&child),
        None => {
            writes::run(&writes::Options::default(), rows, report)?;
            backfill::run(rows, rounds, report)?;
            verify::run(rows, report)?;
            switch::run(rows, rounds, report)?;
            rollback::run(rounds, report)?;
            status::run(rows, report)?;
            memory::run(rows, report)
        }
    }
}
