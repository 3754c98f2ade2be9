//! Values for which a mapping fails: a text that is no JSON, a number that overflows. In
//! `new-only` nothing keeps a new program from writing them. Whatever else was written goes back,
//! and who verifies is told which row it is.

use crate::scene::{Scene, json};

/// A case: the tables, the migration, what new programs write, what the old tables hold then,
/// and how many of their rows can't be told.
struct Case {
    name: &'static str,
    schema: &'static str,
    migration: &'static str,
    writes: &'static [&'static str],
    /// The old table, its key, and the rows that it holds after the rollback.
    old: (&'static str, &'static str, &'static str),
    aside: u64,
}

const ROWS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
    INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3), (4, 'w', 4);";

const CASES: [Case; 8] = [
    Case {
        name: "a text that is no JSON",
        schema: ROWS,
        migration: "CREATE TABLE new.s (id INTEGER PRIMARY KEY, doc TEXT);
            INSERT INTO new.s (id, doc) SELECT id, json_object('a', a, 'b', b) FROM old.t;
            INSERT INTO old.t (id, a, b) SELECT id, json_extract(doc, '$.a'), json_extract(doc, '$.b') FROM new.s;",
        writes: &[
            "UPDATE s SET doc = 'bad' WHERE id = 2",
            "INSERT INTO s VALUES (9, 'worse'), (10, json_object('a', 'k', 'b', 10))",
            "UPDATE s SET doc = json_object('a', 'new', 'b', 7) WHERE id = 3",
            "DELETE FROM s WHERE id = 1",
        ],
        old: ("t", "id", "VALUES (2, 'y', 2), (3, 'new', 7), (4, 'w', 4), (10, 'k', 10)"),
        aside: 2,
    },
    Case {
        name: "in place",
        schema: ROWS,
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, doc TEXT);
            INSERT INTO new.t (id, doc) SELECT id, json_object('a', a, 'b', b) FROM old.t;
            INSERT INTO old.t (id, a, b) SELECT id, json_extract(doc, '$.a'), json_extract(doc, '$.b') FROM new.t;",
        writes: &["UPDATE t SET doc = 'bad' WHERE id IN (1, 2)", "DELETE FROM t WHERE id = 4"],
        old: ("t", "id", "VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3)"),
        aside: 2,
    },
    Case {
        name: "a key of two columns, WITHOUT ROWID",
        schema: "CREATE TABLE t (k TEXT NOT NULL, j INTEGER NOT NULL, a TEXT, PRIMARY KEY (k, j)) WITHOUT ROWID;
            INSERT INTO t VALUES ('p', 1, 'x'), ('p', 2, 'y'), ('q', 1, 'z');",
        migration: "CREATE TABLE new.s (k TEXT NOT NULL, j INTEGER NOT NULL, doc TEXT, PRIMARY KEY (k, j)) WITHOUT ROWID;
            INSERT INTO new.s (k, j, doc) SELECT k, j, json_array(a) FROM old.t;
            INSERT INTO old.t (k, j, a) SELECT k, j, json_extract(doc, '$[0]') FROM new.s;",
        writes: &[
            "UPDATE s SET doc = 'bad' WHERE k = 'p' AND j = 2",
            "INSERT INTO s VALUES ('r', 1, '{'), ('s', 1, '[\"n\"]')",
        ],
        old: ("t", "k, j", "VALUES ('p', 1, 'x'), ('p', 2, 'y'), ('q', 1, 'z'), ('s', 1, 'n')"),
        aside: 2,
    },
    Case {
        name: "a number that has no opposite",
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, above INTEGER NOT NULL);
            INSERT INTO t VALUES (1, 5, 1), (2, 7, 0), (3, 9, 1);",
        migration: "CREATE TABLE new.s (id INTEGER PRIMARY KEY, n INTEGER);
            INSERT INTO new.s (id, n) SELECT id, CASE above WHEN 1 THEN n ELSE -n END FROM old.t;
            INSERT INTO old.t (id, n, above) SELECT id, abs(n), n >= 0 FROM new.s;",
        writes: &[
            "UPDATE s SET n = -9223372036854775808 WHERE id = 1",
            "INSERT INTO s VALUES (4, -8)",
        ],
        old: ("t", "id", "VALUES (1, 5, 1), (2, 7, 0), (3, 9, 1), (4, 8, 0)"),
        aside: 1,
    },
    Case {
        name: "a text that would be too long",
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT NOT NULL);
            INSERT INTO t VALUES (1, '00'), (2, '0000'), (3, '');",
        migration: "CREATE TABLE new.s (id INTEGER PRIMARY KEY, n INTEGER);
            INSERT INTO new.s (id, n) SELECT id, length(w) / 2 FROM old.t;
            INSERT INTO old.t (id, w) SELECT id, hex(zeroblob(n)) FROM new.s;",
        writes: &["UPDATE s SET n = 2000000000 WHERE id = 2", "UPDATE s SET n = 2 WHERE id = 1"],
        old: ("t", "id", "VALUES (1, '0000'), (2, '0000'), (3, '')"),
        aside: 1,
    },
    Case {
        name: "in a condition",
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL);
            INSERT INTO t VALUES (1, 5), (2, 7), (3, 9);",
        migration: "CREATE TABLE new.s (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, doc TEXT NOT NULL);
            INSERT INTO new.s (id, a, doc) SELECT id, a, '{}' FROM old.t;
            INSERT INTO old.t (id, a) SELECT id, a FROM new.s WHERE json_extract(doc, '$.gone') IS NULL;",
        writes: &[
            "UPDATE s SET doc = 'bad' WHERE id = 2",
            "INSERT INTO s VALUES (9, 1, 'worse'), (10, 4, '{}')",
        ],
        old: ("t", "id", "VALUES (1, 5), (2, 7), (3, 9), (10, 4)"),
        aside: 2,
    },
    Case {
        name: "its value is needed by another row",
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE);
            INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z');",
        migration: "CREATE TABLE new.s (id INTEGER PRIMARY KEY, doc TEXT);
            INSERT INTO new.s (id, doc) SELECT id, json_array(a) FROM old.t;
            INSERT INTO old.t (id, a) SELECT id, json_extract(doc, '$[0]') FROM new.s;",
        writes: &[
            "UPDATE s SET doc = 'bad' WHERE id = 2",
            "UPDATE s SET doc = '[\"y\"]' WHERE id = 1",
            "UPDATE s SET doc = '[\"x\"]' WHERE id = 3",
        ],
        old: ("t", "id", "VALUES (1, 'y'), (3, 'x')"),
        aside: 1,
    },
    Case {
        name: "one table from two",
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL);
            INSERT INTO t VALUES (1, 5), (2, -7), (3, 9);",
        migration: "CREATE TABLE new.p (id INTEGER PRIMARY KEY, doc TEXT);
            CREATE TABLE new.q (id INTEGER PRIMARY KEY, a INTEGER NOT NULL);
            INSERT INTO new.p (id, doc) SELECT id, json_array(a) FROM old.t WHERE a > 0;
            INSERT INTO new.q (id, a) SELECT id, a FROM old.t WHERE NOT a > 0;
            INSERT INTO old.t (id, a) SELECT id, json_extract(doc, '$[0]') FROM new.p;
            INSERT INTO old.t (id, a) SELECT id, a FROM new.q;",
        writes: &[
            "UPDATE p SET doc = 'bad' WHERE id = 1",
            "INSERT INTO p VALUES (7, '{')",
            "INSERT INTO q VALUES (8, -3)",
        ],
        old: ("t", "id", "VALUES (1, 5), (2, -7), (3, 9), (8, -3)"),
        aside: 2,
    },
];

fn written(schema: &str, migration: &str, writes: &[&str]) -> Scene {
    let scene = Scene::set(schema, migration);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    let mut python = scene.python();
    for write in writes {
        python.does(write);
    }
    scene
}

fn aside(report: &serde_json::Value) -> u64 {
    report["kept"].as_array().unwrap().iter().map(|kept| kept["rows"].as_u64().unwrap()).sum()
}

#[test]
fn what_a_mapping_fails_for_is_set_aside_and_the_rest_goes_back() {
    for Case { name, schema, migration, writes, old: (table, key, then), aside: many } in &CASES {
        let scene = written(schema, migration, writes);
        let in_place = *name == "in place";
        let new: &[&str] = match *name {
            "in place" => &["t"],
            "one table from two" => &["p", "q"],
            _ => &["s"],
        };
        let written: Vec<Vec<String>> = new
            .iter()
            .map(|new| scene.rows(&format!("SELECT * FROM {new} ORDER BY {key}")))
            .collect();
        let report = json(&scene.exits(0, "rollback --json"));
        let then = scene.rows(then);
        let old = if in_place { "_cutover_old_t" } else { *table };
        let rows = format!("SELECT * FROM {old} ORDER BY {key}");
        assert_eq!(scene.rows(&rows), then, "{name}");
        assert_eq!(aside(&report), *many, "{name}: {report}");
        let shown = report["set_aside"].as_array().unwrap();
        assert_eq!(shown.len() as u64, *many, "{name}: {report}");
        for row in shown {
            assert!(row["reason"].as_str().unwrap().contains(" fails: "), "{name}: {report}");
            assert!(
                !row["key"].as_object().unwrap().values().any(|v| v.is_null()),
                "{name}: {row}"
            );
        }
        assert_eq!(aside(&scene.status()), *many, "{name}");
        assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true, "{name}");
        scene.exits(0, "repair");
        assert_eq!(scene.rows(&rows), then, "{name}");
        // On, and back again.
        scene.exits(0, "advance --to new-only");
        scene.exits(0, "rollback --to dual-write");
        assert_eq!(scene.rows(&format!("SELECT * FROM {table} ORDER BY {key}")), then, "{name}");
        scene.exits(0, "verify");
        // Every row that was written is there, or kept as it was written.
        for (new, written) in new.iter().zip(written) {
            let mirror = if in_place { "_cutover_new_t" } else { new };
            let columns: String = scene
                .conn()
                .query_row(
                    "SELECT group_concat(name, ', ') FROM pragma_table_info(?1)",
                    [mirror],
                    |row| row.get(0),
                )
                .unwrap();
            let kept = format!("_cutover_kept_{new}");
            let is_kept = !scene
                .rows(&format!("SELECT 1 FROM sqlite_schema WHERE name = '{kept}'"))
                .is_empty();
            let all = if is_kept {
                format!(
                    "SELECT {columns} FROM {kept} UNION ALL SELECT {columns} FROM {mirror} \
                     WHERE ({key}) NOT IN (SELECT {key} FROM {kept})"
                )
            } else {
                format!("SELECT {columns} FROM {mirror}")
            };
            let all = scene.rows(&format!("SELECT * FROM ({all}) ORDER BY {key}"));
            assert_eq!(all, written, "{name}");
        }
    }
}

/// Many of them, in every chunk.
#[test]
fn many_that_a_mapping_fails_for() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
        WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
        INSERT INTO t SELECT i, i FROM c;";
    let migration = "CREATE TABLE new.s (id INTEGER PRIMARY KEY, doc TEXT);
        INSERT INTO new.s (id, doc) SELECT id, json_array(a) FROM old.t;
        INSERT INTO old.t (id, a) SELECT id, json_extract(doc, '$[0]') FROM new.s;";
    let scene = written(
        schema,
        migration,
        &["UPDATE s SET doc = CASE WHEN id % 3 = 0 THEN 'bad' ELSE json_array(id + 1) END"],
    );
    let report = json(&scene.exits(0, "rollback --json"));
    assert_eq!(aside(&report), 1000, "{report}");
    let wrong = "SELECT id FROM t WHERE a IS NOT id + (id % 3 <> 0)";
    assert_eq!(scene.rows(wrong), [""; 0]);
    scene.exits(0, "verify");
}

/// A sum of a group: the group is set aside, and the rows that make it go back.
#[test]
fn a_group_whose_sum_overflows() {
    let scene = written(
        "CREATE TABLE g (g TEXT PRIMARY KEY NOT NULL, n INTEGER);
         INSERT INTO g VALUES ('a', 3), ('b', 4);
         CREATE TABLE u (id INTEGER PRIMARY KEY, g TEXT NOT NULL, n INTEGER);
         INSERT INTO u VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 4);",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, g TEXT NOT NULL, n INTEGER);
         INSERT INTO new.s (id, g, n) SELECT id, g, n FROM old.u;
         INSERT INTO old.g (g, n) SELECT g, sum(n) FROM new.s GROUP BY g;
         INSERT INTO old.u (id, g, n) SELECT id, g, n FROM new.s;",
        &[
            "UPDATE s SET n = 9223372036854775807 WHERE id = 1",
            "INSERT INTO s VALUES (4, 'b', 8), (5, 'c', 8)",
        ],
    );
    let report = json(&scene.exits(0, "rollback --json"));
    assert_eq!(aside(&report), 1, "{report}");
    let groups = scene.rows("VALUES ('a', 3), ('b', 12), ('c', 8)");
    assert_eq!(scene.rows("SELECT * FROM g ORDER BY g"), groups);
    assert_eq!(scene.rows("SELECT * FROM u"), scene.rows("SELECT * FROM s"));
    scene.exits(0, "verify");
    scene.exits(0, "rollback --to dual-write");
    assert_eq!(scene.rows("SELECT * FROM u"), scene.rows("SELECT * FROM s"));
    // The sum can't be had from the new tables: who verifies is told of which group.
    let told = scene.exits(1, "verify").stdout;
    assert!(told.contains("g where g = a") && told.contains("integer overflow"), "{told}");
}

/// What came back from the new tables may be what the way forward fails for.
#[test]
fn a_way_forward_that_fails_is_no_obstacle_to_a_rollback() {
    let scene = written(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT);
         INSERT INTO t VALUES (1, '[1]'), (2, '[2]'), (3, '[3]');",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, doc TEXT, a INTEGER);
         INSERT INTO new.s (id, doc, a) SELECT id, doc, json_extract(doc, '$[0]') FROM old.t;
         INSERT INTO old.t (id, doc) SELECT id, doc FROM new.s;",
        &["UPDATE s SET doc = 'bad' WHERE id = 2", "INSERT INTO s VALUES (9, 'worse', 1)"],
    );
    let back = scene.rows("VALUES (1, '[1]'), (2, 'bad'), (3, '[3]'), (9, 'worse')");
    let report = json(&scene.exits(0, "rollback --to read-new --json"));
    assert_eq!(scene.rows("SELECT * FROM t"), back);
    assert_eq!(scene.phase(), "read-new");
    let unfilled = report["unfilled"].as_str().unwrap();
    assert!(unfilled.contains("malformed JSON") && unfilled.contains("id = 2"), "{report}");
    // Once the values are fixed it goes on.
    let refused = scene.exits(3, "backfill");
    assert!(refused.stderr.contains("id = 2"), "{}", refused.stderr);
    scene.python().does("UPDATE t SET doc = '[7]' WHERE id IN (2, 9)");
    scene.exits(0, "backfill");
    scene.exits(0, "verify");
    assert_eq!(scene.rows("SELECT id, doc FROM s"), scene.rows("SELECT * FROM t"));
}

/// While triggers keep the old table in step, the write itself is refused.
#[test]
fn in_write_new_the_write_is_refused() {
    let case = &CASES[0];
    let scene = written(case.schema, case.migration, &[]);
    scene.exits(0, "rollback");
    let mut python = scene.python();
    let refused = python.fails("UPDATE s SET doc = 'bad' WHERE id = 2");
    assert!(refused.contains("malformed JSON"), "{refused}");
    scene.exits(0, "verify");
    // A row that is set aside comes back when its value is fixed.
    scene.exits(0, "advance");
    python.does("UPDATE s SET doc = 'bad' WHERE id = 2");
    scene.exits(0, "rollback");
    assert_eq!(aside(&scene.status()), 1);
    python.does("UPDATE s SET doc = json_object('a', 'fits', 'b', 1) WHERE id = 2");
    assert_eq!(scene.rows("SELECT a FROM t WHERE id = 2"), scene.rows("SELECT 'fits'"));
    scene.exits(0, "verify");
    scene.exits(0, "repair");
    assert_eq!(aside(&scene.status()), 0);
}

/// A row there was before, named by the proof.
#[test]
fn the_proof_names_the_row_that_a_mapping_fails_for() {
    for (forward, backward) in [
        ("json_extract(doc, '$[0]')", "doc"),
        ("NULL", "iif(json_extract(doc, '$[0]') = 5, '', doc)"),
    ] {
        let scene = Scene::set(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT);
             INSERT INTO t VALUES (1, '[1]'), (2, 'bad'), (3, '[3]');",
            &format!(
                "CREATE TABLE new.s (id INTEGER PRIMARY KEY, doc TEXT, a INTEGER);
                 INSERT INTO new.s (id, doc, a) SELECT id, doc, {forward} FROM old.t;
                 INSERT INTO old.t (id, doc) SELECT id, {backward} FROM new.s;"
            ),
        );
        let checked = scene.exits(3, "check FILE").stdout;
        assert!(checked.contains("id = 2") && checked.contains("malformed JSON"), "{checked}");
        let refused = scene.exits(3, "start FILE").stderr;
        assert!(refused.contains("id = 2") && refused.contains("malformed JSON"), "{refused}");
    }
}
