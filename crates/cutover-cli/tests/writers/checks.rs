//! CHECK constraints of the mirror. Where a row breaks one, the write of the source fails
//! as a whole, whatever its conflict clause; where it does not, nobody notices.

use crate::scene::{Scene, json};

const SCHEMA: &str = "CREATE TABLE items (id INTEGER PRIMARY KEY, code TEXT, n, on_sale);
    INSERT INTO items VALUES (1, 'one', 10, 1), (2, 'two', '20', 0);";

/// Values are computed, converted by their column, compared by its type and collation.
fn scene(old_checks: &str) -> Scene {
    let migration = "
        CREATE TABLE new.goods (id INTEGER PRIMARY KEY CHECK (goods.id < 1000),
            label TEXT COLLATE NOCASE CHECK (label <> '#mallory'),
            amount INTEGER CHECK (amount > '5'), price REAL, text TEXT CHECK (text < 90),
            on_sale CHECK (on_sale IN (TRUE, FALSE)), raw, code TEXT,
            CHECK (price / 4 > 1.3), CHECK (typeof(amount) = 'integer' AND typeof(price) = 'real'));
        INSERT INTO new.goods (id, label, amount, price, text, on_sale, raw, code)
        SELECT id, '#' || code, n || '', n + 0, n + 0, on_sale, n, code FROM old.items;
        INSERT INTO old.items (id, code, n, on_sale) SELECT id, code, raw, on_sale FROM new.goods;";
    let scene = Scene::set(&SCHEMA.replace(" n,", &format!(" n {old_checks},")), migration);
    scene.exits(0, "start FILE");
    scene
}

/// Each with what stands in the place of the conflict clause.
const REFUSED: &[&str] = &[
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'bad', 3, 1)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'Mallory', 9, 1)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'bad', 9, 2)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (1001, 'bad', 9, 1)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'bad', 'x', 1)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'bad', 100, 1), (10, 'bad', 91, 1)",
    "INSERT {} INTO items VALUES (8, 'good', 9, 1), (9, 'bad', 9.5, 1)",
    "UPDATE {} items SET n = 3 WHERE id = 2",
    "UPDATE {} items SET n = n - 12",
    "UPDATE {} items SET code = 'MALLORY' WHERE id = 1",
];

#[test]
fn what_they_refuse_is_refused_as_a_whole() {
    let scene = scene("");
    let before = scene.rows("SELECT * FROM items");
    for write in REFUSED {
        for clause in ["", "OR IGNORE", "OR REPLACE", "OR ABORT", "OR FAIL", "OR ROLLBACK"] {
            for ignoring in [0, 1] {
                let mut python = scene.python();
                python.does(&format!("PRAGMA ignore_check_constraints = {ignoring}"));
                let write = write.replace("{}", clause);
                let error = python.fails(&write);
                assert!(error.contains("a CHECK constraint fails"), "{write}: {error}");
                assert_eq!(scene.rows("SELECT * FROM items"), before, "{write}: {error}");
            }
        }
    }
    let verified = json(&scene.exits(0, "verify --json"));
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn what_they_accept_is_accepted() {
    let scene = scene("");
    let mut python = scene.python();
    for write in [
        "INSERT INTO items VALUES (3, 'three', 9, 1), (4, 'four', '7', 0), (5, 'five', NULL, NULL)",
        "INSERT INTO items (code, n) VALUES ('chosen by SQLite', 88)",
        "UPDATE items SET n = n + 1, code = upper(code)",
        "INSERT OR FAIL INTO items VALUES (7, NULL, '8 ', 1)",
        "DELETE FROM items WHERE id = 5",
    ] {
        match write {
            // NULL is neither true nor false, and typeof is 'null'.
            write if write.contains("NULL, NULL") => {
                python.fails(write);
                python.does(&write.replace(", (5, 'five', NULL, NULL)", ""));
            }
            write => {
                python.does(write);
            }
        }
    }
    let verified = json(&scene.exits(0, "verify --json"));
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(python.does("PRAGMA integrity_check"), serde_json::json!([["ok"]]));
}

/// A value that a column converts is the same value to the guards.
#[test]
fn converted_values_are_known_again() {
    for (column, derived) in
        [("INTEGER", "n || ''"), ("TEXT", "n + 0"), ("REAL", "n + 0"), ("NUMERIC", "n || '.0'")]
    {
        let scene = Scene::set(
            SCHEMA,
            &format!(
                "CREATE TABLE new.goods (id INTEGER PRIMARY KEY, w {column}, code, raw, on_sale);
                 INSERT INTO new.goods (id, w, code, raw, on_sale)
                 SELECT id, {derived}, code, n, on_sale FROM old.items;
                 INSERT INTO old.items (id, code, n, on_sale) SELECT id, code, raw, on_sale FROM new.goods;"
            ),
        );
        scene.exits(0, "start FILE");
        let mut python = scene.python();
        for write in [
            "INSERT INTO items VALUES (3, 'three', 30, 1), (4, 'four', '40', 1), (5, 'five', 'x', 1), (6, 'six', x'00', 1)",
            "UPDATE items SET n = n + 1 WHERE typeof(n) IN ('integer', 'text')",
            "UPDATE items SET n = 'y' WHERE id = 4",
            "UPDATE items SET n = NULL WHERE id = 2",
            "DELETE FROM items WHERE id IN (3, 6)",
        ] {
            python.does(write);
        }
        let verified = json(&scene.exits(0, "verify --json"));
        assert_eq!(verified["ok"], true, "{column} {derived}: {verified}");
        for write in ["DELETE FROM goods", "UPDATE goods SET w = 1"] {
            let error = python.fails(write);
            assert!(error.contains("is the mirror"), "{column} {derived}: {error}");
        }
    }
}

/// In a key it must be converted by the mapping itself. That is told by the proof, or by the
/// backfill where there was no row yet, and the old programs write on.
#[test]
fn a_key_that_is_converted_stands_in_no_writers_way() {
    let scene = Scene::set(
        SCHEMA,
        "CREATE TABLE new.goods (id INTEGER, v INTEGER, code, raw, on_sale, PRIMARY KEY (id, v));
         INSERT INTO new.goods (id, v, code, raw, on_sale)
         SELECT id, n || '', code, n, on_sale FROM old.items;
         INSERT INTO old.items (id, code, n, on_sale) SELECT id, code, raw, on_sale FROM new.goods;",
    );
    let refused = scene.exits(3, "start FILE --no-backfill");
    assert!(refused.stderr.contains("CAST"), "{}", refused.stderr);
    scene.sql("DELETE FROM items");
    scene.exits(0, "start FILE --no-backfill");
    let mut python = scene.python();
    python.does("INSERT INTO items VALUES (3, 'three', 30, 1)");
    python.does("UPDATE items SET n = n + 1 WHERE id = 3");
    let refused = scene.exits(3, "backfill");
    assert!(refused.stderr.contains("CAST"), "{}", refused.stderr);
    python.does("DELETE FROM items WHERE id = 3");
}

/// The old table's checks, once it is the mirror.
#[test]
fn the_old_tables_checks_hold_from_write_new_on() {
    let scene = scene("CHECK (n <> '77')");
    scene.exits(0, "advance --to write-new");
    let before = scene.rows("SELECT * FROM goods");
    let mut python = scene.python();
    for clause in ["", "OR IGNORE", "OR FAIL", "OR REPLACE"] {
        for write in [
            "INSERT {} INTO goods VALUES (8, '#x', 9, 9.0, '9', 1, 9, 'x'), (9, '#y', 9, 9.0, '9', 1, '77', 'y')",
            "UPDATE {} goods SET raw = '77'",
        ] {
            let write = write.replace("{}", clause);
            let error = python.fails(&write);
            assert!(error.contains("a CHECK constraint fails"), "{write}: {error}");
            assert_eq!(scene.rows("SELECT * FROM goods"), before, "{write}: {error}");
        }
    }
}
