//! How long each transition holds the write lock, at three sizes.

use cutover::{AdvanceOptions, Pace, Phase, Silent, StartOptions};

use benches::database::{Result, engine, legacy, migration};
use benches::report::table;
use benches::stats::median;

const ROUNDS: usize = 5;

pub(crate) fn run(rows: u64) -> Result<()> {
    let mut sizes = vec![10_000, 100_000, rows];
    sizes.sort_unstable();
    sizes.dedup();
    let mut lines = Vec::new();
    for rows in sizes {
        let dir = tempfile::tempdir()?;
        let path = legacy(dir.path(), "switch.db", rows)?;
        let mut operator = engine(&path)?;
        let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
        let start = operator.start(&migration()?, options, &mut Silent)?;
        let mut held: Vec<Vec<f64>> = vec![Vec::new(); 6];
        // Each round verifies every row four times.
        for _ in 0..(if rows > 200_000 { 1 } else { ROUNDS }) {
            let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
            let forth = operator.advance(consensus_store::MIGRATION_NAME, &to, &mut Silent)?;
            let back = operator.rollback(
                consensus_store::MIGRATION_NAME,
                Some(Phase::DualWrite),
                &mut Silent,
            )?;
            let all = forth.held_ms.into_iter().chain(back.held_ms);
            held.iter_mut().zip(all).for_each(|(list, ms)| list.push(ms));
        }
        let mut line = vec![format!("{rows}"), format!("{:.1}", start.held_ms)];
        line.extend(held.iter_mut().map(|list| format!("{:.1}", median(list))));
        lines.push(line);
    }
    table(
        "Milliseconds the write lock was held by a transition (median)",
        &[
            "artifacts",
            "→ dual-write",
            "→ read-new",
            "→ write-new",
            "→ new-only",
            "back to write-new",
            "back to read-new",
            "back to dual-write",
        ],
        &lines,
    );
    Ok(())
}
