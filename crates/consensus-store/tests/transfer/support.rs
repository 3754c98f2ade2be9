//! Files, migrations, comparisons.

use std::path::{Path, PathBuf};

use consensus_store::sample::{Shape, populate};
use consensus_store::{Error, ImportOptions, Imported, LEGACY_SCHEMA, Store};
use cutover::{AdvanceOptions, Pace, Phase, Silent, StartOptions};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use tempfile::TempDir;
use testkit::compare::{Rows, assert_same};
use testkit::oracle;

/// A directory of databases.
pub(crate) struct Files {
    dir: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with the old tables, empty.
    pub(crate) fn legacy(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let conn = raw(&path);
        conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
        conn.execute_batch(LEGACY_SCHEMA).unwrap();
        path
    }

    /// As [`legacy`](Self::legacy), with rows of every awkward kind, all of which a
    /// migration can carry.
    pub(crate) fn sample(&self, name: &str, artifacts: u64, seed: u64, shape: Shape) -> PathBuf {
        let path = self.legacy(name);
        let conn = raw(&path);
        populate(&conn, artifacts, seed, shape).unwrap();
        add_created_ats(&conn);
        path
    }

    /// What the migration makes of a file with the old tables, without the engine.
    pub(crate) fn derive(&self, old: &Path, name: &str) -> PathBuf {
        let path = self.path(name);
        oracle::forward(consensus_store::MIGRATION, old, &path);
        path
    }
}

/// A row of both tables for each thing that `created_at` may hold.
fn add_created_ats(conn: &Connection) {
    let texts = [
        "2025-01-01 10:00:00",
        "2025-01-01 10:00:00.500",
        "2025-01-01 10:00:00.001",
        "1969-12-31 23:59:59.500",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59.999",
        "2024-02-29 23:59:59",
        "2025-01-01 10:00:00.000",
        "2025-01-01 10:00:00.5",
        "2025-01-01 10:00:00.1234",
        "2025-01-01 10:00:00 ",
        "2025-01-01T10:00:00",
        "2025-01-01 10:00:00Z",
        "2025-01-01 10:00:00+02:00",
        "2025-02-29 10:00:00",
        "2025-02-31 10:00:00.123",
        "2025-01-01 24:00:00",
        "2025-01-01 23:59:60",
        "2025-01-01",
        "-4713-11-24 12:00:00",
        "now",
        "",
        "2460000.5x",
        "٢٠٢٥-01-01 10:00:00",
        "2025-01-01 10:00:00[UTC]",
        "2025-01-01 10:00:00\0x",
    ];
    let numbers = [
        0,
        -1,
        1_735_725_645_123,
        253_402_300_799_999,
        253_402_300_800_000,
        -62_167_219_200_000,
        -62_167_219_200_001,
        i64::MAX,
        i64::MIN,
    ];
    let reals = [2_460_735.916_668_981_5, 1_740_823_200.123_456, -0.1, 0.1 + 0.2, -2_460_735.5];
    let values = texts
        .iter()
        .map(|text| Value::Text((*text).to_owned()))
        .chain(numbers.map(Value::Integer))
        .chain(reals.map(Value::Real))
        .chain([Value::Null]);
    for (n, created_at) in (0_u32..).zip(values) {
        conn.execute(
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, run_id, created_at)
             VALUES ('times', 'spec-plan', 'a', 'c', ?, ?)",
            params![n % 5, created_at],
        )
        .unwrap();
        conn.execute(
            "INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status, run_id, created_at)
             VALUES ('times', 'spec-plan', 'm', 'ok', ?, ?)",
            params![n % 3, created_at],
        )
        .unwrap();
    }
}

/// SQLite without the store.
pub(crate) fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

/// What a store exports.
pub(crate) fn export(path: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    Store::open(path).unwrap().export(&mut out).unwrap();
    out
}

/// The lines of an export.
pub(crate) fn lines(export: &[u8]) -> Vec<String> {
    std::str::from_utf8(export).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) fn try_import(
    path: &Path,
    text: impl AsRef<[u8]>,
    options: ImportOptions,
) -> Result<Imported, Error> {
    Store::open(path).unwrap().import(&mut text.as_ref(), options)
}

pub(crate) fn import(path: &Path, text: impl AsRef<[u8]>) -> Imported {
    try_import(path, text, ImportOptions::default()).unwrap()
}

/// Panics unless two exports are the same, with the first line that is not.
pub(crate) fn assert_same_export(what: &str, expected: &[u8], found: &[u8]) {
    if expected == found {
        return;
    }
    let (expected, found) = (lines(expected), lines(found));
    for (n, (expected, found)) in expected.iter().zip(&found).enumerate() {
        let short = |text: &str| text.chars().take(600).collect::<String>();
        assert_eq!(short(found), short(expected), "{what}: line {}", n + 1);
        assert_eq!(found, expected, "{what}: line {}", n + 1);
    }
    panic!("{what}: {} lines, not {}", found.len(), expected.len());
}

/// Panics unless the new tables of two files hold the same rows, but for the ids of runs.
pub(crate) fn assert_same_new_tables(expected: &Path, found: &Path) {
    let runs = "SELECT spec_id, stage, run_label, run_timestamp, consensus_ok, degraded, \
                latest_synthesis_id, synthesis_json FROM consensus_runs";
    let outputs = "SELECT o.id, r.spec_id, r.stage, r.run_label, o.agent_name, o.model_version, \
                   o.content, o.response_text, o.output_timestamp, o.created_at_raw \
                   FROM agent_outputs o LEFT JOIN consensus_runs r ON r.id = o.run_id";
    let (expected, found) = (raw(expected), raw(found));
    for (table, sql) in [("consensus_runs", runs), ("agent_outputs", outputs)] {
        assert_same(
            table,
            Rows { name: "derived", conn: &expected, sql },
            Rows { name: "imported", conn: &found, sql },
        );
    }
}

/// Goes on to a phase.
pub(crate) fn go(path: &Path, phase: Phase) {
    let store = Store::open(path).unwrap();
    let mut migration = store.migration().unwrap();
    if migration.snapshot().is_err() && phase > Phase::Legacy {
        let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
        migration.start(options, &mut Silent).unwrap();
    }
    if phase > Phase::DualWrite {
        let options = AdvanceOptions { to: Some(phase), confirmed: true, ..Default::default() };
        migration.advance(&options, &mut Silent).unwrap();
    }
}

/// Panics unless both sides hold the same, both ways.
pub(crate) fn verify(path: &Path) {
    let store = Store::open(path).unwrap();
    let report = store.migration().unwrap().verify(Pace::Fast, &mut Silent).unwrap();
    assert!(report.ok, "{report:?}");
}
