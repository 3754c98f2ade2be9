//! A verification of every row in both directions, beside what a careful person would run:
//! EXCEPT both ways, over what the mappings give and what the tables hold; and over the
//! artifacts alone, by a join written for them.

use std::time::Instant;

use cutover::{Pace, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, engine, legacy, migration};
use benches::offline::Offline;
use benches::report::{Aimed, Report};
use benches::stats::median;

const ROUNDS: usize = 5;

/// The artifacts both ways, by columns: neither runs nor syntheses, and no times that are none.
const ARTIFACTS: &str = "
WITH o AS (SELECT id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at FROM consensus_artifacts),
     n AS (SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.response_text, r.run_label,
           datetime(o.output_timestamp / 1000, 'unixepoch')
           FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id)
SELECT (SELECT count(*) FROM (SELECT * FROM o EXCEPT SELECT * FROM n))
     + (SELECT count(*) FROM (SELECT * FROM n EXCEPT SELECT * FROM o))";

pub(crate) fn run(rows: u64, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = legacy(dir.path(), "verify.db", rows)?;
    let mut operator = engine(&path)?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    operator.start(&migration()?, options, &mut Silent)?;
    let conn = Connection::open(&path)?;
    let offline = Offline::of(consensus_store::MIGRATION);
    let mappings: Vec<_> = offline.forward.iter().chain(&offline.backward).collect();
    assert_eq!(mappings.len(), 4, "two targets forward and two backward");
    let (mut except, mut artifacts, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for mapping in &mappings {
            let differing: i64 = conn.query_row(&mapping.differing(), [], |row| row.get(0))?;
            assert_eq!(differing, 0, "{}", mapping.table);
        }
        except.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        assert_eq!(conn.query_row(ARTIFACTS, [], |row| row.get::<_, i64>(0))?, 0);
        artifacts.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let found = operator.verify(consensus_store::MIGRATION_NAME, Pace::Gentle, &mut Silent)?;
        ours.push(began.elapsed().as_secs_f64());
        assert!(found.ok, "{found:?}");
    }
    let limit = median(&mut except);
    let line = |name: &str, seconds: f64| {
        vec![
            name.to_owned(),
            format!("{:.0}", rows as f64 / seconds),
            format!("{:.2}", limit / seconds),
            String::new(),
        ]
    };
    let ours = median(&mut ours);
    let mut verified = line("cutover verify, both directions at a time", ours);
    verified[3] = format!("≥ 1.9: {}", Aimed::at_least(limit / ours, 1.9));
    report.table(
        &format!("Verification of {rows} artifacts, both directions"),
        &["", "artifacts/s", "to EXCEPT", "aim"],
        &[
            line("EXCEPT both ways, of every mapping", limit),
            verified,
            line("EXCEPT both ways by hand, artifacts only", median(&mut artifacts)),
        ],
    );
    Ok(())
}
