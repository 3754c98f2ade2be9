//! What a write costs while both schemas are kept, beside plain SQLite and beside triggers
//! written by hand.
//!
//! - `bench.rs`: what is measured. `shapes/`: the migrations and the writes to them.
//! - `contender.rs`: the databases. `measure.rs`, `around.rs`: turns and figures.
//! - `show.rs`: the tables, and whether an aim was met.
//!
//! After each bench all mirrors are compared with the mappings.

mod around;
mod bench;
mod contender;
mod measure;
mod shapes;
mod show;

use std::time::Duration;

use clap::Args;

use benches::clock::Clock;
use benches::database::Result;
use benches::report::Report;

use bench::{Around, Bench};
use contender::Contenders;
use measure::{Effort, measure};
use show::{Known, Line};

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Options {
    /// Only benches and rows whose titles have all of these words in them, as `split UPDATE`.
    only: Vec<String>,
    /// Fewer rounds, on smaller databases: a few minutes for all of it.
    #[arg(long)]
    quick: bool,
    /// Measure the processor's time and not the clock's: for machines that are busy. It leaves
    /// out what a write waits for.
    #[arg(long)]
    cpu: bool,
}

impl Options {
    fn picks(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.only.iter().all(|word| title.contains(&word.to_lowercase()))
    }
}

pub(crate) fn run(options: &Options, rows: u64, report: &mut Report) -> Result<()> {
    let clock = if options.cpu { Clock::Cpu } else { Clock::Wall };
    let (rows, effort) = if options.quick {
        let budget = Duration::from_millis(500);
        (rows.min(20_000), Effort { clock, rounds: 9, executions: 50, budget, transitions: 2 })
    } else {
        let budget = Duration::from_secs(3);
        (rows, Effort { clock, rounds: 25, executions: 100, budget, transitions: 6 })
    };
    let mut known = Known::default();
    for bench in shapes::all(rows) {
        let lines = one(&bench, options, effort)?;
        if !lines.is_empty() {
            show::table(&bench, &lines, &mut known, report);
        }
    }
    Ok(())
}

fn one(bench: &Bench, options: &Options, effort: Effort) -> Result<Vec<Line>> {
    let picked = |name: &str| options.picks(&format!("{} {name}", bench.title));
    let around = |around: &Around| picked(show::name(*around));
    if !bench.rows.iter().any(|row| picked(row.name)) && !bench.around.iter().any(around) {
        return Ok(Vec::new());
    }
    let dir = tempfile::tempdir()?;
    let mut contenders =
        Contenders::make(dir.path(), bench).map_err(|error| format!("{}: {error}", bench.title))?;
    let mut lines = Vec::new();
    for row in bench.rows.iter().filter(|row| picked(row.name)) {
        let taken = measure(row, &contenders.all, effort)
            .map_err(|error| format!("{}, {}: {error}", bench.title, row.name))?;
        lines.push(Line { name: row.name, aim: row.aim, taken });
    }
    for item in bench.around.iter().filter(|item| around(item)) {
        let (aim, taken) = match *item {
            Around::Opening(aim) => (aim, around::opening(&contenders, effort)?),
            Around::AfterTransition => {
                let (name, row) = (bench.shape.name, &bench.rows[0]);
                let taken = around::after_transition(&mut contenders, name, row, effort)?;
                (bench::Aim::None, taken)
            }
        };
        lines.push(Line { name: show::name(*item), aim, taken });
    }
    contenders.verify().map_err(|error| format!("{}: {error}", bench.title))?;
    Ok(lines)
}
