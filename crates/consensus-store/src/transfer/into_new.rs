//! Rows of an import, into the new tables: what is written is what the migration would
//! derive from the same rows of the old ones.
//!
//! An artifact is written at once. Syntheses wait in a temporary table until the last
//! line was read, because all those of a run are one value: written one by one, a run of
//! many would be written over and over. Only then is looked for their ids among those of
//! the store, which no index lists, in one pass for all of them.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension as _, params};

use super::rows::{Kept, Rows, difference};
use super::value::Value;
use super::{SYNTHESIS, import};
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::tables::new::{LAST_SYNTHESIS_ID, SEQUENCE, settle};
use crate::time::{self, CreatedAt, TEXT_MS};

const MAKE_WAITING: &str = "\
CREATE TEMP TABLE consensus_import (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, \
  run INTEGER NOT NULL, object TEXT NOT NULL); \
CREATE INDEX temp.consensus_import_run ON consensus_import (run);";

/// The text by which a run keeps a synthesis: the migration's, in the same words.
const OBJECT: &str = "\
SELECT json_object('id', ?1, 'output_markdown', ?2, 'output_path', ?3, 'status', ?4, \
'artifacts_count', ?5, 'agreements', ?6, 'conflicts', ?7, 'degraded', ?8, \
'created_at', CASE typeof(?9) \
  WHEN 'real' THEN json_array(CAST(?9 AS INTEGER), \
    CAST((?9 - CAST(?9 AS INTEGER)) * (1 << 62) AS INTEGER)) \
  ELSE ?9 \
END)";

/// A run with those that wait for it, in the order of id, and what it says of the last.
const MERGE: &str = "\
UPDATE consensus_runs SET synthesis_json = m.text, \
  consensus_ok = m.text ->> '$[#-1].status' = 'ok', \
  degraded = m.text ->> '$[#-1].degraded', \
  latest_synthesis_id = m.text ->> '$[#-1].id' \
FROM (SELECT '[' || group_concat(object, ',' ORDER BY id) || ']' AS text FROM (\
  SELECT s.value ->> '$.id' AS id, s.value AS object \
  FROM consensus_runs AS r, json_each(r.synthesis_json) AS s WHERE r.id = ?1 \
  UNION ALL SELECT id, object FROM temp.consensus_import WHERE run = ?1)) AS m \
WHERE consensus_runs.id = ?1";

/// What an import writes to the new tables.
pub(super) struct IntoNew<'c> {
    conn: &'c Connection,
    /// The runs that rows were added to.
    touched: BTreeSet<i64>,
    /// Whether the table of those that wait is there.
    waiting: bool,
    /// The next id for a synthesis, once one was needed.
    next: Option<i64>,
}

impl<'c> IntoNew<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn, touched: BTreeSet::new(), waiting: false, next: None }
    }

    /// Inserts an artifact; without an id, SQLite gives it the next one.
    pub(super) fn artifact(&mut self, id: Option<i64>, values: &[Value; 8]) -> Step<i64> {
        let [spec_id, stage, agent_name, content, response, run_id, model_version, created_at] =
            values;
        let run = self.run(spec_id, stage, run_id)?;
        self.touched.insert(run);
        let (ms, raw) = match milliseconds(created_at) {
            Some(ms) => (Some(ms), &Value::Null),
            None => (None, created_at),
        };
        self.conn.execute(
            "INSERT INTO agent_outputs (id, run_id, agent_name, model_version, content, \
             response_text, output_timestamp, created_at_raw) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![id, run, agent_name, model_version, content, response, ms, raw],
        )?;
        Ok(self.conn.inserted())
    }

    /// Lets a synthesis wait for its run; without an id, under the next one.
    pub(super) fn synthesis(
        &mut self,
        line: u64,
        id: Option<i64>,
        values: &[Value; 11],
    ) -> Step<i64> {
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
        for (column, value) in SYNTHESIS.columns.iter().zip(values) {
            let of_run = ["spec_id", "stage", "run_id"].contains(&column.key);
            if matches!(value, Value::Blob(_)) && !of_run {
                let reason = format!(
                    "`{}` is a blob, and the new tables keep syntheses as JSON, which has none",
                    column.key
                );
                return Err(Error::Line { line, reason }.into());
            }
        }
        if !self.waiting {
            self.conn.raw().execute_batch(MAKE_WAITING)?;
            self.waiting = true;
        }
        let id = match id {
            Some(id) => id,
            None => self.next_id()?,
        };
        let run = self.run(spec_id, stage, run_id)?;
        let object: Value =
            self.conn.prepare(OBJECT)?.query_row(
                params![
                    id, markdown, path, status, count, agreements, conflicts, degraded, created_at,
                ],
                |row| Ok(row.get_ref(0)?.into()),
            )?;
        self.conn.execute(
            "INSERT INTO temp.consensus_import (id, line, run, object) VALUES (?1, ?2, ?3, ?4)",
            params![id, i64::try_from(line).unwrap_or(i64::MAX), run, object],
        )?;
        Ok(id)
    }

    /// Looks at a synthesis that waits; `None` if none with this id does.
    pub(super) fn waiting<T>(
        &self,
        rows: &Rows<'_>,
        id: i64,
        look: impl FnOnce(&[ValueRef<'_>; 11]) -> Step<T>,
    ) -> Step<Option<T>> {
        if !self.waiting {
            return Ok(None);
        }
        let mut statement = self.conn.prepare(
            "SELECT r.spec_id, r.stage, r.run_label, t.object FROM temp.consensus_import AS t \
             JOIN consensus_runs AS r ON r.id = t.run WHERE t.id = ?1",
        )?;
        let mut found = statement.query([id])?;
        found.next()?.map(|row| rows.kept(&Kept::of(row, 0)?, look)).transpose()
    }

    /// Takes those that the store has already from those that wait; gives how many.
    pub(super) fn take_known(&self, rows: &Rows<'_>) -> Step<u64> {
        if !self.waiting {
            return Ok(0);
        }
        let mut statement = self.conn.prepare(
            "SELECT t.id, t.line, r.spec_id, r.stage, r.run_label, s.value \
             FROM consensus_runs AS r CROSS JOIN json_each(r.synthesis_json) AS s \
             CROSS JOIN temp.consensus_import AS t ON t.id = s.value ->> '$.id' \
             WHERE r.latest_synthesis_id >= (SELECT min(id) FROM temp.consensus_import)",
        )?;
        let mut found = statement.query(())?;
        let mut known: BTreeSet<i64> = BTreeSet::new();
        // The conflict of the earliest line is told, as with artifacts.
        let mut conflict: Option<(i64, i64)> = None;
        while let Some(row) = found.next()? {
            let (id, line) = (row.get(0)?, row.get(1)?);
            let held: [Value; 11] =
                rows.kept(&Kept::of(row, 2)?, |cells| Ok(cells.map(Value::from)))?;
            let other =
                self.waiting(rows, id, |cells| Ok(difference(&SYNTHESIS, &held, cells)))?.flatten();
            if other.is_none() {
                known.insert(id);
            } else if conflict.is_none_or(|(earliest, _)| line < earliest) {
                conflict = Some((line, id));
            }
        }
        if let Some((line, id)) = conflict {
            return Err(import::conflict(line.unsigned_abs(), SYNTHESIS.name, id).into());
        }
        for id in &known {
            self.conn.execute("DELETE FROM temp.consensus_import WHERE id = ?1", [id])?;
        }
        Ok(known.len() as u64)
    }

    /// Writes the syntheses that wait, and brings each run in line with its rows.
    pub(super) fn finish(&mut self) -> Step<()> {
        if self.waiting {
            let runs: Vec<i64> = self
                .conn
                .prepare("SELECT DISTINCT run FROM temp.consensus_import ORDER BY run")?
                .query_map((), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for run in runs {
                self.conn.execute(MERGE, [run])?;
                self.touched.insert(run);
            }
            self.give_out()?;
            self.conn.raw().execute_batch("DROP TABLE temp.consensus_import")?;
        }
        while let Some(run) = self.touched.pop_first() {
            settle(self.conn, run)?;
        }
        Ok(())
    }

    /// Notes the ids that came with the lines as given out, as AUTOINCREMENT does in the
    /// old table: they don't come again once their rows are deleted.
    fn give_out(&self) -> Step<()> {
        let sql = "UPDATE sqlite_sequence SET seq = max(seq, \
                     coalesce((SELECT max(id) FROM temp.consensus_import), 0)) WHERE name = ?1";
        if self.conn.execute(sql, [SEQUENCE])? == 0 {
            self.conn.execute(
                "INSERT INTO sqlite_sequence (name, seq) \
                 SELECT ?1, max(id) FROM temp.consensus_import HAVING max(id) > 0",
                [SEQUENCE],
            )?;
        }
        Ok(())
    }

    /// The run of these rows, which is made if there is none.
    fn run(&self, spec_id: &Value, stage: &Value, label: &Value) -> Step<i64> {
        let sql = "SELECT id FROM consensus_runs \
                   WHERE spec_id = ?1 AND stage = ?2 AND run_label IS ?3";
        let found: Option<i64> = self
            .conn
            .prepare(sql)?
            .query_row(params![spec_id, stage, label], |row| row.get(0))
            .optional()?;
        if let Some(run) = found {
            return Ok(run);
        }
        self.conn.execute(
            "INSERT INTO consensus_runs (spec_id, stage, run_label) VALUES (?1, ?2, ?3)",
            params![spec_id, stage, label],
        )?;
        Ok(self.conn.inserted())
    }

    /// The next id of a synthesis.
    fn next_id(&mut self) -> Step<i64> {
        let next = match self.next {
            Some(next) => next,
            None => self
                .conn
                .prepare(LAST_SYNTHESIS_ID)?
                .query_row([SEQUENCE], |row| row.get::<_, i64>(0))?,
        };
        let Some(next) = next.checked_add(1) else {
            let reason = "the store has used the largest possible id".to_owned();
            return Err(Error::Invalid { field: "id", reason }.into());
        };
        self.next = Some(next);
        Ok(next)
    }
}

/// A `created_at` as milliseconds, where they give back the very same value.
fn milliseconds(created_at: &Value) -> Option<i64> {
    if let Value::Integer(ms) = created_at {
        return (!TEXT_MS.contains(ms)).then_some(*ms);
    }
    let text = created_at.as_str()?;
    let ms = CreatedAt::from_text(text).millis()?;
    (time::text(ms).as_deref() == Some(text)).then_some(ms)
}
