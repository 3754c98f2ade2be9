//! A program that knows only the new tables.
//!
//! It writes only what the old tables can hold too, as an application does that
//! may have to go back; and for each write it notes what an old program would
//! have had to write to the same effect. That is how the twin gets it.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::job::{Job, Trouble, repeat};
use crate::{canary, log};

const PAUSE: Duration = Duration::from_millis(3);

/// Syntheses live inside their run in the new schema, so nobody hands out ids for
/// them; these are far above those that the old table handed out. Each writer counts down: an old
/// program that writes at the same time gets the one after the greatest.
const FIRST_SYNTHESIS: i64 = 9_000_000_000;

/// Ids of each writer.
const SYNTHESES: i64 = 1_000_000;

/// 2025-07-01, in milliseconds.
const EPOCH_MS: i64 = 1_751_328_000_000;

const OUTPUT: &str = "INSERT INTO agent_outputs
    (run_id, agent_name, content, response_text, output_timestamp) VALUES (?, ?, ?, ?, ?)";
const ARTIFACT: &str = "INSERT INTO consensus_artifacts
    (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

pub(crate) fn run(job: &Job) -> rusqlite::Result<()> {
    let mut conn = job.connect()?;
    // Deleting a run takes its outputs along.
    conn.pragma_update(None, "foreign_keys", true)?;
    let mut writer = Writer {
        name: job.name(),
        next_synthesis: FIRST_SYNTHESIS + (job.id() + 1) * SYNTHESES,
        rng: job.rng(),
        max: job.rows(),
        written: 0,
        runs: Vec::new(),
    };
    repeat(PAUSE, || Ok::<_, Trouble>(writer.write(&mut conn)?));
    Ok(())
}

struct Writer {
    name: String,
    /// The id of the last synthesis it wrote.
    next_synthesis: i64,
    rng: fastrand::Rng,
    /// Roughly the largest id of an output; one that no row has is as good.
    max: i64,
    written: u64,
    runs: Vec<Run>,
}

/// A run that this writer made.
#[derive(Debug, Clone)]
struct Run {
    id: i64,
    spec: String,
    label: String,
    /// The time of its first output, which is the run's: the others are later.
    began_ms: i64,
    first: i64,
    others: Vec<i64>,
}

const STAGE: &str = "spec-implement";

impl Writer {
    fn write(&mut self, conn: &mut Connection) -> rusqlite::Result<()> {
        self.written += 1;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let own = self.rng.usize(0..self.runs.len().max(1));
        let choice = if self.runs.is_empty() { 0 } else { self.rng.u32(0..100) };
        // What this process remembers changes only once the commit succeeded.
        let (sql, remember) = match choice {
            0..35 => self.insert_run(&tx)?,
            35..65 => (self.update(&tx)?, None),
            65..70 => (self.delete_run(&tx)?, None),
            70..80 => (self.replace_first(&tx, own)?, None),
            80..90 => self.add_output(&tx, own)?,
            _ => self.delete_output(&tx, own)?,
        };
        log::note(&tx, &self.name, &sql)?;
        tx.commit()?;
        match remember {
            Some(run) if self.runs.get(own).is_some_and(|known| known.id == run.id) => {
                self.runs[own] = run;
            }
            Some(run) => self.runs.push(run),
            None => {}
        }
        Ok(())
    }

    /// A run, its outputs and sometimes its synthesis.
    fn insert_run(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<(String, Option<Run>)> {
        let began_ms = EPOCH_MS + self.rng.i64(0..10_000_000_000);
        let mut run = Run {
            id: 0,
            spec: format!("SPEC-DEMO-{:03}", self.rng.u32(0..300)),
            label: format!("{}-{}", self.name, self.written),
            began_ms,
            first: 0,
            others: Vec::new(),
        };
        let with_synthesis = self.rng.u32(0..3) == 0;
        let mut sql = if with_synthesis {
            self.run_with_synthesis(tx, &run)?
        } else {
            log::run(
                tx,
                "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp)
                 VALUES (?, ?, ?, ?)",
                params![run.spec, STAGE, run.label, began_ms],
            )?;
            String::new()
        };
        run.id = tx.last_insert_rowid();
        for n in 0..self.rng.i64(1..4) {
            let (id, artifact) = self.output(tx, &run, began_ms + n * 1_250)?;
            sql += &artifact;
            if n == 0 {
                run.first = id;
            } else {
                run.others.push(id);
            }
        }
        Ok((sql, Some(run)))
    }

    /// The run's row with a synthesis in it; what an old program would have
    /// written, into the table of syntheses.
    fn run_with_synthesis(&mut self, tx: &Transaction<'_>, run: &Run) -> rusqlite::Result<String> {
        self.next_synthesis -= 1;
        let id = self.next_synthesis;
        let status = if self.rng.bool() { "ok" } else { "conflict" };
        let markdown = format!("# {}\n\n\"{status}\" ✓", run.label);
        let at = created_at(run.began_ms);
        log::run(
            tx,
            "INSERT INTO consensus_runs
               (spec_id, stage, run_label, run_timestamp, consensus_ok, degraded,
                latest_synthesis_id, synthesis_json)
             VALUES (?1, ?2, ?3, ?4, ?5 = 'ok', ?5 <> 'ok', ?6, json_array(json_object(
               'id', ?6, 'output_markdown', ?7, 'output_path', NULL, 'status', ?5,
               'artifacts_count', 3, 'agreements', NULL, 'conflicts', NULL,
               'degraded', ?5 <> 'ok', 'created_at', ?8)))",
            params![run.spec, STAGE, run.label, run.began_ms, status, id, markdown, at],
        )?;
        let sql = log::text(
            tx,
            "INSERT INTO consensus_synthesis
               (id, spec_id, stage, output_markdown, status, artifacts_count, degraded, run_id, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 3, ?5 <> 'ok', ?6, ?7)",
            params![id, run.spec, STAGE, markdown, status, run.label, at],
        )?;
        Ok(sql + ";\n")
    }

    /// An output of a run: its id, and the artifact it is in the old schema.
    fn output(
        &mut self,
        tx: &Transaction<'_>,
        run: &Run,
        ms: i64,
    ) -> rusqlite::Result<(i64, String)> {
        let (content, response) = self.said();
        log::run(tx, OUTPUT, params![run.id, self.name, content, response, ms])?;
        let id = tx.last_insert_rowid();
        let sql = log::text(
            tx,
            ARTIFACT,
            params![id, run.spec, STAGE, self.name, content, response, run.label, created_at(ms)],
        )?;
        Ok((id, sql + ";\n"))
    }

    /// An output of any run, old ones too.
    fn update(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let id = 1 + self.rng.i64(0..self.max);
        let (content, response) = self.said();
        log::run(
            tx,
            "UPDATE agent_outputs SET content = ?2, response_text = ?3 WHERE id = ?1
             AND run_id NOT IN (SELECT id FROM consensus_runs WHERE spec_id LIKE ?4)",
            params![id, content, response, untouched()],
        )?;
        log::text(
            tx,
            "UPDATE consensus_artifacts SET content_json = ?2, response_text = ?3
             WHERE id = ?1 AND spec_id NOT LIKE ?4",
            params![id, content, response, untouched()],
        )
    }

    /// Any labelled run near some output, with all that hangs on it.
    fn delete_run(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let near = 1 + self.rng.i64(0..self.max);
        let run: Option<(i64, String, String, String)> = tx
            .prepare_cached(
                "SELECT r.id, r.spec_id, r.stage, r.run_label
                 FROM agent_outputs o JOIN consensus_runs r ON r.id = o.run_id
                 WHERE o.id BETWEEN ?1 AND ?1 + 50
                   AND r.run_label IS NOT NULL AND r.spec_id NOT LIKE ?2
                 ORDER BY o.id LIMIT 1",
            )?
            .query_row(params![near, untouched()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((id, spec, stage, label)) = run else {
            return Ok("-- no run to delete there".into());
        };
        log::run(tx, "DELETE FROM consensus_runs WHERE id = ?", params![id])?;
        let mut sql = String::new();
        for delete in [
            "DELETE FROM consensus_artifacts WHERE spec_id = ? AND stage = ? AND run_id = ?",
            "DELETE FROM consensus_synthesis WHERE spec_id = ? AND stage = ? AND run_id = ?",
        ] {
            sql += &log::text(tx, delete, params![spec, stage, label])?;
            sql += ";\n";
        }
        Ok(sql)
    }

    /// Says something else in the first output of a run of its own, by REPLACE.
    fn replace_first(&mut self, tx: &Transaction<'_>, own: usize) -> rusqlite::Result<String> {
        let run = self.runs[own].clone();
        if !exists(tx, &run)? {
            return Ok("-- that run is gone".into());
        }
        let (content, response) = self.said();
        log::run(
            tx,
            "INSERT OR REPLACE INTO agent_outputs
               (id, run_id, agent_name, content, response_text, output_timestamp)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![run.first, run.id, self.name, content, response, run.began_ms],
        )?;
        log::text(
            tx,
            &ARTIFACT.replace("INSERT", "INSERT OR REPLACE"),
            params![
                run.first,
                run.spec,
                STAGE,
                self.name,
                content,
                response,
                run.label,
                created_at(run.began_ms)
            ],
        )
    }

    fn add_output(
        &mut self,
        tx: &Transaction<'_>,
        own: usize,
    ) -> rusqlite::Result<(String, Option<Run>)> {
        let mut run = self.runs[own].clone();
        if !exists(tx, &run)? {
            return Ok(("-- that run is gone".into(), None));
        }
        let later = run.began_ms + self.rng.i64(1..100_000);
        let (id, sql) = self.output(tx, &run, later)?;
        run.others.push(id);
        Ok((sql, Some(run)))
    }

    /// Deletes an output, never the last of its run: a run without any rows is
    /// nothing that the old schema could hold.
    fn delete_output(
        &mut self,
        tx: &Transaction<'_>,
        own: usize,
    ) -> rusqlite::Result<(String, Option<Run>)> {
        let mut run = self.runs[own].clone();
        let Some(id) = run.others.pop() else {
            return Ok(("-- it has no other outputs".into(), None));
        };
        log::run(tx, "DELETE FROM agent_outputs WHERE id = ?", params![id])?;
        let sql = log::text(tx, "DELETE FROM consensus_artifacts WHERE id = ?", params![id])?;
        Ok((sql, Some(run)))
    }

    /// What an agent said, and its response.
    fn said(&mut self) -> (String, Option<String>) {
        let n = self.written;
        let content =
            format!("{{\"n\":{n},\"text\":\"{}\"}}", "y".repeat(self.rng.usize(200..700)));
        let response = (self.rng.u32(0..5) > 0).then(|| "né".repeat(self.rng.usize(100..900)));
        (content, response)
    }
}

/// Whether a run still exists: any writer may have deleted it.
fn exists(tx: &Transaction<'_>, run: &Run) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM consensus_runs WHERE id = ? AND run_label = ?)",
    )?
    .query_row(params![run.id, run.label], |row| row.get(0))
}

/// Milliseconds as old programs wrote times.
fn created_at(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    match ms.rem_euclid(1000) {
        0 => text,
        fraction => format!("{text}.{fraction:03}"),
    }
}

/// The canaries' specs, as a LIKE pattern.
fn untouched() -> String {
    format!("{}%", canary::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::created_at;

    #[test]
    fn times_are_written_as_old_programs_did() {
        assert_eq!(created_at(1_751_328_000_000), "2025-07-01 00:00:00");
        assert_eq!(created_at(1_751_328_001_050), "2025-07-01 00:00:01.050");
    }
}
