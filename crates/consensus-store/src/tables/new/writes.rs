//! Writing: what the migration would derive from the old rows.

use rusqlite::{OptionalExtension as _, params};

use super::New;
use crate::artifact::NewArtifact;
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::synthesis::NewSynthesis;
use crate::tables::Writes;
use crate::tables::old::created_at;
use crate::time;

/// The name under which `sqlite_sequence` keeps the last id of a synthesis: that of the old
/// table, which counts on from there after a rollback. It outlives the table.
pub(crate) const SEQUENCE: &str = "consensus_synthesis";

/// A run, as a write finds it.
struct Run {
    id: i64,
    timestamp: Option<i64>,
}

impl Writes for New {
    fn store_artifact(&self, conn: &Connection, artifact: &NewArtifact<'_>) -> Step<i64> {
        let ms = artifact.created_at_ms.unwrap_or_else(time::now_ms);
        let stage = artifact.stage.as_str();
        let run = run_of(conn, (&artifact.spec_id, stage, artifact.run_id.as_deref()), ms)?;
        conn.execute(
            "INSERT INTO agent_outputs (run_id, agent_name, model_version, content, response_text, \
             output_timestamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                run,
                artifact.agent_name,
                artifact.model_version,
                artifact.content_json,
                artifact.response_text,
                ms,
            ],
        )?;
        Ok(conn.inserted())
    }

    fn store_synthesis(&self, conn: &Connection, synthesis: &NewSynthesis<'_>) -> Step<i64> {
        let ms = synthesis.created_at_ms.unwrap_or_else(time::now_ms);
        let stage = synthesis.stage.as_str();
        let run = run_of(conn, (&synthesis.spec_id, stage, synthesis.run_id.as_deref()), ms)?;
        // The keys stand in the order in which the migration writes them: the text that the
        // forward mapping derives from the backward rows is this one.
        conn.execute(
            "UPDATE consensus_runs SET consensus_ok = (?2 = 'ok'), degraded = ?3, \
               latest_synthesis_id = ?4, \
               synthesis_json = json_insert(coalesce(synthesis_json, '[]'), '$[#]', json_object(\
                 'id', ?4, 'output_markdown', ?5, 'output_path', ?6, 'status', ?2, \
                 'artifacts_count', ?7, 'agreements', ?8, 'conflicts', ?9, 'degraded', ?3, \
                 'created_at', ?10)) \
             WHERE id = ?1",
            params![
                run,
                synthesis.status,
                synthesis.degraded,
                next_synthesis_id(conn)?,
                synthesis.output_markdown,
                synthesis.output_path,
                synthesis.artifacts_count,
                synthesis.agreements,
                synthesis.conflicts,
                created_at(Some(ms)),
            ],
        )?;
        Ok(run)
    }
}

/// The run of a row, which is made if it is missing, and which begins no later than the row.
fn run_of(
    conn: &Connection,
    (spec_id, stage, run_id): (&str, &str, Option<&str>),
    ms: i64,
) -> Step<i64> {
    if let Some(run) = find_run(conn, spec_id, stage, run_id)? {
        begin_no_later(conn, &run, ms)?;
        return Ok(run.id);
    }
    conn.execute(
        "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp) \
         VALUES (?1, ?2, ?3, ?4)",
        params![spec_id, stage, run_id, ms],
    )?;
    Ok(conn.inserted())
}

fn find_run(
    conn: &Connection,
    spec_id: &str,
    stage: &str,
    run_id: Option<&str>,
) -> Step<Option<Run>> {
    let sql = "SELECT id, run_timestamp FROM consensus_runs \
               WHERE spec_id = ?1 AND stage = ?2 AND run_label IS ?3";
    Ok(conn
        .prepare(sql)?
        .query_row(params![spec_id, stage, run_id], |row| {
            Ok(Run { id: row.get(0)?, timestamp: row.get(1)? })
        })
        .optional()?)
}

/// Sets a run's timestamp back where a row is earlier: where a clock was, or where the
/// caller said when.
fn begin_no_later(conn: &Connection, run: &Run, ms: i64) -> Step<()> {
    if run.timestamp.is_none_or(|timestamp| timestamp > ms) {
        let sql = "UPDATE consensus_runs SET run_timestamp = ?2 WHERE id = ?1";
        conn.execute(sql, [run.id, ms])?;
    }
    Ok(())
}

/// The last id of a synthesis that was ever handed out.
pub(crate) const LAST_SYNTHESIS_ID: &str = "SELECT max(\
     coalesce((SELECT max(latest_synthesis_id) FROM consensus_runs), 0), \
     coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?1), 0))";

/// The next id of a synthesis: none that was ever handed out, as AUTOINCREMENT has it in
/// the old table. What was handed out is kept where SQLite keeps it for its own tables.
fn next_synthesis_id(conn: &Connection) -> Step<i64> {
    let last: i64 = conn.prepare(LAST_SYNTHESIS_ID)?.query_row([SEQUENCE], |row| row.get(0))?;
    let id = last.checked_add(1).ok_or_else(|| Error::Invalid {
        field: "id",
        reason: "the largest possible id is used".to_owned(),
    })?;
    let sql = "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1";
    if conn.execute(sql, params![SEQUENCE, id])? == 0 {
        let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
        conn.execute(sql, params![SEQUENCE, id])?;
    }
    Ok(id)
}
