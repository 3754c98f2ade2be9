//! A program that writes, in a process of its own, and notes how long each write took. It waits
//! as SQLite's own busy handler does.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::database::{Result, connect};
use benches::program::{Kind, now};
use rusqlite::Connection;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Program {
    /// The database.
    path: PathBuf,
    /// The file that ends it.
    stop: PathBuf,
    /// Where its times go.
    times: PathBuf,
    kind: Kind,
    /// Microseconds from one write to the next.
    every_us: u64,
}

/// Runs until the stop file exists. A line for each write: when it began, how many
/// milliseconds it took, whether it was made.
pub(crate) fn run(program: &Program) -> Result<()> {
    let conn = connect(&program.path)?;
    conn.execute_batch("PRAGMA busy_timeout = 60000;")?;
    let mut lines = String::new();
    let mut next = Instant::now();
    let mut n = u64::from(std::process::id()) << 32;
    while !program.stop.exists() {
        n += 1;
        let (at, began) = (now(), Instant::now());
        let made = write(&conn, program.kind, n);
        if made.is_err() && !conn.is_autocommit() {
            conn.execute_batch("ROLLBACK")?;
        }
        let took = began.elapsed().as_secs_f64() * 1000.0;
        lines.push_str(&format!("{at} {took:.3} {}\n", u8::from(made.is_ok())));
        next += Duration::from_micros(program.every_us);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    std::fs::write(&program.times, lines)?;
    Ok(())
}

fn write(conn: &Connection, kind: Kind, n: u64) -> rusqlite::Result<()> {
    let run = format!("run-{}", n / 4);
    match kind {
        Kind::Artifact => artifact(conn, &run),
        Kind::Output => conn
            .prepare_cached(
                "INSERT INTO agent_outputs (run_id, agent_name, content, response_text, output_timestamp) \
                 VALUES ((SELECT id FROM consensus_runs ORDER BY id LIMIT 1), 'claude', ?1, ?2, 1767323045000)",
            )?
            .execute(("c".repeat(500), "r".repeat(2000)))
            .map(drop),
        Kind::ReadFirst => {
            conn.execute_batch("BEGIN")?;
            conn.prepare_cached("SELECT count(*) FROM consensus_artifacts WHERE id = ?1")?
                .query_row([(n % 1000).cast_signed()], |row| row.get::<_, i64>(0))?;
            // What the program does between its read and its write.
            std::thread::sleep(Duration::from_millis(3));
            artifact(conn, &run)?;
            conn.execute_batch("COMMIT")
        }
        Kind::Client => conn
            .prepare_cached("INSERT INTO clients (name, email, city, bio, score) VALUES (?1, ?1, 'York', ?1, 7)")?
            .execute([run])
            .map(drop),
    }
}

fn artifact(conn: &Connection, run: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, \
         run_id, created_at) VALUES ('SPEC-W', 'spec-plan', 'claude', ?1, ?2, ?3, '2026-01-02 03:04:05')",
    )?
    .execute(("c".repeat(500), "r".repeat(2048), run))
    .map(drop)
}
