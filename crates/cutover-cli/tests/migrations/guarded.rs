//! Writes to the side that follows: refused, whatever little they change, and also where the
//! mapping gives a row that the table does not hold.

use crate::scene::Scene;

const OLD: &str = "
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE, price, code TEXT NOT NULL,
        more TEXT COLLATE NOCASE);
    INSERT INTO items VALUES (1, 'ada', 1, 'x', 'own'), (2, 'ben', 2.5, 'y', NULL);";

const SPLIT: &str = "
    CREATE TABLE new.things (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE);
    CREATE TABLE new.prices (thing INTEGER PRIMARY KEY, price, code TEXT, more TEXT COLLATE NOCASE);
    CREATE INDEX new.things_name ON things (name);
    CREATE INDEX new.prices_more ON prices (more);
    INSERT INTO new.things (id, name) SELECT id, name FROM old.items;
    INSERT INTO new.prices (thing, price, code, more) SELECT id, price, code, more FROM old.items;
    INSERT INTO old.items (id, name, price, code, more)
    SELECT t.id, t.name, p.price, p.code, p.more FROM new.things t JOIN new.prices p ON p.thing = t.id;";

const ITEMS: &str = "SELECT id || ' ' || quote(name) || ' ' || quote(price) || ' ' || quote(code) || ' ' || quote(more)
    FROM items ORDER BY id";
const PRICES: &str = "SELECT thing || ' ' || quote(price) || ' ' || quote(code) || ' ' || quote(more) FROM prices ORDER BY thing";

/// The one text that each row of a query gives.
fn texts(scene: &Scene, sql: &str) -> Vec<String> {
    let conn = scene.conn();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Another spelling, another storage class: they compare equal and are not the same.
#[test]
fn a_mirror_takes_no_change_of_spelling() {
    let scene = Scene::set(OLD, SPLIT);
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    for write in [
        "UPDATE things SET name = 'ADA' WHERE id = 1",
        "UPDATE prices SET more = 'OWN' WHERE thing = 1",
        "UPDATE prices SET price = 1.0 WHERE thing = 1",
        "UPDATE prices SET code = 'z', more = more WHERE thing = 1",
    ] {
        let error = python.fails(write);
        assert!(error.contains("is the mirror of migration"), "{write}: {error}");
    }
    python.does("UPDATE items SET name = 'ADA', more = 'OWN', price = 1.0 WHERE id = 1");
    assert_eq!(texts(&scene, PRICES)[0], "1 1.0 'x' 'OWN'");
    scene.exits(0, "verify");
}

#[test]
fn a_frozen_table_takes_no_write_at_all() {
    let scene = Scene::set(OLD, SPLIT);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to write-new --yes");
    let before = texts(&scene, ITEMS);
    let mut python = scene.python();
    for write in [
        "UPDATE items SET name = name",
        "UPDATE items SET name = 'ADA' WHERE id = 1",
        "UPDATE OR IGNORE items SET price = 1.0 WHERE id = 1",
        "INSERT OR REPLACE INTO items SELECT * FROM items",
        "INSERT INTO items VALUES (7, 'x', 1, 'x', NULL)",
        "DELETE FROM items WHERE id = 1",
    ] {
        let error = python.fails(write);
        assert!(error.contains("items is read-only"), "{write}: {error}");
    }
    assert_eq!(texts(&scene, ITEMS), before);
    // What new programs write goes there all the same, a write that changes nothing too.
    python.does("UPDATE things SET name = name");
    python.does("INSERT OR REPLACE INTO things SELECT * FROM things");
    python.does("UPDATE prices SET more = 'Own', price = -0.0 WHERE thing = 1");
    python.does("UPDATE prices SET price = 0.0 WHERE thing = 1");
    python.does("UPDATE things SET name = 'ADA' WHERE id = 1");
    assert_eq!(texts(&scene, ITEMS)[0], "1 'ADA' 0.0 'x' 'Own'");
    scene.exits(0, "verify");
}

/// A row that a rollback set aside has no image, and nobody but the sync may make one.
#[test]
fn the_place_of_a_row_that_is_set_aside_is_not_free() {
    let scene = Scene::set(OLD, SPLIT);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only --yes");
    scene.python().does("INSERT INTO things VALUES (9, 'eve')");
    scene.python().does("INSERT INTO prices VALUES (9, 1, NULL, NULL)");
    scene.exits(0, "rollback");
    assert_eq!(scene.phase(), "write-new");
    let error = scene.python().fails("INSERT INTO items VALUES (9, 'eve', 1, 'mine', NULL)");
    assert!(error.contains("items is read-only"), "{error}");
    assert_eq!(texts(&scene, ITEMS).len(), 2);
    scene.python().does("UPDATE prices SET code = 'fits' WHERE thing = 9");
    assert_eq!(texts(&scene, ITEMS)[2], "9 'eve' 1 'fits' NULL");
    scene.exits(0, "verify");
}
