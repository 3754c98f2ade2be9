//! The same writes without any migration: a copy of the store as it was gets the rows that
//! were acknowledged, in the old tables, and the migration file executed on it by SQLite
//! alone must give the tables that there are.

use std::path::Path;

use consensus_store::MIGRATION;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use testkit::cases::consensus::CASE;
use testkit::compare::{Rows, difference};
use testkit::oracle;

use super::super::Files;
use super::super::rows::{Kind, Tag, columns};
use super::Evidence;

pub(crate) fn differences(files: &Files, evidence: &Evidence) -> Vec<String> {
    let (twin, derived) = (files.path("twin.db"), files.path("derived.db"));
    std::fs::copy(files.before(), &twin).expect("room on the disk");
    replay(&twin, evidence);
    oracle::forward(MIGRATION, &twin, &derived);
    let settled = files.path("settled.db");
    let into = settled.to_str().expect("a path of ours");
    open(&files.db()).execute("VACUUM INTO ?1", [into]).expect("room on the disk");
    let (expected, found) = (open(&derived), open(&settled));
    if evidence.programs_wrote_both() {
        settle(&expected, &found, into);
    }
    let mut differences: Vec<String> = oracle::comparisons(MIGRATION, CASE.canonical)
        .iter()
        .filter_map(|(table, sql)| {
            difference(
                table,
                Rows { name: "the twin", conn: &expected, sql },
                Rows { name: "the store", conn: &found, sql },
            )
        })
        .collect();
    let all: usize = evidence.after.values().map(Vec::len).sum();
    let count = |sql: &str| expected.query_row(sql, (), |row| row.get::<_, i64>(0));
    let sql = "SELECT (SELECT count(*) FROM agent_outputs) \
               + coalesce(sum(json_array_length(synthesis_json)), 0) FROM consensus_runs";
    if count(sql) != Ok(all as i64) {
        differences.push(format!("the twin has another number of rows than {all}"));
    }
    differences
}

/// A run that an old program emptied while programs wrote both sides stays, with the time it had.
/// Nobody is told of an empty one; one that was filled again may be older than its rows.
fn settle(expected: &Connection, found: &Connection, settled: &str) {
    found
        .execute_batch(
            "DELETE FROM consensus_runs WHERE synthesis_json IS NULL \
             AND NOT EXISTS (SELECT 1 FROM agent_outputs WHERE run_id = consensus_runs.id)",
        )
        .expect("the store's runs");
    expected.execute("ATTACH ?1 AS settled", [settled]).expect("the store beside its twin");
    expected
        .execute_batch(
            "UPDATE consensus_runs SET run_timestamp = s.run_timestamp \
             FROM settled.consensus_runs AS s \
             WHERE s.spec_id = consensus_runs.spec_id AND s.stage = consensus_runs.stage \
             AND s.run_label IS consensus_runs.run_label \
             AND s.run_timestamp < consensus_runs.run_timestamp; DETACH settled",
        )
        .expect("the twin's runs");
}

/// Writes what the store was given, each row under the id that the store gave it.
fn replay(twin: &Path, evidence: &Evidence) {
    let conn = open(twin);
    conn.execute_batch("PRAGMA synchronous = OFF; BEGIN").expect("a transaction");
    for (bucket, rows) in &evidence.after {
        let table = match bucket.kind {
            Kind::Artifact => "consensus_artifacts",
            Kind::Synthesis => "consensus_synthesis",
        };
        let columns = columns(bucket.kind);
        // A time as the old programs write it.
        let sql = format!(
            "INSERT INTO {table} (id, spec_id, stage, created_at, {}) VALUES (?1, ?2, ?3, \
             CASE WHEN ?4 % 1000 = 0 THEN datetime(?4 / 1000, 'unixepoch') \
             ELSE strftime('%Y-%m-%d %H:%M:%f', ?4 / 1000.0, 'unixepoch') END{})",
            columns.join(", "),
            (0..columns.len()).map(|n| format!(", ?{}", n + 5)).collect::<String>()
        );
        for row in rows.iter().filter(|row| Tag::of(bucket.kind, &row.values).is_some()) {
            let place = [Value::Text(bucket.spec.clone()), Value::Text(bucket.stage.clone())];
            let ms = row.created.parse().map_or(Value::Null, Value::Integer);
            let values = [Value::Integer(row.id)].into_iter().chain(place).chain([ms]);
            let values = values.chain(columns.iter().zip(&row.values).map(value));
            conn.execute(&sql, params_from_iter(values)).expect("the old tables");
        }
    }
    conn.execute_batch("COMMIT").expect("a commit");
}

/// A value as the old tables hold it.
fn value((column, value): (&&str, &Option<String>)) -> Value {
    let number = matches!(*column, "artifacts_count" | "degraded");
    match value {
        None => Value::Null,
        Some(text) if number => Value::Integer(text.parse().expect("a number")),
        Some(text) => Value::Text(text.clone()),
    }
}

fn open(path: &Path) -> Connection {
    Connection::open(path).expect("a database")
}
