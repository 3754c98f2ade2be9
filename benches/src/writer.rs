//! A program that writes to the legacy schema 200 times a second and notes how
//! long each write took.

use std::path::Path;
use std::time::{Duration, Instant};

use benches::database::{Result, connect};

/// Time between two writes.
const EVERY: Duration = Duration::from_millis(5);

/// Runs until the stop file exists; then writes its times, in milliseconds, into it.
pub(crate) fn run(path: &Path, stop: &Path) -> Result<()> {
    let mut conn = connect(path)?;
    // As SQLite's own busy handler, but finer: what is measured is how long the
    // lock was held, not the length of the last sleep.
    conn.busy_handler(Some(|_| {
        std::thread::sleep(Duration::from_micros(200));
        true
    }))?;
    let mut times = Vec::new();
    let mut statement = conn.prepare(
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, \
         run_id, created_at) VALUES ('SPEC-W', 'spec-plan', 'claude', ?1, ?2, ?3, '2026-01-02 03:04:05')",
    )?;
    let (content, response) = ("c".repeat(500), "r".repeat(2048));
    let mut next = Instant::now();
    let mut n = 0;
    while !stop.exists() {
        n += 1;
        let began = Instant::now();
        statement.execute((&content, &response, format!("run-w{}", n / 4)))?;
        times.push(format!("{:.3}", began.elapsed().as_secs_f64() * 1000.0));
        next += EVERY;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    std::fs::write(path.with_extension("times"), times.join("\n"))?;
    Ok(())
}
