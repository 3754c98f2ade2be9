//! What scripts rely on: the same seed gives the same result, nothing is changed, the
//! keys of the JSON, the exit codes.

use serde_json::{Value, json};

use super::support::Bench;

const CLIENTS: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 3000)
    INSERT INTO clients SELECT id, 'name ' || id, 'city ' || id % 7 FROM n;";

const SPLIT: &str = "\
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.places (customer INTEGER PRIMARY KEY REFERENCES customers (id), city TEXT CHECK (city <> 'v1'));
INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
INSERT INTO new.places (customer, city) SELECT id, city FROM old.clients;
INSERT INTO old.clients (id, name, city)
SELECT c.id, c.name, p.city FROM new.customers c LEFT JOIN new.places p ON p.customer = c.id;
";

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_same_seed_gives_the_same_result_and_changes_nothing() {
    let bench = Bench::new(CLIENTS, SPLIT);
    let before = std::fs::read(bench.path("app.db")).unwrap();
    let run = |seed| bench.fuzz("moved.sql".as_ref(), 500, seed).exits(0).json()["fuzz"].clone();
    let (one, again, other) = (run(5), run(5), run(6));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert_eq!(std::fs::read(bench.path("app.db")).unwrap(), before);
    let tables: i64 =
        bench.open().query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

/// A city that the new table does not take is refused, and said so.
#[test]
fn the_keys_and_what_is_refused() {
    let bench = Bench::new(CLIENTS, SPLIT);
    let report = bench.fuzz("moved.sql".as_ref(), 800, 3).exits(0).json();
    let fuzz = &report["fuzz"];
    assert_eq!(
        keys(fuzz),
        [
            "failed",
            "failure",
            "loss",
            "lossy",
            "notes",
            "ok",
            "refusals",
            "refused",
            "rows",
            "seed",
            "statements"
        ]
    );
    assert_eq!(fuzz["seed"], 3);
    assert_eq!(fuzz["notes"], json!([]));
    // A sample, not the 3000 rows there are.
    assert_eq!(fuzz["rows"], 120);
    assert!(fuzz["refused"].as_u64().unwrap() > 0, "{fuzz}");
    let refusals = fuzz["refusals"].as_array().unwrap();
    assert!(refusals.iter().any(|refusal| refusal["reason"].as_str().unwrap().contains("CHECK")));
    assert_eq!(keys(&refusals[0]), ["example", "reason", "statements"]);
    let counted: u64 = refusals.iter().map(|r| r["statements"].as_u64().unwrap()).sum();
    assert_eq!(fuzz["refused"], counted);
}

#[test]
fn without_the_flag_there_is_no_result() {
    let bench = Bench::new(CLIENTS, SPLIT);
    let ran = bench.run(&["check", "moved.sql", "--db", "app.db", "--json"]).exits(0);
    assert_eq!(ran.json()["fuzz"], Value::Null);
}

#[test]
fn the_outcome_is_one_line_with_the_seed_to_repeat_it() {
    let bench = Bench::new(CLIENTS, SPLIT);
    let ran = bench.run(&["check", "moved.sql", "--db", "app.db", "--fuzz", "100"]).exits(0);
    let line = ran.stdout.lines().find(|line| line.starts_with("fuzz: ")).unwrap();
    assert!(line.contains("in both directions"), "{line}");
    assert!(line.contains("no divergence (seed "), "{line}");
}

#[test]
fn a_seed_alone_is_a_usage_error() {
    let bench = Bench::new(CLIENTS, SPLIT);
    bench.run(&["check", "moved.sql", "--db", "app.db", "--seed", "1"]).exits(2);
    bench.run(&["check", "moved.sql", "--db", "app.db", "--fuzz", "0"]).exits(2);
}
