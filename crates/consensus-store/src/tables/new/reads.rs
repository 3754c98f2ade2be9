//! Reading.

use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

use super::New;
use crate::artifact::Artifact;
use crate::connection::Connection;
use crate::fault::Step;
use crate::kept::{self, KeptSynthesis};
use crate::reports::{StageSummary, Totals, count, shown};
use crate::stage::Stage;
use crate::synthesis::Synthesis;
use crate::tables::{Read, Reads, sql};
use crate::time::CreatedAt;

const OUTPUTS: &str = "agent_outputs";

impl Reads for New {
    fn artifacts(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Artifact>> {
        // CROSS JOIN: the runs first, whatever the planner's statistics say.
        let mut statement = conn.prepare(
            "SELECT o.id, o.agent_name, o.content, o.response_text, r.run_label, o.model_version, \
             o.output_timestamp, o.created_at_raw \
             FROM consensus_runs AS r CROSS JOIN agent_outputs AS o ON o.run_id = r.id \
             WHERE r.spec_id = ?1 AND r.stage = ?2 ORDER BY o.id DESC",
        )?;
        let mut rows = statement.query(params![spec_id, stage.as_str()])?;
        let mut artifacts = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let read = Read { row, table: OUTPUTS, id };
            artifacts.push(Artifact {
                id,
                spec_id: spec_id.to_owned(),
                stage: stage.clone(),
                agent_name: read.text(1, "agent_name")?,
                content_json: read.text(2, "content")?,
                response_text: read.optional_text(3, "response_text")?,
                run_id: read.optional_text(4, "run_label")?,
                model_version: read.optional_text(5, "model_version")?,
                created_at: CreatedAt::from_new(row.get(6)?, row.get_ref(7)?),
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
        let mut statement = conn.prepare(
            "SELECT id, run_label, json_extract(synthesis_json, '$[#-1]') FROM consensus_runs \
             WHERE spec_id = ?1 AND stage = ?2 AND latest_synthesis_id IS NOT NULL \
             ORDER BY latest_synthesis_id DESC LIMIT 1",
        )?;
        let mut rows = statement.query(params![spec_id, stage.as_str()])?;
        match rows.next()? {
            Some(row) => {
                let (id, label, text) = labelled(row)?;
                let kept: KeptSynthesis = kept::parse(id, text)?;
                Ok(Some(kept.into_synthesis(spec_id, stage, label)))
            }
            None => Ok(None),
        }
    }

    fn syntheses(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Synthesis>> {
        let mut statement = conn.prepare(
            "SELECT id, run_label, synthesis_json FROM consensus_runs \
             WHERE spec_id = ?1 AND stage = ?2 AND synthesis_json IS NOT NULL",
        )?;
        let mut rows = statement.query(params![spec_id, stage.as_str()])?;
        let mut syntheses = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, label, text) = labelled(row)?;
            let kept: Vec<KeptSynthesis> = kept::parse(id, text)?;
            syntheses.extend(
                kept.into_iter().map(|kept| kept.into_synthesis(spec_id, stage, label.clone())),
            );
        }
        syntheses.sort_by_key(|synthesis| std::cmp::Reverse(synthesis.id));
        Ok(syntheses)
    }

    fn count_artifacts(&self, conn: &Connection, spec_id: &str) -> Step<u64> {
        let sql = "SELECT count(*) FROM consensus_runs AS r CROSS JOIN agent_outputs AS o \
                   ON o.run_id = r.id WHERE r.spec_id = ?1";
        Ok(conn.prepare(sql)?.query_row([spec_id], |row| count(row, 0))?)
    }

    fn specs(&self, conn: &Connection) -> Step<Vec<String>> {
        let sql = "SELECT DISTINCT spec_id FROM consensus_runs AS r \
                   WHERE EXISTS (SELECT 1 FROM agent_outputs WHERE run_id = r.id) ORDER BY spec_id";
        Ok(conn.prepare(sql)?.query_map((), shown)?.collect::<Result<_, _>>()?)
    }

    fn summaries(&self, conn: &Connection) -> Step<Vec<StageSummary>> {
        let sql = format!(
            "SELECT spec_id, stage, sum(artifacts), sum(syntheses), count(*), max(ms) \
             FROM {} GROUP BY spec_id, stage ORDER BY spec_id, stage",
            runs()
        );
        Ok(conn.prepare(&sql)?.query_map((), StageSummary::read)?.collect::<Result<_, _>>()?)
    }

    fn totals(&self, conn: &Connection) -> Step<Totals> {
        let sql = "SELECT (SELECT count(*) FROM agent_outputs), \
                   coalesce(sum(json_array_length(synthesis_json)), 0), \
                   count(DISTINCT spec_id), count(*) FROM consensus_runs";
        Ok(conn.prepare(sql)?.query_row((), Totals::read)?)
    }
}

/// The run's id, its label, and the text of its syntheses.
fn labelled<'r>(row: &'r Row<'_>) -> Step<(i64, Option<String>, &'r str)> {
    let id = row.get(0)?;
    let read = Read { row, table: kept::RUNS, id };
    let label = read.optional_text(1, "run_label")?;
    match row.get_ref(2)? {
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok((id, label, text)),
            Err(_) => Err(kept::unexpected(id, "text that is not UTF-8".to_owned()).into()),
        },
        other => Err(kept::unexpected(id, format!("no text: {other:?}")).into()),
    }
}

/// Each run with the number of its rows and the time of the latest.
fn runs() -> String {
    format!(
        "(SELECT spec_id, stage, \
           (SELECT count(*) FROM agent_outputs WHERE run_id = r.id) AS artifacts, \
           coalesce(json_array_length(synthesis_json), 0) AS syntheses, \
           (SELECT max(ms) FROM (\
             SELECT {} AS ms FROM agent_outputs AS o WHERE o.run_id = r.id \
             UNION ALL SELECT {} FROM (SELECT value ->> '$.created_at' AS at \
               FROM json_each(r.synthesis_json)) AS s)) AS ms \
         FROM consensus_runs AS r)",
        sql::output_milliseconds("o"),
        sql::milliseconds("s.at")
    )
}
