//! The rows there are: asked of the store, and of its tables by plain SQL.

use std::collections::BTreeSet;
use std::path::Path;

use consensus_store::{Options, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use super::super::rows::{Bucket, Found, Kind, Tag};
use super::super::worker::fault;
use super::Rows;

/// Every row, as a program that has just begun gets them.
pub(crate) fn by_api(path: &Path) -> Result<Rows, String> {
    let read = || -> consensus_store::Result<Rows> {
        let store = Store::open_with(path, Options::default().read_only(true))?;
        let mut rows = Rows::new();
        for summary in store.summaries()? {
            let (spec, stage) = (summary.spec_id, summary.stage);
            let artifacts = store.query_artifacts(&spec, &stage)?.into_iter().map(Found::from);
            let syntheses = store.query_syntheses(&spec, &stage)?.into_iter().map(Found::from);
            let both =
                [(Kind::Artifact, artifacts.collect()), (Kind::Synthesis, syntheses.collect())];
            for (kind, mut found) in both {
                let found: &mut Vec<Found> = &mut found;
                found.reverse();
                if !found.is_empty() {
                    rows.insert(Bucket::new(kind, &spec, stage.as_str()), std::mem::take(found));
                }
            }
        }
        Ok(rows)
    };
    read().map_err(|error| fault(&format!("reading {}", path.display()), &error))
}

const ARTIFACTS: &str = "SELECT o.id, r.spec_id, r.stage, o.output_timestamp, o.model_version, \
     o.agent_name, o.content, o.response_text, r.run_label \
     FROM agent_outputs AS o JOIN consensus_runs AS r ON r.id = o.run_id ORDER BY o.id";

const SYNTHESES: &str = "SELECT value ->> '$.id', spec_id, stage, \
     strftime('%s', value ->> '$.created_at') * 1000 + coalesce(substr(value ->> '$.created_at', 21), 0), \
     NULL, value ->> '$.output_markdown', value ->> '$.output_path', value ->> '$.status', \
     value ->> '$.artifacts_count', value ->> '$.agreements', value ->> '$.conflicts', \
     coalesce(value ->> '$.degraded', 0), run_label \
     FROM consensus_runs, json_each(synthesis_json) ORDER BY 1";

/// Every row, as the new tables hold them.
pub(crate) fn by_sql(path: &Path) -> Rows {
    let conn = Connection::open(path).expect("the store");
    let mut rows = Rows::new();
    for (kind, sql) in [(Kind::Artifact, ARTIFACTS), (Kind::Synthesis, SYNTHESES)] {
        let mut statement = conn.prepare(sql).expect("the new tables");
        let columns = statement.column_count();
        let mut found = statement.query(()).expect("no parameters");
        while let Some(row) = found.next().expect("rows") {
            let text = |at| text(row, at).unwrap_or_default();
            rows.entry(Bucket::new(kind, &text(1), &text(2))).or_default().push(Found {
                id: row.get(0).expect("an id"),
                values: (5..columns).map(|at| self::text(row, at)).collect(),
                created: text(3),
                model: self::text(row, 4),
            });
        }
    }
    rows
}

fn text(row: &Row<'_>, at: usize) -> Option<String> {
    match row.get(at).expect("a value") {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => Some(format!("{bytes:?}")),
    }
}

/// Where the store and SQL say different things.
pub(crate) fn differences(api: &Rows, sql: &Rows) -> Vec<String> {
    let buckets: BTreeSet<&Bucket> = api.keys().chain(sql.keys()).collect();
    let none = Vec::new();
    let mut complaints = Vec::new();
    for bucket in buckets {
        let (one, other) = (api.get(bucket).unwrap_or(&none), sql.get(bucket).unwrap_or(&none));
        if one.len() != other.len() {
            complaints.push(format!("{bucket}: {} rows, {} by SQL", one.len(), other.len()));
        }
        for (one, other) in one.iter().zip(other) {
            let mut other = other.clone();
            // Of times that are none the twin knows more.
            if Tag::of(bucket.kind, &one.values).is_none() {
                other.created.clone_from(&one.created);
            }
            if *one != other {
                complaints.push(format!("{bucket}: {one:?} is {other:?} by SQL"));
            }
        }
    }
    complaints
}

/// Where an abort keeps outputs.
const KEPT: &str = "_cutover_kept_agent_outputs";

/// Where a rollback keeps runs that an old program emptied while programs wrote both sides.
const KEPT_RUNS: &str = "_cutover_kept_consensus_runs";

/// What SQLite itself finds wrong, and what should be gone and is not.
pub(crate) fn damage(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).expect("the store");
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).expect("a statement");
        let rows = statement.query_map((), |row| Ok(format!("{:?}", row.get::<_, Value>(0)?)));
        rows.and_then(Iterator::collect).expect("an answer")
    };
    let mut complaints = texts("PRAGMA foreign_key_check");
    let integrity = texts("PRAGMA integrity_check");
    if integrity != [format!("{:?}", Value::Text("ok".to_owned()))] {
        complaints.extend(integrity);
    }
    // Tombstones stand under the old names.
    complaints.extend(texts(&format!(
        "SELECT name || ' is there' FROM sqlite_schema WHERE type = 'table' \
         AND (name LIKE '\\_cutover\\_kept%' ESCAPE '\\' AND name NOT IN ('{KEPT}', '{KEPT_RUNS}') \
              OR name IN ('consensus_artifacts', 'consensus_synthesis'))"
    )));
    // An abort keeps outputs for their model versions, which exist nowhere else; nothing else
    // is kept.
    if !texts(&format!("SELECT 1 FROM sqlite_schema WHERE name = '{KEPT}'")).is_empty() {
        complaints.extend(texts(&format!(
            "SELECT 'output ' || id || ' is kept: ' || _reason FROM {KEPT} \
             WHERE model_version IS NULL OR _reason <> 'only the new table has model_version'"
        )));
    }
    complaints
}
