//! `consensus_artifacts` and `consensus_synthesis`: where files lie today.
//!
//! While a migration keeps the new tables in step, its triggers see each of these
//! statements as they see an old program's.

use rusqlite::types::Value;
use rusqlite::{Row, params};

use super::{Next, Pruned, Read, Reads, Removes, Rows, Writes, sql};
use crate::artifact::{Artifact, NewArtifact};
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::reports::{Deleted, StageSummary, Totals, count, shown};
use crate::stage::Stage;
use crate::synthesis::{NewSynthesis, Synthesis};
use crate::time::{self, CreatedAt};

const ARTIFACTS: &str = "consensus_artifacts";
const SYNTHESES: &str = "consensus_synthesis";

/// The old tables.
#[derive(Debug)]
pub(crate) struct Old;

impl Writes for Old {
    fn store_artifact(&self, conn: &Connection, artifact: &NewArtifact<'_>) -> Step<i64> {
        if artifact.model_version.is_some() {
            return Err(Error::NoPlace { field: "model_version" }.into());
        }
        conn.execute(
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, \
             run_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                artifact.spec_id,
                artifact.stage.as_str(),
                artifact.agent_name,
                artifact.content_json,
                artifact.response_text,
                artifact.run_id,
                created_at(artifact.created_at_ms),
            ],
        )?;
        Ok(conn.inserted())
    }

    fn store_synthesis(&self, conn: &Connection, synthesis: &NewSynthesis<'_>) -> Step<i64> {
        conn.execute(
            "INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, output_path, status, \
             artifacts_count, agreements, conflicts, degraded, run_id, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                synthesis.spec_id,
                synthesis.stage.as_str(),
                synthesis.output_markdown,
                synthesis.output_path,
                synthesis.status,
                synthesis.artifacts_count,
                synthesis.agreements,
                synthesis.conflicts,
                synthesis.degraded,
                synthesis.run_id,
                created_at(synthesis.created_at_ms),
            ],
        )?;
        Ok(conn.inserted())
    }
}

/// A time as old programs write it; a number where no text can hold it.
pub(super) fn created_at(ms: Option<i64>) -> Value {
    let ms = ms.unwrap_or_else(time::now_ms);
    time::text(ms).map_or(Value::Integer(ms), Value::Text)
}

impl Reads for Old {
    fn artifacts(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Artifact>> {
        let mut statement = conn.prepare(
            "SELECT id, agent_name, content_json, response_text, run_id, created_at \
             FROM consensus_artifacts WHERE spec_id = ?1 AND stage = ?2 ORDER BY id DESC",
        )?;
        let mut rows = statement.query(params![spec_id, stage.as_str()])?;
        let mut artifacts = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let read = Read { row, table: ARTIFACTS, id };
            artifacts.push(Artifact {
                id,
                spec_id: spec_id.to_owned(),
                stage: stage.clone(),
                agent_name: read.text(1, "agent_name")?,
                content_json: read.text(2, "content_json")?,
                response_text: read.optional_text(3, "response_text")?,
                run_id: read.optional_text(4, "run_id")?,
                model_version: None,
                created_at: CreatedAt::from_old(row.get_ref(5)?),
            });
        }
        Ok(artifacts)
    }

    fn latest_synthesis(
        &self,
        conn: &Connection,
        spec_id: &str,
        stage: &Stage,
    ) -> Step<Option<Synthesis>> {
        Ok(newest(conn, spec_id, stage, 1)?.pop())
    }

    fn syntheses(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Synthesis>> {
        newest(conn, spec_id, stage, i64::MAX)
    }

    fn count_artifacts(&self, conn: &Connection, spec_id: &str) -> Step<u64> {
        let sql = "SELECT count(*) FROM consensus_artifacts WHERE spec_id = ?1";
        Ok(conn.prepare(sql)?.query_row([spec_id], |row| count(row, 0))?)
    }

    fn specs(&self, conn: &Connection) -> Step<Vec<String>> {
        let sql = "SELECT DISTINCT spec_id FROM consensus_artifacts ORDER BY spec_id";
        Ok(conn.prepare(sql)?.query_map((), shown)?.collect::<Result<_, _>>()?)
    }

    fn summaries(&self, conn: &Connection) -> Step<Vec<StageSummary>> {
        let sql = format!(
            "SELECT spec_id, stage, sum(artifact), sum(NOT artifact), \
             count(DISTINCT coalesce('=' || run_id, '')), max(ms) \
             FROM {} GROUP BY spec_id, stage ORDER BY spec_id, stage",
            rows()
        );
        Ok(conn.prepare(&sql)?.query_map((), StageSummary::read)?.collect::<Result<_, _>>()?)
    }

    fn totals(&self, conn: &Connection) -> Step<Totals> {
        let sql = format!(
            "SELECT coalesce(sum(artifact), 0), coalesce(sum(NOT artifact), 0), \
             count(DISTINCT spec_id), (SELECT count(*) FROM (SELECT DISTINCT spec_id, stage, run_id \
             FROM {rows})) FROM {rows}",
            rows = rows()
        );
        Ok(conn.prepare(&sql)?.query_row((), Totals::read)?)
    }
}

/// The syntheses of a spec and stage, the latest first; at most `limit`.
fn newest(conn: &Connection, spec_id: &str, stage: &Stage, limit: i64) -> Step<Vec<Synthesis>> {
    let mut statement = conn.prepare(
        "SELECT id, output_markdown, output_path, status, artifacts_count, agreements, conflicts, \
         degraded, run_id, created_at FROM consensus_synthesis \
         WHERE spec_id = ?1 AND stage = ?2 ORDER BY id DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![spec_id, stage.as_str(), limit])?;
    let mut syntheses = Vec::new();
    while let Some(row) = rows.next()? {
        syntheses.push(synthesis(row, spec_id, stage)?);
    }
    Ok(syntheses)
}

fn synthesis(row: &Row<'_>, spec_id: &str, stage: &Stage) -> Step<Synthesis> {
    let id = row.get(0)?;
    let read = Read { row, table: SYNTHESES, id };
    Ok(Synthesis {
        id,
        spec_id: spec_id.to_owned(),
        stage: stage.clone(),
        output_markdown: read.text(1, "output_markdown")?,
        output_path: read.optional_text(2, "output_path")?,
        status: read.text(3, "status")?,
        artifacts_count: read.optional_integer(4, "artifacts_count")?,
        agreements: read.optional_text(5, "agreements")?,
        conflicts: read.optional_text(6, "conflicts")?,
        degraded: read.optional_integer(7, "degraded")?.unwrap_or_default() != 0,
        run_id: read.optional_text(8, "run_id")?,
        created_at: CreatedAt::from_old(row.get_ref(9)?),
    })
}

/// Both tables' rows as one, for what is counted by spec and stage.
fn rows() -> String {
    let ms = sql::milliseconds("created_at");
    format!(
        "(SELECT spec_id, stage, run_id, 1 AS artifact, {ms} AS ms FROM consensus_artifacts \
         UNION ALL SELECT spec_id, stage, run_id, 0, {ms} FROM consensus_synthesis)"
    )
}

impl Removes for Old {
    fn delete_artifacts(
        &self,
        conn: &Connection,
        spec_id: &str,
        stage: Option<&Stage>,
    ) -> Step<u64> {
        let deleted = match stage {
            None => {
                conn.execute("DELETE FROM consensus_artifacts WHERE spec_id = ?1", [spec_id])?
            }
            Some(stage) => conn.execute(
                "DELETE FROM consensus_artifacts WHERE spec_id = ?1 AND stage = ?2",
                [spec_id, stage.as_str()],
            )?,
        };
        Ok(deleted as u64)
    }

    fn delete_all(&self, conn: &Connection, spec_id: &str, stage: Option<&Stage>) -> Step<Deleted> {
        let artifacts = self.delete_artifacts(conn, spec_id, stage)?;
        let syntheses = match stage {
            None => {
                conn.execute("DELETE FROM consensus_synthesis WHERE spec_id = ?1", [spec_id])?
            }
            Some(stage) => conn.execute(
                "DELETE FROM consensus_synthesis WHERE spec_id = ?1 AND stage = ?2",
                [spec_id, stage.as_str()],
            )?,
        };
        Ok(Deleted { artifacts, syntheses: syntheses as u64 })
    }

    fn prune(&self, conn: &Connection, rows: Rows, next: Next) -> Step<Pruned> {
        let table = match rows {
            Rows::Artifacts => ARTIFACTS,
            Rows::Syntheses => SYNTHESES,
        };
        let sql = format!("SELECT id, created_at FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2");
        let seen: Vec<(i64, CreatedAt)> = conn
            .prepare(&sql)?
            .query_map([next.after, next.rows], |row| {
                Ok((row.get(0)?, CreatedAt::from_old(row.get_ref(1)?)))
            })?
            .collect::<Result<_, _>>()?;
        let delete = format!("DELETE FROM {table} WHERE id = ?1");
        let mut deleted = 0;
        for (id, at) in &seen {
            if at.millis().is_some_and(|ms| ms < next.older_than_ms) {
                deleted += conn.execute(&delete, [id])? as u64;
            }
        }
        Ok(Pruned { deleted, until: seen.last().map(|(id, _)| *id) })
    }
}
