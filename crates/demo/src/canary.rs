//! Rows that no writer touches: whatever the phase, a reader must find each of
//! them exactly once and as it was written.

use rusqlite::{Connection, params};

/// How many specs of canary rows there are.
pub(crate) const SPECS: u64 = 50;

const AGENTS: [&str; 3] = ["gemini", "claude", "gpt_pro"];
const STAGE: &str = "spec-plan";
const CREATED_AT: &str = "2025-06-01 12:00:00";

/// No spec of the sample or of a writer begins like this.
pub(crate) const PREFIX: &str = "SPEC-CANARY-";

pub(crate) fn spec(n: u64) -> String {
    format!("{PREFIX}{n:03}")
}

/// An artifact as a reader should find it: agent, content, response, run.
pub(crate) type Artifact = (String, String, Option<String>, Option<String>);

/// The artifacts of a spec, in the order of their ids.
pub(crate) fn artifacts(n: u64) -> Vec<Artifact> {
    AGENTS
        .iter()
        .map(|agent| {
            let content = format!(r#"{{"agent":"{agent}","canary":{n}}}"#);
            let response =
                (!n.is_multiple_of(3)).then(|| format!("canary {n} of {agent} 🐤").repeat(20));
            let run = n.is_multiple_of(2).then(|| format!("canary-run-{n}"));
            ((*agent).to_owned(), content, response, run)
        })
        .collect()
}

/// The synthesis of a spec.
pub(crate) fn synthesis(n: u64) -> String {
    format!("# canary {n}\n\nagreed")
}

/// Writes them all into the old tables.
pub(crate) fn plant(conn: &Connection) -> rusqlite::Result<()> {
    let mut artifact = conn.prepare(
        "INSERT INTO consensus_artifacts
           (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut summary = conn.prepare(
        "INSERT INTO consensus_synthesis
           (spec_id, stage, output_markdown, status, artifacts_count, run_id, created_at)
         VALUES (?, ?, ?, 'ok', 3, ?, ?)",
    )?;
    for n in 0..SPECS {
        let artifacts = artifacts(n);
        for (agent, content, response, run) in &artifacts {
            artifact.execute(params![spec(n), STAGE, agent, content, response, run, CREATED_AT])?;
        }
        let run = artifacts.first().and_then(|artifact| artifact.3.clone());
        summary.execute(params![spec(n), STAGE, synthesis(n), run, CREATED_AT])?;
    }
    Ok(())
}
