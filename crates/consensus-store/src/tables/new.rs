//! `consensus_runs` and `agent_outputs`.
//!
//! What is written here is what the migration would derive from the old rows: a run's
//! timestamp is the earliest of its rows', its flags are those of its latest synthesis,
//! and a run without rows is gone. So the backward mapping loses nothing, and a verification
//! finds no difference.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::value::RawValue;

use super::old::created_at;
use super::{Read, sql};
use crate::artifact::{Artifact, NewArtifact};
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::kept::{self, KeptSynthesis};
use crate::reports::{Deleted, StageSummary, Totals, count, shown};
use crate::stage::Stage;
use crate::synthesis::{NewSynthesis, Synthesis};
use crate::time::{self, CreatedAt};

const OUTPUTS: &str = "agent_outputs";

/// The name under which `sqlite_sequence` keeps the last id of a synthesis: that of the old
/// table, which counts on from there after a rollback. It outlives the table.
pub(crate) const SEQUENCE: &str = "consensus_synthesis";

/// A run, as a write finds it.
struct Run {
    id: i64,
    timestamp: Option<i64>,
}

pub(crate) fn store_artifact(conn: &Connection, artifact: &NewArtifact<'_>) -> Step<i64> {
    let ms = artifact.created_at_ms.unwrap_or_else(time::now_ms);
    let stage = artifact.stage.as_str();
    let run = match find_run(conn, &artifact.spec_id, stage, artifact.run_id.as_deref())? {
        Some(run) => {
            begin_no_later(conn, &run, ms)?;
            run.id
        }
        None => {
            conn.execute(
                "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp) \
                 VALUES (?1, ?2, ?3, ?4)",
                params![artifact.spec_id, stage, artifact.run_id, ms],
            )?;
            conn.inserted()
        }
    };
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

pub(crate) fn store_synthesis(conn: &Connection, synthesis: &NewSynthesis<'_>) -> Step<i64> {
    let ms = synthesis.created_at_ms.unwrap_or_else(time::now_ms);
    let stage = synthesis.stage.as_str();
    let found = find_run(conn, &synthesis.spec_id, stage, synthesis.run_id.as_deref())?;
    let run = match found {
        Some(run) => {
            begin_no_later(conn, &run, ms)?;
            run.id
        }
        None => {
            conn.execute(
                "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp) \
                 VALUES (?1, ?2, ?3, ?4)",
                params![synthesis.spec_id, stage, synthesis.run_id, ms],
            )?;
            conn.inserted()
        }
    };
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

pub(crate) fn artifacts(conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Artifact>> {
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

pub(crate) fn latest_synthesis(
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

/// The syntheses of a spec and stage, the latest first.
pub(crate) fn syntheses(conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Synthesis>> {
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

pub(crate) fn count_artifacts(conn: &Connection, spec_id: &str) -> Step<u64> {
    let sql = "SELECT count(*) FROM consensus_runs AS r CROSS JOIN agent_outputs AS o \
               ON o.run_id = r.id WHERE r.spec_id = ?1";
    Ok(conn.prepare(sql)?.query_row([spec_id], |row| count(row, 0))?)
}

pub(crate) fn specs(conn: &Connection) -> Step<Vec<String>> {
    let sql = "SELECT DISTINCT spec_id FROM consensus_runs AS r \
               WHERE EXISTS (SELECT 1 FROM agent_outputs WHERE run_id = r.id) ORDER BY spec_id";
    Ok(conn.prepare(sql)?.query_map((), shown)?.collect::<Result<_, _>>()?)
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

pub(crate) fn summaries(conn: &Connection) -> Step<Vec<StageSummary>> {
    let sql = format!(
        "SELECT spec_id, stage, sum(artifacts), sum(syntheses), count(*), max(ms) \
         FROM {} GROUP BY spec_id, stage ORDER BY spec_id, stage",
        runs()
    );
    Ok(conn.prepare(&sql)?.query_map((), StageSummary::read)?.collect::<Result<_, _>>()?)
}

pub(crate) fn totals(conn: &Connection) -> Step<Totals> {
    let sql = "SELECT (SELECT count(*) FROM agent_outputs), \
               coalesce(sum(json_array_length(synthesis_json)), 0), \
               count(DISTINCT spec_id), count(*) FROM consensus_runs";
    Ok(conn.prepare(sql)?.query_row((), Totals::read)?)
}

pub(crate) fn delete_artifacts(
    conn: &Connection,
    spec_id: &str,
    stage: Option<&Stage>,
) -> Step<u64> {
    let of = "SELECT id FROM consensus_runs WHERE spec_id = ?1 AND (?2 IS NULL OR stage = ?2)";
    let params = params![spec_id, stage.map(Stage::as_str)];
    let deleted =
        conn.execute(&format!("DELETE FROM agent_outputs WHERE run_id IN ({of})"), params)?;
    // A run is the rows it has: those that have none left go, the others begin later.
    conn.execute(
        "DELETE FROM consensus_runs \
         WHERE spec_id = ?1 AND (?2 IS NULL OR stage = ?2) AND synthesis_json IS NULL",
        params,
    )?;
    let earliest = sql::earliest();
    conn.execute(
        &format!(
            "UPDATE consensus_runs SET run_timestamp = {earliest} \
             WHERE spec_id = ?1 AND (?2 IS NULL OR stage = ?2) AND run_timestamp IS NOT {earliest}"
        ),
        params,
    )?;
    Ok(deleted as u64)
}

pub(crate) fn delete_all(conn: &Connection, spec_id: &str, stage: Option<&Stage>) -> Step<Deleted> {
    let params = params![spec_id, stage.map(Stage::as_str)];
    let of = "WHERE spec_id = ?1 AND (?2 IS NULL OR stage = ?2)";
    let sql = format!(
        "SELECT (SELECT count(*) FROM consensus_runs AS r CROSS JOIN agent_outputs AS o \
           ON o.run_id = r.id {of}), \
         (SELECT coalesce(sum(json_array_length(synthesis_json)), 0) FROM consensus_runs {of})"
    );
    let deleted = conn.prepare(&sql)?.query_row(params, |row| {
        Ok(Deleted { artifacts: count(row, 0)?, syntheses: count(row, 1)? })
    })?;
    // Their outputs go with the runs.
    conn.execute(&format!("DELETE FROM consensus_runs {of}"), params)?;
    Ok(deleted)
}

/// Deletes what is older among the next outputs after a place; gives how many, and the
/// next place, `None` at the end.
pub(crate) fn prune_artifacts(
    conn: &Connection,
    after: i64,
    rows: i64,
    older_than_ms: i64,
) -> Step<(u64, Option<i64>)> {
    let sql = "SELECT id, run_id, output_timestamp, created_at_raw FROM agent_outputs \
               WHERE id > ?1 ORDER BY id LIMIT ?2";
    let seen: Vec<(i64, i64, CreatedAt)> = conn
        .prepare(sql)?
        .query_map([after, rows], |row| {
            let at = CreatedAt::from_new(row.get(2)?, row.get_ref(3)?);
            Ok((row.get(0)?, row.get(1)?, at))
        })?
        .collect::<Result<_, _>>()?;
    let mut deleted = 0;
    for (id, run, at) in &seen {
        if at.millis().is_some_and(|ms| ms < older_than_ms) {
            deleted += conn.execute("DELETE FROM agent_outputs WHERE id = ?1", [id])? as u64;
            settle(conn, *run)?;
        }
    }
    Ok((deleted, seen.last().map(|(id, ..)| *id)))
}

/// Deletes what is older among the syntheses of the next runs after a place, as
/// [`prune_artifacts`].
pub(crate) fn prune_syntheses(
    conn: &Connection,
    after: i64,
    rows: i64,
    older_than_ms: i64,
) -> Step<(u64, Option<i64>)> {
    let sql = "SELECT id, synthesis_json FROM consensus_runs WHERE id > ?1 ORDER BY id LIMIT ?2";
    let runs: Vec<(i64, Option<String>)> = conn
        .prepare(sql)?
        .query_map([after, rows], |row| {
            let text = row.get_ref(1)?.as_str().ok().map(str::to_owned);
            Ok((row.get(0)?, text))
        })?
        .collect::<Result<_, _>>()?;
    let mut deleted = 0;
    for (run, text) in &runs {
        // What can't be read has no time that could be read: it stays, as it is.
        let Some(all) = text.as_deref().and_then(|text| raw_syntheses(*run, text).ok()) else {
            continue;
        };
        let mut stay = Vec::with_capacity(all.len());
        for (raw, synthesis) in &all {
            let old = synthesis.created_at().millis().is_some_and(|ms| ms < older_than_ms);
            if !old {
                stay.push((*raw, synthesis.clone()));
            }
        }
        if stay.len() < all.len() {
            deleted += (all.len() - stay.len()) as u64;
            replace_syntheses(conn, *run, &stay)?;
            settle(conn, *run)?;
        }
    }
    Ok((deleted, runs.last().map(|(id, _)| *id)))
}

/// The syntheses of a run, each with its text: those that stay are written back byte for
/// byte.
fn raw_syntheses(run: i64, text: &str) -> Result<Vec<(&RawValue, KeptSynthesis)>, Error> {
    let all: Vec<&RawValue> = kept::parse(run, text)?;
    all.into_iter().map(|raw| Ok((raw, kept::parse(run, raw.get())?))).collect()
}

/// Writes the syntheses of a run, given in the order of their ids.
pub(crate) fn replace_syntheses(
    conn: &Connection,
    run: i64,
    syntheses: &[(&RawValue, KeptSynthesis)],
) -> Step<()> {
    let text = syntheses.iter().map(|(raw, _)| raw.get()).collect::<Vec<_>>().join(",");
    let last = syntheses.last().map(|(_, synthesis)| synthesis);
    conn.execute(
        "UPDATE consensus_runs SET consensus_ok = ?2, degraded = ?3, latest_synthesis_id = ?4, \
         synthesis_json = ?5 WHERE id = ?1",
        params![
            run,
            last.map(|synthesis| synthesis.status == "ok"),
            last.and_then(|synthesis| synthesis.degraded),
            last.map(|synthesis| synthesis.id),
            last.map(|_| format!("[{text}]")),
        ],
    )?;
    Ok(())
}

/// Brings a run in line with the rows it has left: its timestamp is theirs, and without
/// any it goes.
pub(crate) fn settle(conn: &Connection, run: i64) -> Step<()> {
    let gone = conn.execute(
        "DELETE FROM consensus_runs WHERE id = ?1 AND synthesis_json IS NULL \
         AND NOT EXISTS (SELECT 1 FROM agent_outputs WHERE run_id = ?1)",
        [run],
    )?;
    if gone == 0 {
        let earliest = sql::earliest();
        conn.execute(
            &format!(
                "UPDATE consensus_runs SET run_timestamp = {earliest} \
                 WHERE id = ?1 AND run_timestamp IS NOT {earliest}"
            ),
            [run],
        )?;
    }
    Ok(())
}
