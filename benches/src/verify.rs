//! A verification of every row in both directions, beside EXCEPT both ways in one
//! snapshot.

use std::time::Instant;

use cutover::{Pace, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, engine, legacy, migration};
use benches::report::table;
use benches::stats::median;

const ROUNDS: usize = 5;

/// What a careful person would run: the artifacts both ways, by columns.
const EXCEPT: &str = "
WITH o AS (SELECT id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at FROM consensus_artifacts),
     n AS (SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.response_text, r.run_label,
           datetime(o.output_timestamp / 1000, 'unixepoch')
           FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id)
SELECT (SELECT count(*) FROM (SELECT * FROM o EXCEPT SELECT * FROM n))
     + (SELECT count(*) FROM (SELECT * FROM n EXCEPT SELECT * FROM o))";

pub(crate) fn run(rows: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = legacy(dir.path(), "verify.db", rows)?;
    let mut operator = engine(&path)?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    operator.start(&migration()?, options, &mut Silent)?;
    let conn = Connection::open(&path)?;
    let (mut except, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let _: i64 = conn.query_row(EXCEPT, [], |row| row.get(0))?;
        except.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let report = operator.verify(consensus_store::MIGRATION_NAME, Pace::Gentle, &mut Silent)?;
        ours.push(began.elapsed().as_secs_f64());
        assert!(report.ok, "{report:?}");
    }
    let limit = median(&mut except);
    let line = |name: &str, seconds: f64| {
        vec![
            name.to_owned(),
            format!("{:.0}", rows as f64 / seconds),
            format!("{:.2}×", limit / seconds),
        ]
    };
    table(
        &format!("Verification of {rows} artifacts, both directions"),
        &["", "artifacts/s", "to EXCEPT"],
        &[
            line("EXCEPT both ways, artifacts only", limit),
            line("cutover verify, artifacts, syntheses and runs", median(&mut ours)),
        ],
    );
    Ok(())
}
