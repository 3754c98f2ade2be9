//! What an INSERT of an artifact costs: in the legacy schema alone, with a trigger
//! written by hand for just this case, and with cutover's sync.

use std::path::Path;
use std::time::Instant;

use cutover::{AdvanceOptions, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, connect, copy, engine, legacy, migration, offline_sql};
use benches::report::table;
use benches::stats::median;

/// Rounds, each of this many writes by every contender in turn.
const ROUNDS: usize = 60;
const WRITES: usize = 200;

/// The least a trigger can do for an INSERT: find or make the run, and copy the
/// row. It keeps nothing in step but this statement.
const BY_HAND: &str = "
CREATE TRIGGER by_hand AFTER INSERT ON consensus_artifacts BEGIN
  INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp)
    SELECT NEW.spec_id, NEW.stage, NEW.run_id, strftime('%s', NEW.created_at) * 1000
    WHERE NOT EXISTS (SELECT 1 FROM consensus_runs WHERE spec_id = NEW.spec_id AND stage = NEW.stage
      AND run_label IS NEW.run_id);
  INSERT INTO agent_outputs (id, run_id, agent_name, content, response_text, output_timestamp)
    SELECT NEW.id, id, NEW.agent_name, NEW.content_json, NEW.response_text,
      strftime('%s', NEW.created_at) * 1000
    FROM consensus_runs WHERE spec_id = NEW.spec_id AND stage = NEW.stage AND run_label IS NEW.run_id;
END";

const LEGACY: &str = "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, \
    response_text, run_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '2026-01-02 03:04:05')";

struct Contender {
    name: &'static str,
    conn: Connection,
    micros: Vec<f64>,
    means: Vec<f64>,
    next: usize,
}

pub(crate) fn run(rows: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let plain = legacy(dir.path(), "plain.db", rows.min(100_000))?;
    let by_hand = copy(&plain, "by-hand.db")?;
    let synced = copy(&plain, "synced.db")?;
    make_by_hand(&by_hand)?;
    let mut operator = engine(&synced)?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    operator.start(&migration()?, options, &mut Silent)?;
    let mut contenders = [
        contender("legacy alone (raw limit)", &plain)?,
        contender("a trigger by hand, INSERT only", &by_hand)?,
        contender("dual-write", &synced)?,
    ];
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.round()?;
        }
    }
    show("One INSERT of an artifact, a transaction each", &mut contenders);
    let to = AdvanceOptions { to: Some(Phase::ReadNew), ..AdvanceOptions::default() };
    operator.advance(consensus_store::MIGRATION_NAME, &to, &mut Silent)?;
    Ok(())
}

fn make_by_hand(path: &Path) -> Result<()> {
    let conn = connect(path)?;
    let (tables, forward) = offline_sql();
    conn.execute_batch(&tables)?;
    conn.execute_batch(&forward)?;
    conn.execute_batch(BY_HAND)?;
    Ok(())
}

fn contender(name: &'static str, path: &Path) -> Result<Contender> {
    Ok(Contender { name, conn: connect(path)?, micros: Vec::new(), means: Vec::new(), next: 0 })
}

impl Contender {
    fn round(&mut self) -> Result<()> {
        let content = "c".repeat(500);
        let response = "r".repeat(2048);
        let mut statement = self.conn.prepare_cached(LEGACY)?;
        let mut took = Vec::with_capacity(WRITES);
        for _ in 0..WRITES {
            // A run of four agents, as the application makes them.
            let run = self.next / 4;
            let agent = ["claude", "gemini", "gpt", "judge"][self.next % 4];
            self.next += 1;
            let spec = format!("SPEC-B{}", run / 24);
            let stage = ["spec-plan", "spec-tasks", "spec-implement"][run / 4 % 3];
            let began = Instant::now();
            statement.execute((&spec, stage, agent, &content, &response, format!("run-b{run}")))?;
            took.push(began.elapsed().as_secs_f64() * 1e6);
        }
        self.means.push(took.iter().sum::<f64>() / took.len() as f64);
        self.micros.push(median(&mut took));
        Ok(())
    }
}

fn show(title: &str, contenders: &mut [Contender]) {
    let limit = median(&mut contenders[0].micros);
    let mean_limit = median(&mut contenders[0].means);
    let rows: Vec<Vec<String>> = contenders
        .iter_mut()
        .map(|contender| {
            let middle = median(&mut contender.micros);
            let mean = median(&mut contender.means);
            vec![
                contender.name.to_owned(),
                format!("{middle:.1}"),
                format!("{:.2}×", middle / limit),
                format!("{mean:.1}"),
                format!("{:.2}×", mean / mean_limit),
            ]
        })
        .collect();
    table(title, &["", "median µs", "to the raw limit", "mean µs", "to the raw limit"], &rows);
}
