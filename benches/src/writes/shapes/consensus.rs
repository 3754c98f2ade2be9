//! The consensus store's own migration: groups over two tables, windows, JSON, a join.

use consensus_store::{LEGACY_SCHEMA, MIGRATION, MIGRATION_NAME};
use cutover::Phase;

use super::super::bench::{Aim, Around, Bench, Row, Rows, Shape};
use super::{int, text};

/// For artifacts alone: knows nothing of syntheses, of times that can't be read, of a run whose
/// earliest artifact goes. SQLite runs the trigger first that was made last.
const FORWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON consensus_artifacts BEGIN
  INSERT INTO agent_outputs (id, run_id, agent_name, content, response_text, output_timestamp)
    VALUES (NEW.id, (SELECT id FROM consensus_runs WHERE spec_id = NEW.spec_id
      AND stage = NEW.stage AND run_label IS NEW.run_id), NEW.agent_name, NEW.content_json,
      NEW.response_text, strftime('%s', NEW.created_at) * 1000); END;
CREATE TRIGGER h_run AFTER INSERT ON consensus_artifacts
WHEN NOT EXISTS (SELECT 1 FROM consensus_runs WHERE spec_id = NEW.spec_id AND stage = NEW.stage
  AND run_label IS NEW.run_id) BEGIN
  INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp)
    VALUES (NEW.spec_id, NEW.stage, NEW.run_id, strftime('%s', NEW.created_at) * 1000); END;
CREATE TRIGGER h_update AFTER UPDATE OF response_text ON consensus_artifacts BEGIN
  UPDATE agent_outputs SET response_text = NEW.response_text WHERE id = OLD.id; END;";

/// For outputs alone.
const BACKWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON agent_outputs BEGIN
  INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
    VALUES (NEW.id, (SELECT spec_id FROM consensus_runs WHERE id = NEW.run_id),
      (SELECT stage FROM consensus_runs WHERE id = NEW.run_id), NEW.agent_name, NEW.content,
      NEW.response_text, (SELECT run_label FROM consensus_runs WHERE id = NEW.run_id),
      datetime(NEW.output_timestamp / 1000, 'unixepoch')); END;
CREATE TRIGGER h_update AFTER UPDATE OF response_text ON agent_outputs BEGIN
  UPDATE consensus_artifacts SET response_text = NEW.response_text WHERE id = OLD.id; END;";

fn shape(rows: u64) -> Shape {
    Shape {
        name: MIGRATION_NAME,
        old: LEGACY_SCHEMA.to_owned(),
        rows: Rows::Sample(rows),
        migration: MIGRATION.to_owned(),
        forward_by_hand: FORWARD.to_owned(),
        backward_by_hand: BACKWARD.to_owned(),
    }
}

pub(super) fn dual_write(rows: u64) -> Bench {
    let update = "UPDATE consensus_artifacts SET response_text = ?2 WHERE id = ?1";
    Bench {
        title: "consensus".to_owned(),
        shape: shape(rows),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            insert("INSERT of 2.5 KB", "a", 2500).aim(2.3),
            insert("INSERT of 2.5 KB, prepared anew", "b", 2500).fresh().aim(30.0),
            insert("1,000 INSERTs of 2.5 KB in a transaction", "c", 2500).batch(1000),
            insert("INSERT", "d", 60),
            insert("1,000 INSERTs in a transaction", "e", 60).batch(1000).aim(7.0),
            Row::new("UPDATE of one column", update, move |n| {
                vec![int(1 + n * 37 % (rows / 2)), text(format!("another response {n}"))]
            }),
            Row::new("DELETE", "DELETE FROM consensus_artifacts WHERE id = ?1", move |n| {
                vec![int(rows / 2 + 1 + n)]
            })
            .not_by_hand(),
        ],
        around: vec![Around::Opening(Aim::AtMost(8.0)), Around::AfterTransition],
    }
}

/// An artifact of a run of four agents, of so many bytes.
fn insert(name: &'static str, series: &'static str, bytes: usize) -> Row {
    let sql = "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, \
        response_text, run_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '2026-01-02 03:04:05')";
    Row::new(name, sql, move |n| {
        let run = n / 4;
        let stage = ["spec-plan", "spec-tasks", "spec-implement"][(run / 4 % 3) as usize];
        vec![
            text(format!("SPEC-{series}{}", run / 24)),
            text(stage),
            text(["claude", "gemini", "gpt", "judge"][(n % 4) as usize]),
            text("c".repeat(bytes / 5)),
            text("r".repeat(bytes * 4 / 5)),
            text(format!("run-{series}{run}")),
        ]
    })
}

pub(super) fn write_new(rows: u64) -> Bench {
    let sql = "INSERT INTO agent_outputs (run_id, agent_name, content, response_text, output_timestamp) \
        SELECT id, 'claude', ?2, ?3, 1767323045000 FROM consensus_runs WHERE id >= ?1 LIMIT 1";
    Bench {
        title: "consensus, write-new".to_owned(),
        shape: shape(rows),
        phase: Phase::WriteNew,
        beside: None,
        rows: vec![
            Row::new("INSERT of 2.5 KB", sql, |n| {
                vec![int(1 + n % 500), text("c".repeat(500)), text("r".repeat(2000))]
            }),
            Row::new(
                "UPDATE of one column",
                "UPDATE agent_outputs SET response_text = ?2 WHERE id = ?1",
                move |n| vec![int(1 + n * 37 % (rows / 2)), text(format!("another response {n}"))],
            ),
        ],
        around: Vec::new(),
    }
}
