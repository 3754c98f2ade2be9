//! What `status` takes as the file grows.

use std::time::Instant;

use cutover::{Observer, Pace, Silent, StartOptions};

use benches::database::{Result, engine, legacy, migration};
use benches::report::{Aimed, Report};
use benches::stats::median;

pub(crate) fn run(rows: u64, report: &mut Report) -> Result<()> {
    let mut sizes = vec![1_000, 10_000, rows];
    sizes.sort_unstable();
    sizes.dedup();
    let mut lines = Vec::new();
    for rows in sizes {
        let dir = tempfile::tempdir()?;
        let path = legacy(dir.path(), "status.db", rows)?;
        let mut operator = engine(&path)?;
        let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
        let name = operator.start(&migration()?, options, &mut Silent)?.migration;
        drop(operator);
        let mut times = Vec::new();
        for _ in 0..15 {
            // As the command does: opens the file, looks once.
            let began = Instant::now();
            Observer::new(engine(&path)?, &name).look()?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        let middle = median(&mut times);
        let aim = format!("< 15: {}", Aimed::at_most(middle, 15.0));
        lines.push(vec![rows.to_string(), format!("{middle:.1}"), aim]);
    }
    report.table("Milliseconds of a look at a migration", &["artifacts", "ms", "aim"], &lines);
    Ok(())
}
