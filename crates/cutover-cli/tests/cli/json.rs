//! The keys that scripts rely on, as DESIGN.md section 5 gives them.

use serde_json::{Value, json};

use super::support::Bench;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn status() {
    let bench = Bench::new();
    bench.run("start split-address.sql --no-backfill --db app.db").exits(0);
    let ran = bench.run("status --db app.db --json").exits(0);
    let status = ran.json();
    assert_eq!(
        keys(&status),
        [
            "allowed",
            "at",
            "backfill",
            "blocked",
            "control",
            "database",
            "database_bytes",
            "drift",
            "free_bytes",
            "gone",
            "hash",
            "kept",
            "lease",
            "migration",
            "next",
            "old_schema",
            "phase",
            "phases",
            "rollback",
            "since",
            "tables",
            "unused_bytes",
            "verification",
            "version",
            "wal_bytes",
            "wal_pending_bytes",
            "work",
            "writers",
            "writes",
        ]
    );
    let writers = &status["writers"];
    assert_eq!(keys(writers), ["clients", "complete", "new", "old", "processes"]);
    assert_eq!(writers["new"], json!({"last": null, "resolution_seconds": 60}));
    assert_eq!(status["migration"], "split-address");
    assert_eq!(status["phase"], "dual-write");
    assert_eq!(keys(&status["backfill"]), ["complete", "done", "total"]);
    assert_eq!(status["backfill"]["complete"], false);
    assert_eq!(
        status["tables"][0],
        json!({"side": "old", "table": "clients", "rows": 20, "writable": true})
    );
    assert!(status["allowed"].as_array().unwrap().contains(&json!("abort")));
    for blocked in status["blocked"].as_array().unwrap() {
        assert_eq!(keys(blocked), ["action", "fix", "reason"]);
    }
    // RFC 3339, UTC: 2026-01-02T03:04:05Z, perhaps with a fraction.
    let since = status["since"].as_str().unwrap();
    assert!(since.as_bytes()[10] == b'T' && since.ends_with('Z'), "{since}");
}

#[test]
fn verify() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    let report = bench.run("verify --db app.db --json").exits(0).json();
    assert_eq!(keys(&report), ["checked", "different", "examples", "extra", "missing", "ok"]);
    assert_eq!(report["ok"], true);
    assert_ne!(report["checked"], 0);
    assert_eq!(report["examples"], json!([]));
}

#[test]
fn verify_with_differences_prints_its_report_and_exits_1() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    let behind_the_guards = "UPDATE _cutover_1_syncing SET depth = 1; DELETE FROM customers;
                             UPDATE _cutover_1_syncing SET depth = 0";
    bench.open().execute_batch(behind_the_guards).unwrap();
    let report = bench.run("verify --db app.db --json").exits(1).json();
    assert_eq!(report["ok"], false);
    let example = &report["examples"][0];
    assert_eq!(keys(example), ["column", "direction", "expected", "found", "key", "table"]);
}

/// Every command that prints a result prints it as one JSON document.
#[test]
fn every_result_can_be_had_as_json() {
    let bench = Bench::new();
    for line in [
        "new fresh --table clients",
        "check split-address.sql",
        "plan split-address.sql",
        "start split-address.sql",
        "backfill",
        "verify",
        "repair",
        "advance --to new-only",
        "rollback --to dual-write",
        "status",
        "history",
        "abort",
    ] {
        let ran = bench.run(&format!("{line} --db app.db --json")).exits(0);
        ran.json();
        assert!(!ran.stdout.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn a_check_that_finds_problems_prints_its_report() {
    let bench = Bench::new();
    let report = bench.run("check lossy.sql --db app.db --json").exits(3).json();
    assert_eq!(report["ok"], false);
    assert_eq!(report["lossless"]["ok"], false);
    assert_eq!(report["lossless"]["examples"][0]["column"], "city");
}
