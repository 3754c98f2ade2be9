//! How long each transition holds the write lock: as the file grows, and as the number of its
//! tables does.

use std::path::Path;

use cutover::{AdvanceOptions, Migration, Pace, Phase, Silent, StartOptions};

use benches::database::{Result, engine, legacy, migration};
use benches::many::many;
use benches::report::{Aimed, Report};
use benches::stats::median;
use rusqlite::Connection;

const COLUMNS: [&str; 9] = [
    "",
    "→ dual-write",
    "→ read-new",
    "→ write-new",
    "→ new-only",
    "back to write-new",
    "back to read-new",
    "back to dual-write",
    "aim",
];

pub(crate) fn run(rows: u64, rounds: usize, report: &mut Report) -> Result<()> {
    let mut sizes = vec![10_000, 100_000, rows];
    sizes.sort_unstable();
    sizes.dedup();
    let mut lines = Vec::new();
    for rows in sizes {
        let dir = tempfile::tempdir()?;
        let path = legacy(dir.path(), "switch.db", rows)?;
        // Each round verifies every row four times.
        let rounds = if rows > 200_000 { 1 } else { rounds };
        lines.push(line(format!("{rows} artifacts"), &path, &migration()?, rounds, 5.0)?);
    }
    for (tables, aim) in [(1, 5.0), (10, 5.0), (50, 10.0), (200, 30.0)] {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("tables.db");
        let many = many(tables);
        let conn = Connection::open(&path)?;
        conn.execute_batch("PRAGMA journal_mode = WAL")?;
        conn.execute_batch(&format!("BEGIN; {} {} COMMIT;", many.old, many.rows))?;
        drop(conn);
        let migration = Migration::parse("tables", &many.migration)?;
        let rounds = if tables > 50 { 1 } else { rounds };
        lines.push(line(format!("{tables} tables"), &path, &migration, rounds, aim)?);
    }
    report.table("Milliseconds the write lock was held by a transition", &COLUMNS, &lines);
    Ok(())
}

fn line(
    title: String,
    path: &Path,
    migration: &Migration,
    rounds: usize,
    aim: f64,
) -> Result<Vec<String>> {
    let mut operator = engine(path)?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    let start = operator.start(migration, options, &mut Silent)?;
    let mut held: Vec<Vec<f64>> = vec![Vec::new(); 6];
    for _ in 0..rounds {
        let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
        let forth = operator.advance(&start.migration, &to, &mut Silent)?;
        let back = operator.rollback(&start.migration, Some(Phase::DualWrite), &mut Silent)?;
        let all = forth.held_ms.into_iter().chain(back.held_ms);
        held.iter_mut().zip(all).for_each(|(list, ms)| list.push(ms));
    }
    let held: Vec<f64> = held.iter_mut().map(|list| median(list)).collect();
    let worst = held.iter().copied().fold(start.held_ms, f64::max);
    let mut line = vec![title, format!("{:.1}", start.held_ms)];
    line.extend(held.iter().map(|ms| format!("{ms:.1}")));
    line.push(format!("< {aim}: {}", Aimed::at_most(worst, aim)));
    Ok(line)
}
