//! The application changes its tables while they are being moved.

use serde_json::json;

use crate::scene::{Scene, shell};
use crate::writers::lane::{WRITES, assert_found_by_the_gates, assert_in_step, plain};

#[track_caller]
fn drift(scene: &Scene) -> String {
    scene.status()["drift"].to_string()
}

/// A column that the mapping does not know would be lost with the old table.
#[test]
fn an_added_column_is_never_lost() {
    let scene = plain();
    let mut python = scene.python();
    python.does("ALTER TABLE people ADD COLUMN extra TEXT DEFAULT 'x'");
    python.does("UPDATE people SET extra = 'precious'");
    python.does("INSERT INTO people (name, extra) VALUES ('new', 'too')");
    assert!(drift(&scene).contains("people.extra"), "{}", drift(&scene));
    let refused = scene.exits(3, "advance --to write-new");
    assert!(refused.stderr.contains("people.extra"), "{}", refused.stderr);
    assert_eq!(scene.phase(), "dual-write");
    assert_in_step(&scene);
    scene.exits(0, "abort");
    let extra = python.does("SELECT DISTINCT extra FROM people ORDER BY extra");
    assert_eq!(extra, json!([["precious"], ["too"]]));
}

/// Columns that the mapping reads can't be renamed or dropped: SQLite looks at our triggers.
#[test]
fn a_column_that_is_read_stays() {
    let scene = plain();
    let before = scene.dump();
    for change in
        ["ALTER TABLE people RENAME COLUMN name TO title", "ALTER TABLE people DROP COLUMN data"]
    {
        let error = scene.python().fails(change);
        assert!(error.contains("_cutover_"), "{change}: {error}");
    }
    assert_eq!(scene.dump(), before);
}

/// The usual recipe for what ALTER TABLE can't do: a new table takes the name of the old one,
/// whose triggers go with it.
#[test]
fn a_rebuilt_table_loses_the_triggers_and_repair_makes_them_anew() {
    let scene = plain();
    let told = shell(
        &scene.db,
        "BEGIN;
         ALTER TABLE people RENAME TO former;
         CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, data TEXT);
         INSERT INTO people SELECT * FROM former;
         DROP TABLE former;
         COMMIT;",
    );
    assert_eq!(told.stderr, "");
    assert_in_step(&scene);
    assert!(drift(&scene).contains("cutover repair"), "{}", drift(&scene));
    scene.python().does("UPDATE people SET name = 'unseen' WHERE id = 1");
    assert_found_by_the_gates(&scene);
    let repaired = scene.exits(0, "repair --json");
    let repaired: serde_json::Value = serde_json::from_str(&repaired.stdout).unwrap();
    assert_eq!((&repaired["renewed"], &repaired["updated"]), (&json!(true), &json!(1)));
    assert_eq!(drift(&scene), "[]");
    shell(&scene.db, WRITES);
    assert_in_step(&scene);
    scene.exits(0, "advance --to new-only");
}

#[test]
fn a_dropped_table_is_told() {
    let scene = plain();
    scene.python().does("DROP TABLE people");
    assert!(drift(&scene).contains("people"), "{}", drift(&scene));
    let before = scene.rows("SELECT * FROM persons");
    for command in ["verify", "repair", "advance", "backfill"] {
        let refused = scene.is_refused(command);
        assert!(refused.stderr.contains("people"), "{command}: {}", refused.stderr);
    }
    assert_eq!(scene.rows("SELECT * FROM persons"), before);
}

/// By a unique index that came later, a REPLACE removes a row without anyone noting it.
#[test]
fn a_unique_index_that_came_later() {
    let scene = plain();
    let mut python = scene.python();
    python.does("CREATE UNIQUE INDEX names ON people (name)");
    assert!(drift(&scene).contains("unique index"), "{}", drift(&scene));
    python.does("REPLACE INTO people (id, name) VALUES (9, 'Ada')");
    assert_found_by_the_gates(&scene);
    scene.exits(0, "repair");
    assert_in_step(&scene);
    assert_eq!(drift(&scene), "[]");
    python.does("REPLACE INTO people (id, name) VALUES (10, 'Bob')");
    python.does("UPDATE OR REPLACE people SET name = 'Ada' WHERE id = 10");
    assert_in_step(&scene);
}

/// Rowids of tables without an INTEGER PRIMARY KEY may change, by a VACUUM or by the program
/// itself; nothing of ours keeps one.
#[test]
fn rowids_change() {
    let scene = Scene::set(
        "CREATE TABLE parts (code TEXT PRIMARY KEY, name TEXT);
         INSERT INTO parts VALUES ('a', '1'), ('b', '2'), ('c', '3'), ('d', '4');
         DELETE FROM parts WHERE code IN ('a', 'c');",
        "CREATE TABLE new.pieces (code TEXT PRIMARY KEY, name TEXT, upper TEXT);
         INSERT INTO new.pieces (code, name, upper) SELECT code, name, upper(code) FROM old.parts;
         INSERT INTO old.parts (code, name) SELECT code, name FROM new.pieces;",
    );
    scene.exits(0, "start FILE --no-backfill");
    scene.python().does("VACUUM");
    scene.python().does("UPDATE parts SET rowid = rowid - 1");
    scene.exits(0, "backfill");
    for phase in ["dual-write", "write-new"] {
        scene.exits(0, &format!("advance --to {phase}"));
        let table = if phase == "write-new" { "pieces" } else { "parts" };
        let mut python = scene.python();
        for write in [
            "VACUUM".to_owned(),
            format!("UPDATE {table} SET rowid = -rowid"),
            format!("REPLACE INTO {table} (code, name) VALUES ('b', 'again'), ('e', 'new')"),
            format!("UPDATE {table} SET code = code || code WHERE code <> 'b'"),
            "VACUUM".to_owned(),
            format!("DELETE FROM {table} WHERE code = 'ee'"),
        ] {
            python.does(&write);
        }
        if phase == "dual-write" {
            scene.exits(0, "verify");
        }
    }
    let pieces = scene.rows("SELECT code, name FROM pieces ORDER BY code");
    assert_eq!(scene.rows("SELECT code, name FROM parts ORDER BY code"), pieces);
}
