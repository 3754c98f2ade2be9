//! Deleting. A run is the rows it has: without any it goes.

use rusqlite::params;
use serde_json::value::RawValue;

use super::New;
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::kept::{self, KeptSynthesis};
use crate::reports::{Deleted, count};
use crate::stage::Stage;
use crate::tables::{Next, Pruned, Removes, Rows, sql};
use crate::time::CreatedAt;

impl Removes for New {
    fn delete_artifacts(
        &self,
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

    fn delete_all(&self, conn: &Connection, spec_id: &str, stage: Option<&Stage>) -> Step<Deleted> {
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

    fn prune(&self, conn: &Connection, rows: Rows, next: Next) -> Step<Pruned> {
        match rows {
            Rows::Artifacts => outputs(conn, next),
            Rows::Syntheses => syntheses(conn, next),
        }
    }
}

/// Deletes what is older among the next outputs.
fn outputs(conn: &Connection, next: Next) -> Step<Pruned> {
    let sql = "SELECT id, run_id, output_timestamp, created_at_raw FROM agent_outputs \
               WHERE id > ?1 ORDER BY id LIMIT ?2";
    let seen: Vec<(i64, i64, CreatedAt)> = conn
        .prepare(sql)?
        .query_map([next.after, next.rows], |row| {
            let at = CreatedAt::from_new(row.get(2)?, row.get_ref(3)?);
            Ok((row.get(0)?, row.get(1)?, at))
        })?
        .collect::<Result<_, _>>()?;
    let mut deleted = 0;
    for (id, run, at) in &seen {
        if at.millis().is_some_and(|ms| ms < next.older_than_ms) {
            deleted += conn.execute("DELETE FROM agent_outputs WHERE id = ?1", [id])? as u64;
            settle(conn, *run)?;
        }
    }
    Ok(Pruned { deleted, until: seen.last().map(|(id, ..)| *id) })
}

/// Deletes what is older among the syntheses of the next runs.
fn syntheses(conn: &Connection, next: Next) -> Step<Pruned> {
    let sql = "SELECT id, synthesis_json FROM consensus_runs WHERE id > ?1 ORDER BY id LIMIT ?2";
    let runs: Vec<(i64, Option<String>)> = conn
        .prepare(sql)?
        .query_map([next.after, next.rows], |row| {
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
            let old = synthesis.created_at().millis().is_some_and(|ms| ms < next.older_than_ms);
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
    Ok(Pruned { deleted, until: runs.last().map(|(id, _)| *id) })
}

/// The syntheses of a run, each with its text: those that stay are written back byte for
/// byte.
fn raw_syntheses(run: i64, text: &str) -> Result<Vec<(&RawValue, KeptSynthesis)>, Error> {
    let all: Vec<&RawValue> = kept::parse(run, text)?;
    all.into_iter().map(|raw| Ok((raw, kept::parse(run, raw.get())?))).collect()
}

/// Writes the syntheses of a run, given in the order of their ids.
fn replace_syntheses(
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
