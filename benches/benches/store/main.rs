//! The consensus store beside the raw limit and beside the seed's approach:
//! `cargo bench -p benches --bench store`, or a part of it:
//! `cargo bench -p benches --bench store -- write query --seconds 10`.
//!
//! Every ratio is one to the raw limit of the same run = 1.0 (`raw.rs`: rusqlite with
//! prepared statements kept, same pragmas, same rows). The seed's approach (`seed.rs`)
//! is a re-statement made for this comparison. Contenders take turns in short rounds,
//! and medians of the rounds are given, because machines are shared and noisy.
//!
//! - `contender.rs`: what each has to do, and the rows: content of 500 bytes,
//!   responses of 2,048, runs of four or five agents.
//! - `raw.rs`, `ours.rs`, `seed.rs`: the contenders.
//! - `write.rs`, `concurrent.rs`, `query.rs`, `size.rs`: the parts.
//! - `files.rs`, `rounds.rs`: databases to work on, turns and figures.

mod concurrent;
mod contender;
mod files;
mod ours;
mod query;
mod raw;
mod rounds;
mod seed;
mod size;
mod write;

use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures the consensus store beside plain SQLite.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure; everything if absent.
    parts: Vec<Part>,
    /// How long each contender is measured for each figure.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Also at a million artifacts, for `size`: takes minutes, and 10 GB of disk.
    #[arg(long)]
    million: bool,
    /// `cargo bench` says so. Without it, as `cargo test` has it, nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `store_artifact` by one caller.
    Write,
    /// `store_artifact` by 16 callers at once.
    Concurrent,
    /// `query_artifacts` of 5 rows.
    Query,
    /// Both at 1 k, 100 k and (`--million`) 1 M artifacts.
    Size,
}

fn main() -> benches::database::Result<()> {
    let args = Args::parse();
    if !args.bench {
        return Ok(());
    }
    let time = Duration::try_from_secs_f64(args.seconds)?;
    let asked = |part| args.parts.is_empty() || args.parts.contains(&part);
    if asked(Part::Write) {
        write::run(time)?;
    }
    if asked(Part::Concurrent) {
        concurrent::run(time)?;
    }
    if asked(Part::Query) {
        query::run(time)?;
    }
    if asked(Part::Size) {
        size::run(time, args.million)?;
    }
    Ok(())
}
