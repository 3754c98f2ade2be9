//! Rows of an import, into the old tables.

use rusqlite::params;

use super::value::Value;
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;

/// Fails for an artifact that the old tables have no place for.
pub(super) fn check([.., model_version, _]: &[Value; 8]) -> Step<()> {
    match model_version {
        Value::Null => Ok(()),
        _ => Err(Error::NoPlace { field: "model_version" }.into()),
    }
}

/// Inserts an artifact; without an id, SQLite gives it the next one.
pub(super) fn artifact(conn: &Connection, id: Option<i64>, values: &[Value; 8]) -> Step<i64> {
    let [spec_id, stage, agent_name, content, response, run_id, _, created_at] = values;
    conn.execute(
        "INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, \
         response_text, run_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![id, spec_id, stage, agent_name, content, response, run_id, created_at],
    )?;
    Ok(conn.inserted())
}

/// Inserts a synthesis, as [`artifact`].
pub(super) fn synthesis(conn: &Connection, id: Option<i64>, values: &[Value; 11]) -> Step<i64> {
    let [
        spec_id,
        stage,
        markdown,
        path,
        status,
        count,
        agreements,
        conflicts,
        degraded,
        run_id,
        created_at,
    ] = values;
    conn.execute(
        "INSERT INTO consensus_synthesis (id, spec_id, stage, output_markdown, output_path, \
         status, artifacts_count, agreements, conflicts, degraded, run_id, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            id, spec_id, stage, markdown, path, status, count, agreements, conflicts, degraded,
            run_id, created_at,
        ],
    )?;
    Ok(conn.inserted())
}
