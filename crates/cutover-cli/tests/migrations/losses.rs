//! Rows that can't be carried over: refused before anything changes, or kept and told.

use serde_json::Value;

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    INSERT INTO clients VALUES (1, 'Ada', 'Paris'), (2, 'Bob', 'Oslo'), (3, 'Eve', NULL);";

/// Cities of more than ten letters are cut.
const CUTS: &str = "
    CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    INSERT INTO new.customers (id, name, city) SELECT id, name, substr(city, 1, 10) FROM old.clients;
    INSERT INTO old.clients (id, name, city) SELECT id, name, city FROM new.customers;";

#[test]
fn a_row_that_can_not_be_represented_is_shown_and_start_refuses() {
    let scene = Scene::set(SCHEMA, CUTS);
    scene.sql("INSERT INTO clients VALUES (7, 'Kim', 'Wolverhampton')");
    let before = scene.dump();
    let report = json(&scene.exits(3, "check FILE --json"));
    assert_eq!(report["ok"], false);
    assert_eq!(report["lossless"]["different"], 1);
    let example = &report["lossless"]["examples"][0];
    assert_eq!(example["table"], "clients");
    assert_eq!(example["key"], serde_json::json!({ "id": 7 }));
    assert_eq!(example["column"], "city");
    assert_eq!(example["expected"], "'Wolverhampton'");
    assert_eq!(example["found"], "'Wolverhamp'");
    // A person sees the same.
    let shown = scene.exits(3, "check FILE").stdout;
    for part in ["clients", "city", "'Wolverhampton'", "'Wolverhamp'"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let refusal = json(&scene.exits(3, "start FILE --json"));
    assert_eq!(refusal["examples"][0]["column"], "city");
    assert_eq!(scene.dump(), before);
    scene.sql("UPDATE clients SET city = 'Walsall' WHERE id = 7");
    scene.exits(0, "check FILE");
    scene.exits(0, "start FILE");
}

#[test]
fn rows_that_do_not_come_back_are_shown() {
    let scene = Scene::set(
        SCHEMA,
        "CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
         INSERT INTO new.customers (id, name, city) SELECT id, name, city FROM old.clients WHERE city IS NOT NULL;
         INSERT INTO old.clients (id, name, city) SELECT id, name, city FROM new.customers;",
    );
    let before = scene.dump();
    let report = json(&scene.exits(3, "check FILE --json"));
    assert_eq!(report["lossless"]["missing"], 1);
    assert_eq!(report["lossless"]["examples"][0]["key"], serde_json::json!({ "id": 3 }));
    let shown = scene.exits(3, "check FILE").stdout;
    assert!(shown.contains("1 missing"), "{shown}");
    scene.exits(3, "start FILE");
    assert_eq!(scene.dump(), before);
}

#[test]
fn a_row_written_since_the_proof_closes_the_gate() {
    let scene = Scene::set(SCHEMA, CUTS);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance");
    scene.python().does("INSERT INTO clients VALUES (7, 'Kim', 'Wolverhampton')");
    let (phase, before) = (scene.phase(), scene.dump());
    for command in ["advance --json", "advance --to new-only --json"] {
        let refusal = json(&scene.exits(3, command));
        let example = &refusal["examples"][0];
        assert_eq!(example["table"], "clients", "{refusal}");
        assert_eq!(example["key"], serde_json::json!({ "id": 7 }), "{refusal}");
        assert_eq!(example["column"], "city", "{refusal}");
        assert_eq!(scene.phase(), phase);
    }
    assert_eq!(of_substance(&scene.dump()), of_substance(&before));
    // It goes on being refused by the row, not by what the refusal left behind.
    scene.python().does("UPDATE clients SET name = 'Kimberley' WHERE id = 7");
    scene.exits(3, "advance");
    scene.python().does("UPDATE clients SET city = 'Walsall' WHERE id = 7");
    scene.exits(0, "advance");
    assert_eq!(scene.phase(), "write-new");
}

/// Without what is written for those who watch: who works, how it goes, what was found.
fn of_substance(dump: &str) -> Vec<&str> {
    let told = ["_cutover_lease", "_cutover_work", "_cutover_verified"];
    let is_told =
        |line: &&str| told.iter().any(|table| line.contains(&format!("INSERT INTO {table} ")));
    dump.lines().filter(|line| !is_told(line)).collect()
}

const PLAIN: &str = "
    CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    INSERT INTO new.customers (id, name, city) SELECT id, name, city FROM old.clients;
    INSERT INTO old.clients (id, name, city) SELECT id, name, city FROM new.customers;";

/// Drops the triggers on a table, as nobody should.
fn unguard(scene: &Scene, table: &str) {
    let triggers = scene
        .conn()
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?")
        .unwrap()
        .query_map([table], |row| row.get(0))
        .unwrap()
        .collect::<Result<Vec<String>, _>>()
        .unwrap();
    assert!(!triggers.is_empty(), "{table} has no guards");
    for trigger in triggers {
        scene.sql(&format!("DROP TRIGGER \"{trigger}\""));
    }
}

#[test]
fn a_tampered_mirror_closes_the_gate_and_repair_mends_it() {
    for (tampering, kind) in [
        ("DELETE FROM customers WHERE id = 2", "missing"),
        ("UPDATE customers SET city = x'00' WHERE id = 2", "different"),
        ("INSERT INTO customers VALUES (99, 'Nobody', NULL)", "extra"),
    ] {
        let scene = Scene::set(SCHEMA, PLAIN);
        scene.exits(0, "start FILE");
        unguard(&scene, "customers");
        scene.sql(tampering);
        let verified = json(&scene.exits(1, "verify --json"));
        assert_eq!(verified["ok"], false);
        assert!(verified[kind].as_u64() > Some(0), "{tampering}: {verified}");
        assert_ne!(verified["examples"], serde_json::json!([]));
        let refused = scene.exits(3, "advance --to write-new");
        assert!(refused.stderr.contains("repair"), "{}", refused.stderr);
        let repaired = json(&scene.exits(0, "repair --json"));
        let key = match kind {
            "missing" => "inserted",
            "different" => "updated",
            _ => "deleted",
        };
        assert_eq!(repaired[key], 1, "{repaired}");
        scene.exits(0, "verify");
        assert_eq!(scene.rows("SELECT * FROM customers"), scene.rows("SELECT * FROM clients"));
        scene.exits(0, "advance --to write-new");
    }
}

#[test]
fn frozen_rows_changed_behind_the_guards_are_found_before_they_are_dropped() {
    let scene = Scene::set(SCHEMA, PLAIN);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    unguard(&scene, "clients");
    scene.sql("UPDATE clients SET city = 'Rome' WHERE id = 1");
    scene.exits(1, "verify");
    scene.exits(3, "advance --to retired --yes");
    assert_eq!(scene.phase(), "new-only");
    // A guard that is gone stands in the way of every transition.
    let refused = scene.exits(3, "rollback").stderr;
    assert!(refused.contains("repair"), "{refused}");
    scene.exits(0, "repair");
    scene.exits(0, "rollback");
    assert_eq!(scene.rows("SELECT * FROM customers"), scene.rows("SELECT * FROM clients"));
}

/// The consensus store with one run.
fn consensus() -> Scene {
    let scene = Scene::set(consensus_store::LEGACY_SCHEMA, consensus_store::MIGRATION);
    scene.sql(
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, run_id, created_at)
         VALUES ('S1', 'spec-plan', 'one', '{}', 'r1', '2025-01-01 00:00:00'),
                ('S1', 'spec-plan', 'two', '{}', 'r1', '2025-01-01 00:00:01');",
    );
    scene
}

fn kept(of: &Value) -> Vec<(String, String, u64)> {
    let entry = |kept: &Value| {
        let text = |key: &str| kept[key].as_str().unwrap().to_owned();
        (text("table"), text("kept_in"), kept["rows"].as_u64().unwrap())
    };
    of["kept"].as_array().unwrap().iter().map(entry).collect()
}

/// Writes a run that the old schema can't hold: without outputs and without synthesis.
const BARE_RUN: &str = "INSERT INTO consensus_runs (spec_id, stage, run_label, run_timestamp)
     VALUES ('S9', 'spec-audit', 'bare', 1750000000000)";

#[test]
fn what_only_the_new_side_can_hold_is_kept_and_told() {
    for steps in [&["advance --to write-new"][..], &["advance --to new-only"]] {
        let scene = consensus();
        scene.exits(0, "start FILE");
        steps.iter().for_each(|step| drop(scene.exits(0, step)));
        scene.python().does(BARE_RUN);
        let report = json(&scene.exits(0, "rollback --to dual-write --json"));
        let expected =
            [("consensus_runs".to_owned(), "_cutover_kept_consensus_runs".to_owned(), 1)];
        assert_eq!(kept(&report), expected, "{report}");
        assert_eq!(kept(&scene.status()), expected);
        let shown = scene.exits(0, "status").stdout;
        assert!(shown.contains("_cutover_kept_consensus_runs"), "{shown}");
        assert_eq!(
            scene.rows(
                "SELECT spec_id, stage, run_label, run_timestamp FROM _cutover_kept_consensus_runs"
            ),
            scene.rows("SELECT 'S9', 'spec-audit', 'bare', 1750000000000")
        );
        assert!(scene.rows("SELECT 1 FROM consensus_runs WHERE run_label = 'bare'").is_empty());
        scene.exits(0, "verify");

        // What is kept outlives everything that follows.
        scene.exits(0, "advance --to write-new");
        scene.python().does(&BARE_RUN.replace("'bare'", "'another'"));
        scene.exits(0, "rollback --to dual-write");
        assert_eq!(kept(&scene.status())[0].2, 2);
        let left = json(&scene.exits(0, "abort --json"));
        assert_eq!(left["left"][0]["rows"], 2, "{left}");
        assert_eq!(scene.rows("SELECT count(*) FROM _cutover_kept_consensus_runs"), ["Integer(2)"]);
    }
}

#[test]
fn columns_that_no_mapping_names_survive() {
    let scene = consensus();
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to write-new");
    scene.python().does("UPDATE agent_outputs SET model_version = 'v9' WHERE agent_name = 'one'");
    let model = || scene.rows("SELECT agent_name, model_version FROM agent_outputs ORDER BY id");
    let expected = model();
    assert!(expected[0].contains("118, 57"), "{expected:?}");
    scene.exits(0, "advance");
    assert_eq!(model(), expected);
    scene.exits(0, "rollback --to dual-write");
    assert_eq!(model(), expected);
    // Old programs change the row meanwhile.
    scene
        .python()
        .does("UPDATE consensus_artifacts SET content_json = '[]' WHERE agent_name = 'one'");
    assert_eq!(model(), expected);
    scene.exits(0, "repair");
    assert_eq!(model(), expected);
    scene.exits(0, "advance --to new-only");
    scene.exits(0, "advance --to retired --yes");
    assert_eq!(model(), expected);
    assert_eq!(
        scene.rows("SELECT content FROM agent_outputs WHERE agent_name = 'one'"),
        scene.rows("SELECT '[]'")
    );
}

/// What the backward mapping gives is converted as the old table's columns convert it, in the live
/// view as in the table.
#[test]
fn a_live_view_converts_as_the_old_table_does() {
    let scene = Scene::set(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, n NUMERIC, r REAL, x TEXT, b);
         INSERT INTO t (i, n, r, x, b) VALUES
             (1, 2, 3, 4, '5'), (1.5, 2.5, 3.5, 4.5, 5.5), ('a', 'b', 'c', 'd', 'e'),
             (NULL, NULL, NULL, NULL, NULL), (x'01', x'02', x'03', x'04', x'05'), ('', ' ', '', '', ''),
             (1700000000123, -7, 1e300, '007', 7), ('0x1', '1e', '.', '1e3', 1e3);",
        // Every value as the text that it is, and told by its class to be one again.
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, i, n, r, x, b, c TEXT);
         INSERT INTO new.u (id, i, n, r, x, b, c)
         SELECT id, CASE typeof(i) WHEN 'blob' THEN i ELSE ' ' || i END,
                CASE typeof(n) WHEN 'integer' THEN printf('%d', n) ELSE n END,
                CASE r WHEN 4 THEN '4.0' WHEN 3.5 THEN '35e-1' ELSE r END, CASE x WHEN '4' THEN 4 ELSE x END, b, typeof(i) FROM old.t;
         INSERT INTO old.t (id, i, n, r, x, b)
         SELECT id, CASE c WHEN 'text' THEN substr(i, 2) ELSE i END, n, r, x, b FROM new.u;",
    );
    let sql = "SELECT id, typeof(i), i, typeof(n), n, typeof(r), r, typeof(x), x, typeof(b), b FROM cutover_live_t";
    scene.exits(0, "start FILE");
    let table = scene.rows(sql);
    scene.exits(0, "advance --to new-only");
    assert_eq!(scene.rows(sql), table);
}
