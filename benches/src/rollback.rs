//! A rollback that sets aside rows which the old schema can't hold: how long it holds the lock.

use cutover::{AdvanceOptions, Migration, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, connect, engine};
use benches::report::{Aimed, Report};
use benches::stats::median;

const MIGRATION: &str = "
CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
INSERT INTO old.t (id, w) SELECT id, w FROM new.s WHERE w NOT LIKE 'draft%';";

pub(crate) fn run(rounds: usize, report: &mut Report) -> Result<()> {
    let mut lines = Vec::new();
    for rows in [5_000_u32, 40_000] {
        let mut held = Vec::new();
        for _ in 0..rounds {
            held.push(once(rows)?);
        }
        let held = median(&mut held);
        let aim = format!("< 5: {}", Aimed::at_most(held, 5.0));
        lines.push(vec![rows.to_string(), format!("{held:.1}"), aim]);
    }
    let columns = ["rows set aside", "ms", "aim"];
    report.table("Milliseconds a rollback to read-new holds the write lock", &columns, &lines);
    Ok(())
}

fn once(rows: u32) -> Result<f64> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("rollback.db");
    Connection::open(&path)?.execute_batch(
        "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
         INSERT INTO t VALUES (1, 'a'), (2, 'b');",
    )?;
    let mut operator = engine(&path)?;
    let migration = Migration::parse("drafts", MIGRATION)?;
    operator.start(&migration, StartOptions::default(), &mut Silent)?;
    let to = AdvanceOptions { to: Some(Phase::WriteNew), ..AdvanceOptions::default() };
    operator.advance("drafts", &to, &mut Silent)?;
    connect(&path)?.execute_batch(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} + 9)
         INSERT INTO s SELECT i, 'draft ' || i FROM n"
    ))?;
    let done = operator.rollback("drafts", Some(Phase::ReadNew), &mut Silent)?;
    let kept: u32 =
        connect(&path)?.query_row("SELECT count(*) FROM _cutover_kept_s", [], |row| row.get(0))?;
    if kept != rows {
        return Err(format!("{kept} rows were set aside, and not {rows}").into());
    }
    Ok(done.held_ms.into_iter().fold(0.0, f64::max))
}
