//! Databases to work on, all of the same artifacts: five agents a run, one run a
//! stage, six stages a spec ([`key`](crate::contender::key)).

use std::path::Path;

use cutover::{AdvanceOptions, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, engine, migration};
use benches::offline::Offline;
use consensus_store::{LEGACY_SCHEMA, MIGRATION, MIGRATION_NAME};

use crate::contender::{CONTENT_BYTES, RESPONSE_BYTES};
use crate::raw::{Durability, connect};

/// Artifacts of a run.
pub(crate) const PER_RUN: u64 = 5;
/// Runs of a spec: one a stage.
const PER_SPEC: u64 = 6;

/// How many specs `artifacts` artifacts have, the last one perhaps not in full.
pub(crate) fn specs(artifacts: u64) -> u64 {
    runs(artifacts) / PER_SPEC
}

/// How many keys there are whose artifacts can be asked for.
pub(crate) fn runs(artifacts: u64) -> u64 {
    artifacts / PER_RUN
}

/// A file of the old schema.
pub(crate) fn legacy(path: &Path, artifacts: u64) -> Result<()> {
    let conn = quick(path)?;
    conn.execute_batch(LEGACY_SCHEMA)?;
    conn.execute_batch(&format!(
        "INSERT INTO consensus_artifacts
           (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
         WITH {}
         SELECT spec, stage, agent, content, response, 'run-' || run, '2026-01-02 03:04:05'
         FROM artifacts",
        rows(artifacts)
    ))?;
    finish(path, conn)
}

/// Who is said to have made a file: that decides whether it can give free pages back one
/// by one, which costs each write that allocates a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// The store: `auto_vacuum = INCREMENTAL`.
    Store,
    /// An old program: SQLite's default.
    OldProgram,
}

/// A file of the new schema, with nothing else in it.
pub(crate) fn new_schema(path: &Path, artifacts: u64, maker: Maker) -> Result<()> {
    let conn = quick(path)?;
    if maker == Maker::Store {
        conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    conn.execute_batch(&Offline::of(MIGRATION).tables)?;
    finish(path, conn)?;
    fill_new(path, artifacts)
}

/// Fills the tables of the new schema, which are empty.
pub(crate) fn fill_new(path: &Path, artifacts: u64) -> Result<()> {
    let conn = quick(path)?;
    let rows = rows(artifacts);
    conn.execute_batch(&format!(
        "INSERT INTO consensus_runs (id, spec_id, stage, run_label, run_timestamp)
         WITH {rows}
         SELECT run + 1, spec, stage, 'run-' || run, 1767323045000 FROM artifacts WHERE n % 5 = 0;
         INSERT INTO agent_outputs (run_id, agent_name, content, response_text, output_timestamp)
         WITH {rows}
         SELECT run + 1, agent, content, response, 1767323045000 FROM artifacts;"
    ))?;
    finish(path, conn)
}

/// A file of the new schema as the seed's approach has it: a run for each artifact.
pub(crate) fn seed(path: &Path, schema: &str, artifacts: u64) -> Result<()> {
    let conn = quick(path)?;
    let rows = rows(artifacts);
    conn.execute_batch(&format!(
        "{schema}
         INSERT INTO consensus_runs (id, spec_id, stage, run_timestamp)
         WITH {rows} SELECT n + 1, spec, stage, 1767323045000 + n FROM artifacts;
         INSERT INTO agent_outputs (run_id, agent_name, content, output_timestamp)
         WITH {rows} SELECT n + 1, agent, content, 1767323045000 + n FROM artifacts;"
    ))?;
    finish(path, conn)
}

/// Brings a file of the old schema into a phase.
pub(crate) fn advance(path: &Path, to: Phase) -> Result<()> {
    let mut operator = engine(path)?;
    let start = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    operator.start(&migration()?, start, &mut Silent)?;
    if to != Phase::DualWrite {
        let options = AdvanceOptions { to: Some(to), ..AdvanceOptions::default() };
        operator.advance(MIGRATION_NAME, &options, &mut Silent)?;
    }
    drop(operator);
    finish(path, Connection::open(path)?)
}

/// Common table expressions that end in `artifacts`.
fn rows(artifacts: u64) -> String {
    format!(
        "RECURSIVE numbers (n) AS (
           SELECT 0 WHERE {artifacts} > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {artifacts}
         ),
         artifacts AS (
           SELECT n, n / {PER_RUN} AS run,
             printf('SPEC-%06d', n / {PER_RUN} / {PER_SPEC}) AS spec,
             CASE n / {PER_RUN} % {PER_SPEC} WHEN 0 THEN 'spec-plan' WHEN 1 THEN 'spec-tasks'
               WHEN 2 THEN 'spec-implement' WHEN 3 THEN 'spec-validate'
               WHEN 4 THEN 'spec-audit' ELSE 'spec-unlock' END AS stage,
             CASE n % {PER_RUN} WHEN 0 THEN 'claude' WHEN 1 THEN 'gemini' WHEN 2 THEN 'gpt_pro'
               WHEN 3 THEN 'gpt_codex' ELSE 'code' END AS agent,
             hex(randomblob({})) AS content, hex(randomblob({})) AS response
           FROM numbers
         )",
        CONTENT_BYTES / 2,
        RESPONSE_BYTES / 2
    )
}

/// A connection that loses everything in a power cut, and is quick.
fn quick(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    Ok(conn)
}

/// Leaves a file on the disk, with nothing in its write-ahead log.
fn finish(path: &Path, conn: Connection) -> Result<()> {
    drop(conn);
    let conn = connect(path, Durability::Normal)?;
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    std::fs::File::open(path)?.sync_all()?;
    Ok(())
}
