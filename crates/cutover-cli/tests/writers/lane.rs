//! A table with a row-wise, a unique and a derived column, on its way to another one.

use testkit::compare::{Rows, assert_same};

use crate::scene::{Scene, json, shell};

pub(crate) const SCHEMA: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, data TEXT);
    INSERT INTO people VALUES (1, 'a@x', 'Ada', '{\"k\":1}'), (2, 'b@x', 'Bob', '{\"k\":2}'), (3, 'c@x', 'abc', NULL);";

/// The old columns as they are, and one worked out of `name`.
fn migration(derived: &str) -> String {
    format!(
        "CREATE TABLE new.persons (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, name TEXT, data TEXT, more);
         INSERT INTO new.persons (id, mail, name, data, more)
         SELECT id, email, name, data, {derived} FROM old.people;
         INSERT INTO old.people (id, email, name, data) SELECT id, mail, name, data FROM new.persons;"
    )
}

/// REPLACE by the unique key, an update, a delete, and an insert that leaves the key to SQLite.
pub(crate) const WRITES: &str = "
    INSERT OR REPLACE INTO people VALUES (5, 'a@x', 'ABE', '{\"k\":5}');
    UPDATE people SET name = 'Ax', data = '{\"k\":7}' WHERE id = 2;
    DELETE FROM people WHERE id = 3;
    INSERT INTO people (name) VALUES ('z');";

/// In `dual-write` and filled, with `more` derived so.
pub(crate) fn mirrored(derived: &str) -> Scene {
    let scene = Scene::set(SCHEMA, &migration(derived));
    scene.exits(0, "start FILE");
    scene
}

/// A scene whose derived column is nothing special.
pub(crate) fn plain() -> Scene {
    mirrored("length(name)")
}

/// A database that got the same writes and has none of our machinery.
pub(crate) fn twin(script: &str) -> Scene {
    let twin = Scene::set(SCHEMA, "");
    shell(&twin.db, script);
    twin
}

#[track_caller]
pub(crate) fn assert_source_is(scene: &Scene, twin: &Scene) {
    let (expected, found) = (twin.conn(), scene.conn());
    let sql = "SELECT id, email, name, data FROM people";
    assert_same(
        "people",
        Rows { name: "the twin", conn: &expected, sql },
        Rows { name: "the source", conn: &found, sql },
    );
}

/// The mirror is what the mapping gives, says `verify`, and SQLite of the row-wise part.
#[track_caller]
pub(crate) fn assert_in_step(scene: &Scene) {
    let verified = json(&scene.exits(0, "verify --json"));
    assert_eq!(verified["ok"], true, "{verified}");
    let conn = scene.conn();
    assert_same(
        "people",
        Rows {
            name: "the old table",
            conn: &conn,
            sql: "SELECT id, email, name, data FROM people",
        },
        Rows {
            name: "the new table",
            conn: &conn,
            sql: "SELECT id, mail, name, data FROM persons",
        },
    );
}

/// The mirror differs: `verify` says so, and no gate lets it through.
#[track_caller]
pub(crate) fn assert_found_by_the_gates(scene: &Scene) {
    scene.exits(1, "verify");
    assert_eq!(scene.phase(), "dual-write");
    scene.exits(3, "advance --to write-new");
    // Where drift is known not even read-new is entered.
    assert!(["dual-write", "read-new"].contains(&scene.phase().as_str()), "{}", scene.phase());
}
