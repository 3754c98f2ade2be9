//! A program that reads through the live views and checks every answer.

use std::time::Duration;

use rusqlite::Connection;

use crate::canary;
use crate::job::{Job, Trouble, repeat};

const PAUSE: Duration = Duration::from_millis(4);

const ARTIFACTS: &str = "SELECT agent_name, content_json, response_text, run_id
    FROM cutover_live_consensus_artifacts WHERE spec_id = ? ORDER BY id";
const SYNTHESES: &str = "SELECT output_markdown
    FROM cutover_live_consensus_synthesis WHERE spec_id = ? ORDER BY id";

pub(crate) fn run(job: &Job) -> rusqlite::Result<()> {
    let conn = job.connect()?;
    let mut rng = job.rng();
    repeat(PAUSE, || read(&conn, rng.u64(0..canary::SPECS)));
    Ok(())
}

/// Reads a canary's rows and compares them with what was written.
fn read(conn: &Connection, n: u64) -> Result<(), Trouble> {
    let spec = canary::spec(n);
    let found: Vec<canary::Artifact> = conn
        .prepare_cached(ARTIFACTS)?
        .query_map([&spec], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    if found != canary::artifacts(n) {
        return Err(Trouble::Wrong(format!("artifacts of {spec} read as {found:?}")));
    }
    let found: Vec<String> = conn
        .prepare_cached(SYNTHESES)?
        .query_map([&spec], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if found != [canary::synthesis(n)] {
        return Err(Trouble::Wrong(format!("syntheses of {spec} read as {found:?}")));
    }
    Ok(())
}
