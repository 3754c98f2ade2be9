//! A program that knows only the old tables: it uses SQLite as such programs do,
//! and has never heard of cutover.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::job::{Job, Trouble, repeat};
use crate::{canary, log};

const PAUSE: Duration = Duration::from_millis(3);

const STAGES: [&str; 6] =
    ["spec-plan", "spec-tasks", "spec-implement", "spec-validate", "spec-audit", "spec-unlock"];
const AGENTS: [&str; 5] = ["gemini", "claude", "gpt_pro", "gpt_codex", "code"];

/// With every column, for what was inserted without an id or a time.
const WHOLE: &str = "INSERT INTO consensus_artifacts
  (spec_id, stage, agent_name, content_json, response_text, run_id, created_at, id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

pub(crate) fn run(job: &Job) -> rusqlite::Result<()> {
    let mut conn = job.connect()?;
    let mut writer = Writer { name: job.name(), rng: job.rng(), max: job.rows(), runs: 0 };
    repeat(PAUSE, || Ok::<_, Trouble>(writer.write(&mut conn)?));
    Ok(())
}

struct Writer {
    name: String,
    rng: fastrand::Rng,
    /// Roughly the largest id; an id that no row has is as good.
    max: i64,
    runs: u64,
}

/// An artifact to be written.
struct Artifact {
    spec: String,
    stage: &'static str,
    agent: &'static str,
    content: String,
    response: Option<String>,
    run: Option<String>,
    created_at: String,
}

impl Writer {
    /// One transaction: a write, and its note in the log.
    fn write(&mut self, conn: &mut Connection) -> rusqlite::Result<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = match self.rng.u32(0..100) {
            0..20 => self.insert(&tx)?,
            20..28 => self.insert_with_defaults(&tx)?,
            28..36 => self.insert_a_run(&tx)?,
            36..54 => self.update(&tx)?,
            54..60 => self.move_to_another_run(&tx)?,
            60..64 => self.update_many(&tx)?,
            64..72 => self.delete(&tx)?,
            72..74 => self.delete_many(&tx)?,
            74..82 => self.replace(&tx)?,
            82..87 => self.ignore(&tx)?,
            87..91 => self.upsert(&tx)?,
            _ => self.synthesis(&tx)?,
        };
        log::note(&tx, &self.name, &sql)?;
        tx.commit()
    }

    fn insert(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let a = self.artifact();
        log::run(
            tx,
            "INSERT INTO consensus_artifacts
               (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![a.spec, a.stage, a.agent, a.content, a.response, a.run, a.created_at],
        )?;
        // Wrong, if a trigger's own inserts showed through here.
        let id = tx.last_insert_rowid();
        self.max = self.max.max(id);
        log::text(
            tx,
            WHOLE,
            params![a.spec, a.stage, a.agent, a.content, a.response, a.run, a.created_at, id],
        )
    }

    fn insert_with_defaults(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let a = self.artifact();
        let rows = log::returning(
            tx,
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json)
             VALUES (?, ?, ?, ?) RETURNING id, created_at",
            params![a.spec, a.stage, a.agent, a.content],
        )?;
        let none: Option<String> = None;
        let (id, created_at) = rows.first().cloned().unwrap_or_default();
        log::text(
            tx,
            WHOLE,
            params![a.spec, a.stage, a.agent, a.content, none, none, created_at, id],
        )
    }

    /// Several agents of one run, in one statement.
    fn insert_a_run(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (a, b, c) = (self.artifact(), self.artifact(), self.artifact());
        let rows = log::returning(
            tx,
            "INSERT INTO consensus_artifacts
               (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES (?1, ?2, 'gemini', ?5, ?6, ?3, ?4), (?1, ?2, 'claude', ?7, ?8, ?3, ?4),
                    (?1, ?2, 'gpt_pro', ?9, ?10, ?3, ?4)
             RETURNING id, agent_name",
            params![
                a.spec,
                a.stage,
                a.run,
                a.created_at,
                a.content,
                a.response,
                b.content,
                b.response,
                c.content,
                c.response
            ],
        )?;
        let mut sql = String::new();
        for (id, agent) in &rows {
            let row = match agent.as_str() {
                "gemini" => &a,
                "claude" => &b,
                _ => &c,
            };
            let parameters =
                params![a.spec, a.stage, agent, row.content, row.response, a.run, a.created_at, id];
            sql += &log::text(tx, WHOLE, parameters)?;
            sql += ";\n";
        }
        Ok(sql)
    }

    fn update(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (id, a) = (self.some_id(), self.artifact());
        log::run(
            tx,
            "UPDATE consensus_artifacts SET content_json = ?2, response_text = ?3
             WHERE id = ?1 AND spec_id NOT LIKE ?4",
            params![id, a.content, a.response, untouched()],
        )
    }

    fn move_to_another_run(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (id, a) = (self.some_id(), self.artifact());
        log::run(
            tx,
            "UPDATE consensus_artifacts SET run_id = ?2, spec_id = ?3
             WHERE id = ?1 AND spec_id NOT LIKE ?4",
            params![id, a.run, a.spec, untouched()],
        )
    }

    fn update_many(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (from, agent) = (self.some_id(), *self.one_of(&AGENTS));
        log::run(
            tx,
            "UPDATE consensus_artifacts SET agent_name = ?3, response_text = NULL
             WHERE id BETWEEN ?1 AND ?2 AND spec_id NOT LIKE ?4",
            params![from, from + 20, agent, untouched()],
        )
    }

    fn delete(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let id = self.some_id();
        log::run(
            tx,
            "DELETE FROM consensus_artifacts WHERE id = ? AND spec_id NOT LIKE ?",
            params![id, untouched()],
        )
    }

    fn delete_many(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let from = self.some_id();
        log::run(
            tx,
            "DELETE FROM consensus_artifacts WHERE id BETWEEN ? AND ? AND spec_id NOT LIKE ?",
            params![from, from + 10, untouched()],
        )
    }

    fn replace(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (id, a) = (self.free_id(tx)?, self.artifact());
        log::run(
            tx,
            "INSERT OR REPLACE INTO consensus_artifacts
               (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![id, a.spec, a.stage, a.agent, a.content, a.response, a.run, a.created_at],
        )
    }

    fn ignore(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (id, a) = (self.some_id(), self.artifact());
        log::run(
            tx,
            "INSERT OR IGNORE INTO consensus_artifacts
               (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![id, a.spec, a.stage, a.agent, a.content, a.response, a.run, a.created_at],
        )
    }

    fn upsert(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (id, a) = (self.free_id(tx)?, self.artifact());
        log::run(
            tx,
            "INSERT INTO consensus_artifacts
               (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET
               content_json = excluded.content_json, run_id = excluded.run_id",
            params![id, a.spec, a.stage, a.agent, a.content, a.response, a.run, a.created_at],
        )
    }

    fn synthesis(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let a = self.artifact();
        let id = 1 + self.rng.i64(0..1 + self.max / 10);
        let status = *self.one_of(&["ok", "degraded", "conflict"]);
        match self.rng.u32(0..4) {
            0 => log::run(
                tx,
                "UPDATE consensus_synthesis SET status = ?2, degraded = ?2 <> 'ok', conflicts = ?3
                 WHERE id = ?1 AND spec_id NOT LIKE ?4",
                params![id, status, a.response, untouched()],
            ),
            1 => log::run(
                tx,
                "DELETE FROM consensus_synthesis WHERE id = ? AND spec_id NOT LIKE ?",
                params![id, untouched()],
            ),
            _ => {
                log::run(
                    tx,
                    "INSERT INTO consensus_synthesis
                       (spec_id, stage, output_markdown, status, artifacts_count, run_id, created_at)
                     VALUES (?, ?, ?, ?, 3, ?, ?)",
                    params![a.spec, a.stage, a.content, status, a.run, a.created_at],
                )?;
                log::text(
                    tx,
                    "INSERT INTO consensus_synthesis
                       (spec_id, stage, output_markdown, status, artifacts_count, run_id, created_at, id)
                     VALUES (?, ?, ?, ?, 3, ?, ?, ?)",
                    params![
                        a.spec, a.stage, a.content, status, a.run, a.created_at,
                        tx.last_insert_rowid()
                    ],
                )
            }
        }
    }

    fn artifact(&mut self) -> Artifact {
        let rng = &mut self.rng;
        self.runs += 1;
        let n = self.runs;
        let long = "x".repeat(rng.usize(200..700));
        Artifact {
            spec: format!("SPEC-DEMO-{:03}", rng.u32(0..300)),
            stage: STAGES[rng.usize(0..STAGES.len())],
            agent: AGENTS[rng.usize(0..AGENTS.len())],
            // Not always JSON: old programs stored what their agents said.
            content: match rng.u32(0..10) {
                0 => format!("not json: {n} ' \" {long}"),
                _ => format!(r#"{{"n":{n},"text":"{long}"}}"#),
            },
            response: match rng.u32(0..10) {
                0 => None,
                1 => Some(String::new()),
                _ => Some("r🦀".repeat(rng.usize(100..700))),
            },
            run: match rng.u32(0..10) {
                0..3 => None,
                // Some runs are written to again and again, by every writer.
                3..6 => Some(format!("run-{}", rng.u32(0..50))),
                _ => Some(format!("{}-{n}", self.name)),
            },
            created_at: format!(
                "2025-{:02}-{:02} {:02}:{:02}:{:02}{}",
                rng.u32(1..13),
                rng.u32(1..29),
                rng.u32(0..24),
                rng.u32(0..60),
                rng.u32(0..60),
                if rng.bool() { ".125" } else { "" }
            ),
        }
    }

    fn some_id(&mut self) -> i64 {
        1 + self.rng.i64(0..self.max)
    }

    /// An id that is no canary's; most of them are taken by other rows.
    fn free_id(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        loop {
            let id = self.some_id();
            let canary: bool = tx
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM consensus_artifacts WHERE id = ? AND spec_id LIKE ?)",
                )?
                .query_row(params![id, untouched()], |row| row.get(0))?;
            if !canary {
                return Ok(id);
            }
        }
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.usize(0..choices.len())]
    }
}

/// The canaries' specs, as a LIKE pattern.
fn untouched() -> String {
    format!("{}%", canary::PREFIX)
}
