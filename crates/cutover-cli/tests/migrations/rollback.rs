//! A rollback from `new-only`, whatever new programs wrote: rows that the old tables can't
//! hold are set aside, everything else goes back, and nothing that a program writes meanwhile
//! is refused.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{Scene, json};

/// A case: the old table, what new programs write, the old rows then, and how many are set
/// aside.
struct Case {
    name: &'static str,
    old: &'static str,
    writes: &'static str,
    then: &'static str,
    aside: u64,
}

const ROWS: &str = "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4);";

const fn case(
    name: &'static str,
    old: &'static str,
    writes: &'static str,
    then: &'static str,
    aside: u64,
) -> Case {
    Case { name, old, writes, then, aside }
}

const AS_BEFORE: &str = "VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)";
const SWAPPED: &str = "VALUES (1, 'b', 1), (2, 'a', 2), (3, 'c', 3), (4, 'd', 4)";
const SWAP: &str = "UPDATE s SET u = CASE u WHEN 'a' THEN 'b' WHEN 'b' THEN 'a' ELSE u END";

const CASES: [Case; 19] = [
    case(
        "NOT NULL",
        "u TEXT NOT NULL, n INTEGER",
        "INSERT INTO s VALUES (9, NULL, 9)",
        AS_BEFORE,
        1,
    ),
    case(
        "NOT NULL, of a row there was",
        "u TEXT NOT NULL, n INTEGER",
        "UPDATE s SET u = NULL WHERE id = 2; UPDATE s SET n = 7 WHERE id = 3",
        "VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 7), (4, 'd', 4)",
        1,
    ),
    case(
        "NOT NULL with a default that would be put in",
        "u TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'z', n INTEGER",
        "INSERT INTO s VALUES (9, NULL, 9)",
        AS_BEFORE,
        1,
    ),
    case(
        "NOT NULL that ignores the row",
        "u TEXT NOT NULL ON CONFLICT IGNORE, n INTEGER",
        "INSERT INTO s VALUES (9, NULL, 9)",
        AS_BEFORE,
        1,
    ),
    case(
        "CHECK",
        "u TEXT, n INTEGER CHECK (n < 100)",
        "INSERT INTO s VALUES (9, 'm', 900); DELETE FROM s WHERE id = 1",
        "VALUES (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)",
        1,
    ),
    case("UNIQUE", "u TEXT UNIQUE, n INTEGER", "INSERT INTO s VALUES (9, 'b', 9)", AS_BEFORE, 1),
    case(
        "UNIQUE that would replace another row",
        "u TEXT UNIQUE ON CONFLICT REPLACE, n INTEGER",
        "INSERT INTO s VALUES (9, 'b', 9)",
        AS_BEFORE,
        1,
    ),
    case(
        "UNIQUE that would end the transaction",
        "u TEXT UNIQUE ON CONFLICT ROLLBACK, n INTEGER",
        "INSERT INTO s VALUES (9, 'b', 9)",
        AS_BEFORE,
        1,
    ),
    case("exchanged values", "u TEXT UNIQUE, n INTEGER", SWAP, SWAPPED, 0),
    case("exchanged values of no NULL", "u TEXT NOT NULL UNIQUE, n INTEGER", SWAP, SWAPPED, 0),
    case(
        "a value taken over",
        "u TEXT UNIQUE, n INTEGER",
        "UPDATE s SET u = 'free' WHERE id = 4; UPDATE s SET u = 'd' WHERE id = 1",
        "VALUES (1, 'd', 1), (2, 'b', 2), (3, 'c', 3), (4, 'free', 4)",
        0,
    ),
    case(
        "a value taken over from a row that can't go back",
        "u TEXT UNIQUE, n INTEGER NOT NULL",
        "UPDATE s SET u = 'x', n = NULL WHERE id = 1; INSERT INTO s VALUES (9, 'a', 9)",
        "VALUES (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (9, 'a', 9)",
        1,
    ),
    case(
        "shifted values",
        "u TEXT, n INTEGER UNIQUE",
        "UPDATE s SET n = n + 1",
        "VALUES (1, 'a', 2), (2, 'b', 3), (3, 'c', 4), (4, 'd', 5)",
        0,
    ),
    case(
        "a partial unique index",
        "u TEXT, n INTEGER); CREATE UNIQUE INDEX i ON t (u) WHERE (n > 0",
        "INSERT INTO s VALUES (9, 'b', 9), (10, 'b', -1)",
        "VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (10, 'b', -1)",
        1,
    ),
    case(
        "a trigger that refuses",
        "u TEXT, n INTEGER); CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.n > 100 \
         BEGIN SELECT RAISE(ABORT, 'too much'); END; CREATE TABLE beside (a",
        "INSERT INTO s VALUES (9, 'm', 900)",
        AS_BEFORE,
        1,
    ),
    case(
        "a trigger that ends the transaction",
        "u TEXT, n INTEGER); CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.n > 100 \
         BEGIN SELECT RAISE(ROLLBACK, 'too much'); END; CREATE TABLE beside (a",
        "INSERT INTO s VALUES (8, 'l', 8), (9, 'm', 900), (10, 'n', 901)",
        "VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (8, 'l', 8)",
        2,
    ),
    case(
        "a trigger that refuses half-way",
        "u TEXT, n INTEGER); CREATE TRIGGER g AFTER INSERT ON t WHEN NEW.n > 100 \
         BEGIN SELECT RAISE(FAIL, 'too much'); END; CREATE TABLE beside (a",
        "INSERT INTO s VALUES (9, 'm', 900)",
        AS_BEFORE,
        1,
    ),
    case(
        "a trigger that ignores",
        "u TEXT, n INTEGER); CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.n > 100 \
         BEGIN SELECT RAISE(IGNORE); END; CREATE TABLE beside (a",
        "INSERT INTO s VALUES (9, 'm', 900)",
        AS_BEFORE,
        1,
    ),
    case(
        "a trigger that keeps a row",
        "u TEXT, n INTEGER); CREATE TRIGGER g BEFORE DELETE ON t WHEN OLD.id = 2 \
         BEGIN SELECT RAISE(ABORT, 'it stays'); END; CREATE TABLE beside (a",
        "DELETE FROM s WHERE id IN (2, 3)",
        "VALUES (1, 'a', 1), (2, 'b', 2), (4, 'd', 4)",
        1,
    ),
];

/// The scene of a case, in `new-only`, written to; the new table is called `new`.
fn written(case: &Case, new: &str) -> Scene {
    let schema = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {}); {ROWS}", case.old);
    let migration = format!(
        "CREATE TABLE new.{new} (id INTEGER PRIMARY KEY, u TEXT, n INTEGER);
         INSERT INTO new.{new} (id, u, n) SELECT id, u, n FROM old.t;
         INSERT INTO old.t (id, u, n) SELECT id, u, n FROM new.{new};"
    );
    let scene = Scene::set(&schema, &migration);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    for write in case.writes.split("; ") {
        scene.python().does(&write.replace(" s ", &format!(" {new} ")));
    }
    scene
}

/// Comes back when a query gives a row.
fn await_row(scene: &Scene, sql: &str) {
    let began = Instant::now();
    while scene.rows(sql).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(120), "{sql}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn aside(report: &Value) -> u64 {
    report["kept"].as_array().unwrap().iter().map(|kept| kept["rows"].as_u64().unwrap()).sum()
}

#[test]
fn a_rollback_ends_whatever_was_written() {
    for case in &CASES {
        let name = case.name;
        // In place the triggers go with the name, to the new table.
        let in_place = !case.old.contains("TRIGGER");
        for new in ["s", "t"].into_iter().filter(|new| in_place || *new == "s") {
            let scene = written(case, new);
            let rows = || scene.rows(&format!("SELECT * FROM {new} ORDER BY id"));
            let before = rows();
            let report = json(&scene.exits(0, "rollback --json"));
            let old = if new == "t" { "_cutover_old_t" } else { "t" };
            let then = scene.rows(case.then);
            assert_eq!(scene.rows(&format!("SELECT * FROM {old} ORDER BY id")), then, "{name}");
            assert_eq!(rows(), before, "{name}");
            assert_eq!(aside(&report), case.aside, "{name}: {report}");
            let shown = report["set_aside"].as_array().unwrap();
            assert_eq!(shown.len() as u64, case.aside, "{name}: {report}");
            assert!(shown.iter().all(|row| row["reason"] != ""), "{name}: {report}");
            assert_eq!(aside(&scene.status()), case.aside, "{name}");
            // What is set aside is no difference, and nothing that a repair could fix.
            assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true, "{name}");
            scene.exits(0, "repair");
            assert_eq!(scene.rows(&format!("SELECT * FROM {old} ORDER BY id")), then, "{name}");
            assert_eq!(aside(&scene.status()), case.aside, "{name}");

            scene.exits(0, "rollback --to dual-write");
            assert_eq!(scene.rows("SELECT * FROM t ORDER BY id"), then, "{name}");
            let mirror = if new == "t" { "_cutover_new_t" } else { "s" };
            let mirror = format!("SELECT * FROM {mirror} ORDER BY id");
            assert_eq!(scene.rows(&mirror), then, "{name}");
            scene.exits(0, "verify");
            scene.python().does("UPDATE t SET n = 11 WHERE id = 4");
            assert_eq!(scene.rows("SELECT * FROM t ORDER BY id"), scene.rows(&mirror), "{name}");
        }
    }
}

/// Every row that new programs wrote is in the old table, or kept as they wrote it, once.
#[test]
fn what_does_not_go_back_is_kept_as_it_was_written() {
    for case in CASES.iter().filter(|case| case.aside > 0 && !case.writes.contains("DELETE")) {
        let scene = written(case, "s");
        let new = scene.rows("SELECT * FROM s ORDER BY id");
        scene.exits(0, "rollback");
        scene.exits(0, "advance --to new-only");
        assert_eq!(aside(&scene.status()), 0, "{}: they stand in the new table", case.name);
        scene.exits(0, "rollback --to dual-write");
        let kept = "SELECT id, u, n FROM _cutover_kept_s";
        let all =
            format!("{kept} UNION ALL SELECT * FROM t WHERE id NOT IN (SELECT id FROM ({kept}))");
        let all = scene.rows(&format!("SELECT * FROM ({all}) ORDER BY id"));
        assert_eq!(all, new, "{}", case.name);
        assert_eq!(aside(&scene.status()), case.aside, "{}", case.name);
    }
}

#[test]
fn one_key_from_two_tables() {
    let scene = Scene::set(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT, n INTEGER);
         INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 5);",
        "CREATE TABLE new.low (id INTEGER PRIMARY KEY, u TEXT, n INTEGER);
         CREATE TABLE new.high (id INTEGER PRIMARY KEY, u TEXT, n INTEGER);
         INSERT INTO new.low (id, u, n) SELECT id, u, n FROM old.t WHERE n < 3;
         INSERT INTO new.high (id, u, n) SELECT id, u, n FROM old.t WHERE n >= 3;
         INSERT INTO old.t (id, u, n) SELECT id, u, n FROM new.low;
         INSERT INTO old.t (id, u, n) SELECT id, u, n FROM new.high;",
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.python().does("INSERT INTO high VALUES (1, 'again', 7), (3, 'c', 8)");
    let report = json(&scene.exits(0, "rollback --json"));
    assert_eq!(aside(&report), 1, "{report}");
    scene.exits(0, "verify");
    scene.exits(0, "rollback --to dual-write");
    let held = scene.rows("SELECT id FROM t ORDER BY id");
    assert_eq!(held, ["Integer(1)", "Integer(2)", "Integer(3)"]);
    // Which of the two comes back is left open.
    let kept = scene
        .rows("SELECT name FROM sqlite_schema WHERE name LIKE '\\_cutover\\_kept\\_%' ESCAPE '\\'");
    assert_eq!(kept.len(), 1, "{kept:?}");
    let table = if kept[0] == format!("{:?}", rusqlite::types::ValueRef::Text(b"_cutover_kept_low"))
    {
        "low"
    } else {
        "high"
    };
    let given = scene
        .rows(&format!("SELECT u FROM t WHERE id = 1 UNION SELECT u FROM _cutover_kept_{table}"));
    assert_eq!(given.len(), 2, "{given:?}");
    scene.exits(0, "verify");
}

/// Unique values that cross every chunk of a pass.
#[test]
fn values_shifted_over_many_rows() {
    for (write, expected) in [
        ("UPDATE s SET n = n + 1", "id + 1"),
        ("UPDATE s SET n = n - 1", "id - 1"),
        ("UPDATE s SET n = 2001 - n", "2001 - id"),
    ] {
        let scene = Scene::set(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL UNIQUE);
             WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
             INSERT INTO t SELECT i, i FROM c;",
            "CREATE TABLE new.s (id INTEGER PRIMARY KEY, n INTEGER);
             INSERT INTO new.s (id, n) SELECT id, n FROM old.t;
             INSERT INTO old.t (id, n) SELECT id, n FROM new.s;",
        );
        scene.exits(0, "start FILE");
        scene.exits(0, "advance --to new-only");
        scene.python().does(write);
        let report = json(&scene.exits(0, "rollback --json"));
        assert_eq!(aside(&report), 0, "{write}: {report}");
        let wrong = format!("SELECT id, n FROM t WHERE n IS NOT {expected}");
        assert!(scene.rows(&wrong).is_empty(), "{write}");
        assert_eq!(scene.rows("SELECT count(*) FROM t"), ["Integer(2000)"]);
    }
}

/// An update of a row that is set aside, in `write-new`: right, or refused.
#[test]
fn a_row_that_is_set_aside_comes_back_when_it_fits() {
    let scene = written(&CASES[0], "s");
    scene.exits(0, "rollback");
    let mut python = scene.python();
    let refused = python.fails("UPDATE s SET n = 10 WHERE id = 9");
    assert!(refused.contains("NOT NULL"), "{refused}");
    python.does("UPDATE s SET u = 'fits' WHERE id = 9");
    assert_eq!(scene.rows("SELECT u FROM t WHERE id = 9").len(), 1);
    scene.exits(0, "verify");
    let repaired = json(&scene.exits(0, "repair --json"));
    assert_eq!(repaired["kept"], serde_json::json!([]));
    assert_eq!(aside(&scene.status()), 0);
    let report = json(&scene.exits(0, "rollback --to dual-write --json"));
    assert_eq!(aside(&report), 0, "{report}");
    assert_eq!(scene.rows("SELECT * FROM t"), scene.rows("SELECT * FROM s"));
}

#[test]
fn a_rollback_under_way_can_be_called_off() {
    let scene = written(&CASES[0], "s");
    let before = scene.rows("SELECT * FROM s");
    // It is killed as soon as it has begun to note what is written.
    scene.sql(
        "CREATE TABLE more (i); WITH RECURSIVE c (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM c WHERE i < 40000)
         INSERT INTO s SELECT i, 'x', i FROM c; DROP TABLE more",
    );
    scene.exits(0, "pace --rows-per-second 2000");
    let under_way = scene.cutover.spawn(&["rollback"]);
    await_row(&scene, "SELECT 1 FROM _cutover_migrations WHERE pending = 'catch-up'");
    let _ = under_way.kill();
    // Programs write as before, whatever the old table says of it.
    scene.python().does("INSERT INTO s VALUES (10, NULL, 1)");
    scene.python().does("DELETE FROM s WHERE id >= 100");
    let status = scene.status();
    for action in ["advance", "rollback"] {
        let allowed = status["allowed"].as_array().unwrap();
        assert!(allowed.iter().any(|one| one == action), "{status}");
    }
    for command in ["repair", "verify", "abort"] {
        scene.exits(3, command);
    }
    let report = scene.exits(0, "advance").stdout;
    assert!(report.contains("called off"), "{report}");
    assert_eq!(scene.phase(), "new-only");
    assert_eq!(scene.rows("SELECT * FROM s WHERE id <> 10"), before);
    let left = "SELECT name FROM sqlite_schema WHERE name LIKE '%stale%' OR name LIKE '%kept%'";
    assert_eq!(scene.rows(left), [""; 0]);
    assert!(scene.python().fails("DELETE FROM t").contains("read-only"));
    scene.exits(0, "verify");
    let report = json(&scene.exits(0, "rollback --to dual-write --json"));
    assert_eq!(aside(&report), 2, "{report}");
}

#[test]
fn a_foreign_key_that_rows_break_is_told() {
    let scene = Scene::set(
        "CREATE TABLE q (id INTEGER PRIMARY KEY); INSERT INTO q VALUES (1), (2);
         CREATE TABLE o (id INTEGER PRIMARY KEY, n INTEGER REFERENCES q (id)); INSERT INTO o VALUES (1, 1), (2, 2);
         CREATE TABLE below (id INTEGER PRIMARY KEY, o INTEGER REFERENCES o (id)); INSERT INTO below VALUES (1, 1);",
        "CREATE TABLE new.p (id INTEGER PRIMARY KEY, n INTEGER);
         INSERT INTO new.p (id, n) SELECT id, n FROM old.o;
         INSERT INTO old.o (id, n) SELECT id, n FROM new.p;",
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.python().does("INSERT INTO p VALUES (3, 9)");
    scene.python().does("DELETE FROM p WHERE id = 1");
    let report = json(&scene.exits(0, "rollback --to dual-write --json"));
    let told: Vec<String> = report["broken_foreign_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| format!("{} {} {}", key["table"], key["parent"], key["rows"]))
        .collect();
    assert_eq!(told, ["\"below\" \"o\" 1", "\"o\" \"q\" 1"], "{report}");
    assert_eq!(scene.rows("PRAGMA foreign_key_check").len(), 2);
}

/// Killed anywhere, with a program that writes all the while: it goes on where it stopped, no
/// write is refused before the old table is the mirror again, and every row is in one place.
#[test]
fn killed_anywhere_it_goes_on() {
    let scene = Scene::set(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT NOT NULL UNIQUE, n INTEGER CHECK (n < 1000));
         WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 6000)
         INSERT INTO t SELECT i, 'u' || i, i % 900 FROM c;",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n INTEGER);
         INSERT INTO new.s (id, u, n) SELECT id, u, n FROM old.t;
         INSERT INTO old.t (id, u, n) SELECT id, u, n FROM new.s;",
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.sql(
        "UPDATE s SET u = 'v' || (6001 - id); UPDATE s SET u = 'u' || substr(u, 2);
         UPDATE s SET n = 5000 WHERE id % 10 = 0",
    );
    for round in 0..12_u64 {
        let rollback = scene.cutover.spawn(&["rollback", "--to", "write-new"]);
        let began = Instant::now();
        let mut python = scene.python();
        while began.elapsed() < Duration::from_millis(25 * round) {
            let id = 1 + (began.elapsed().as_micros() as u64 * 7919) % 6000;
            for write in [
                format!("UPDATE s SET u = NULL WHERE id = {id}"),
                format!("INSERT OR REPLACE INTO s VALUES ({}, 'u{id}', {})", 6000 + id, id % 1100),
                format!("DELETE FROM s WHERE id = {}", id + 1),
                format!("UPDATE OR REPLACE s SET id = {} WHERE id = {}", id + 2, id + 3),
            ] {
                if let Err(refused) = python.attempt(&write) {
                    // From the switch on the old table follows at once.
                    assert!(refused.contains("can't keep"), "{write}: {refused}");
                    assert_eq!(scene.phase(), "write-new", "{write}: {refused}");
                }
            }
        }
        let _ = rollback.kill();
    }
    scene.exits(0, "rollback --to write-new");
    let astray = "SELECT id FROM (SELECT id, u, n FROM s EXCEPT SELECT * FROM t)
                  WHERE id NOT IN (SELECT id FROM _cutover_kept_t)";
    assert_eq!(scene.rows(astray), [""; 0]);
    assert_eq!(scene.rows("SELECT id FROM t WHERE id NOT IN (SELECT id FROM s)"), [""; 0]);
    scene.exits(0, "verify");
    let new = scene.rows("SELECT * FROM s ORDER BY id");
    let report = scene.exits(0, "rollback --to dual-write").stdout;
    assert!(!report.contains("not filled"), "{report}");
    scene.exits(0, "verify");
    assert_eq!(scene.rows("SELECT * FROM t"), scene.rows("SELECT * FROM s"));
    let kept = "SELECT id, u, n FROM _cutover_kept_s";
    let all = format!("{kept} UNION ALL SELECT * FROM t WHERE id NOT IN (SELECT id FROM ({kept}))");
    assert_eq!(scene.rows(&format!("SELECT * FROM ({all}) ORDER BY id")), new);
}
