//! Programs of the old schema that come late: after `retired` a view under the old name gives
//! the live rows and refuses writes by name, and nothing that a program does at its start makes
//! the old table anew.

use crate::scene::{Python, Scene, json, rows, shell};

const SCHEMA: &str = "
    CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, price REAL, code TEXT COLLATE NOCASE);
    CREATE INDEX items_name ON items (name);
    CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT);
    INSERT INTO items VALUES (1, 'a', 1, 'X'), (2, 'b', 2.5, NULL), (9, 'c', 3, 'y');";

const MOVED: &str = "
    CREATE TABLE new.things (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE new.prices (thing INTEGER PRIMARY KEY, price, code TEXT);
    INSERT INTO new.things (id, name) SELECT id, name FROM old.items;
    INSERT INTO new.prices (thing, price, code) SELECT id, price, code FROM old.items;
    INSERT INTO old.items (id, name, price, code)
    SELECT t.id, t.name, p.price, p.code FROM new.things t LEFT JOIN new.prices p ON p.thing = t.id;";

const IN_PLACE: &str = "
    CREATE TABLE new.items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, price REAL, code TEXT COLLATE NOCASE, more TEXT);
    INSERT INTO new.items (id, name, price, code) SELECT id, name, price, code FROM old.items;
    INSERT INTO old.items (id, name, price, code) SELECT id, name, price, code FROM new.items;";

/// What an old program does each time it starts. Errors of the last one it ignores.
const STARTS: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, price REAL, code TEXT COLLATE NOCASE)",
    "CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, note TEXT)",
    "CREATE INDEX IF NOT EXISTS items_name ON items (name)",
    "ALTER TABLE runs ADD COLUMN kind TEXT",
];

const WAY: [&str; 9] = [
    "start FILE",
    "advance",
    "advance --to write-new",
    "rollback",
    "advance --to new-only",
    "rollback",
    "advance",
    "verify",
    "advance --to retired --yes",
];

/// What is stored under the old name.
fn kind(scene: &Scene) -> String {
    let sql = "SELECT type FROM sqlite_schema WHERE name = 'items'";
    scene.conn().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A late write, which must fail and say what happened.
#[track_caller]
fn refused(error: &str) {
    for word in ["items is read-only", "migration scene", "retired at 20", "things", "prices"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn an_old_program_starts_in_every_phase() {
    for (migration, end) in [(MOVED, "view"), (IN_PLACE, "table")] {
        let scene = Scene::set(SCHEMA, migration);
        let live = if end == "view" { "things" } else { "items" };
        for step in WAY {
            scene.exits(0, step);
            let rows_before = scene.rows("SELECT * FROM cutover_live_items ORDER BY id");
            let mut python = scene.python();
            let retired = scene.phase() == "retired";
            for (number, statement) in STARTS.iter().enumerate() {
                let attempt = python.attempt(statement);
                let loud = retired && end == "view" && number == 2;
                match &attempt {
                    Err(error) if loud => assert!(error.contains("views may not be indexed")),
                    Err(error) if number == 3 => assert!(error.contains("duplicate"), "{error}"),
                    attempt => {
                        assert!(attempt.is_ok() && !loud, "{step}: {statement}: {attempt:?}")
                    }
                }
            }
            // The shell goes on after an error.
            shell(&scene.db, &STARTS.join(";"));
            assert_eq!(scene.rows("SELECT * FROM cutover_live_items ORDER BY id"), rows_before);
            assert_eq!(
                scene.rows(&format!("SELECT count(*) FROM {live}")),
                ["Integer(3)"],
                "{step}"
            );
        }
        assert_eq!(kind(&scene), end);
        scene.exits(0, "forget scene");
        assert_eq!(ours(&scene), [""; 0]);
    }
}

/// Everything in the schema that has a name of cutover's.
fn ours(scene: &Scene) -> Vec<String> {
    scene.rows(
        "SELECT name FROM sqlite_schema WHERE name LIKE '\\_cutover\\_%' ESCAPE '\\' \
         OR name LIKE 'cutover\\_live\\_%' ESCAPE '\\' ORDER BY name",
    )
}

/// The same rows, of the same storage classes, as the old table had and the live view gives.
#[test]
fn late_readers_are_served_and_late_writers_are_told() {
    let scene = Scene::set(SCHEMA, MOVED);
    let before = scene.rows("SELECT * FROM items ORDER BY id");
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    // Statements that are prepared before, and the rows of a reader that is in the middle.
    let mut python = scene.python();
    let insert = "INSERT INTO items (name) VALUES ('late')";
    let read = "SELECT name FROM items WHERE id = 2";
    assert!(python.fails(insert).contains("new-only"));
    python.does(read);
    let mut reader = scene.python();
    reader.does("BEGIN");
    let seen = reader.does("SELECT * FROM items ORDER BY id");
    scene.exits(0, "advance --to retired --yes");
    assert_eq!(reader.does("SELECT * FROM items ORDER BY id"), seen);
    reader.does("COMMIT");
    assert_eq!(scene.rows("SELECT * FROM items ORDER BY id"), before);
    scene.sql("UPDATE things SET name = 'B' WHERE id = 2; INSERT INTO things VALUES (12, 'new')");
    assert_eq!(python.does(read)[0][0], "B");
    assert_eq!(
        scene.rows("SELECT * FROM ITEMS ORDER BY id"),
        scene.rows("SELECT * FROM cutover_live_items ORDER BY id")
    );
    for statement in [
        insert,
        "INSERT OR IGNORE INTO items (id, name) VALUES (1, 'late')",
        "INSERT OR REPLACE INTO items (id, name) VALUES (1, 'late')",
        "REPLACE INTO items (id, name) SELECT id, 'late' FROM items",
        "INSERT INTO items (name) VALUES ('late') RETURNING id",
        "INSERT INTO items DEFAULT VALUES",
        "UPDATE items SET name = 'late'",
        "UPDATE OR IGNORE items SET id = id + 1 WHERE id = 2",
        "DELETE FROM items",
        "DELETE FROM items WHERE name = 'a'",
    ] {
        refused(&python.fails(statement));
        refused(&shell(&scene.db, statement).stderr);
    }
    for statement in [
        "INSERT INTO items (id, name) VALUES (1, 'late') ON CONFLICT DO NOTHING",
        "CREATE UNIQUE INDEX IF NOT EXISTS items_code ON items (code)",
        "ALTER TABLE items ADD COLUMN late TEXT",
        "ALTER TABLE items RENAME TO goods",
        "DROP TABLE IF EXISTS items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
    ] {
        assert!(python.fails(statement).contains("view"), "{statement}");
    }
    assert_eq!(kind(&scene), "view");
    assert_eq!(scene.rows("SELECT count(*) FROM things"), ["Integer(4)"]);
    // The counter of ids stays the application's.
    assert_eq!(scene.rows("SELECT seq FROM sqlite_sequence WHERE name = 'items'"), ["Integer(9)"]);
}

#[test]
fn tombstones_are_in_nobodys_way() {
    let scene = Scene::set(SCHEMA, MOVED);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to retired --yes");
    let before = scene.rows("SELECT * FROM items ORDER BY id");
    let mut python = scene.python();
    python.does("VACUUM");
    python.does("ANALYZE");
    python.does("ALTER TABLE runs RENAME TO jobs");
    python.does("ALTER TABLE jobs RENAME COLUMN note TO remark");
    python.does("ALTER TABLE things RENAME TO goods");
    assert_eq!(python.does("PRAGMA integrity_check")[0][0], "ok");
    assert_eq!(scene.rows("SELECT * FROM items ORDER BY id"), before);
    refused(
        &python
            .fails("DELETE FROM items")
            .replace("items is read-only: ", "items is read-only: things "),
    );
    // A dump makes the same database, and so does a backup.
    let copy = scene.db.with_file_name("restored.db");
    let script = scene.db.with_file_name("dump.sql");
    std::fs::write(&script, scene.dump()).unwrap();
    let _ = shell(&copy, &format!(".read {}", script.display())).success();
    let backup = scene.db.with_file_name("backup.db");
    let _ = shell(&scene.db, &format!(".backup {}", backup.display())).success();
    for file in [copy, backup] {
        let mut late = Python::open(&file);
        let conn = rusqlite::Connection::open(&file).unwrap();
        assert_eq!(rows(&conn, "SELECT * FROM items ORDER BY id"), before);
        assert!(late.fails("INSERT INTO items (name) VALUES ('late')").contains("migration scene"));
    }
}

/// An application's views and triggers go on working with the tombstone, or stand in the way.
#[test]
fn who_uses_an_old_table_is_told_and_works_or_is_refused() {
    let there = "
        CREATE TABLE offices (id INTEGER PRIMARY KEY, items INTEGER);
        INSERT INTO offices VALUES (1, 20);
        CREATE VIEW busy AS SELECT id, items FROM offices WHERE items > 10 /* items */;
        CREATE VIEW dear AS SELECT name FROM items WHERE price > 2;
        CREATE VIEW dearest AS SELECT max(name) AS name FROM dear;
        CREATE VIEW broken AS SELECT * FROM nowhere;
        CREATE TRIGGER counts AFTER INSERT ON offices BEGIN
            UPDATE offices SET items = (SELECT count(*) FROM \"Items\") WHERE id = NEW.id; END;";
    let scene = Scene::set(&format!("{SCHEMA}{there}"), MOVED);
    let report = json(&scene.exits(0, "check FILE --json"));
    let notes: Vec<&str> =
        report["notes"].as_array().unwrap().iter().map(|n| n["reason"].as_str().unwrap()).collect();
    let told = |what: &str| notes.iter().any(|note| note.starts_with(what));
    assert!(told("the view dear uses items") && told("the trigger counts uses items"), "{notes:?}");
    assert!(
        !notes.iter().any(|note| note.contains("busy") || note.contains("broken")),
        "{notes:?}"
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to retired --yes");
    let mut python = scene.python();
    python.does("INSERT INTO offices (id) VALUES (2)");
    assert_eq!(scene.rows("SELECT items FROM offices WHERE id = 2"), ["Integer(3)"]);
    assert_eq!(python.does("SELECT * FROM dearest")[0][0], "c");
    assert_eq!(scene.rows("SELECT * FROM busy"), ["Integer(1) Integer(20)"]);
    // They need the tombstone now.
    let kept = scene.exits(3, "forget scene");
    assert!(kept.stderr.contains("dear") || kept.stderr.contains("offices"), "{}", kept.stderr);
    python.does("DROP VIEW dear");
    python.does("DROP VIEW dearest");
    python.does("DROP TRIGGER counts");
    scene.exits(0, "forget scene");

    for (there, words) in [
        ("CREATE VIEW numbered AS SELECT rowid AS n FROM items", "reading the view numbered"),
        (
            "CREATE VIEW first AS SELECT rowid AS n FROM items; CREATE VIEW second AS SELECT * FROM first",
            "reading the view first",
        ),
        (
            "CREATE TRIGGER adds AFTER INSERT ON runs BEGIN INSERT INTO items (name) VALUES ('x'); END",
            "an INSERT into runs",
        ),
        ("CREATE TABLE stock (item INTEGER REFERENCES Items)", "stock refers to"),
        (
            "CREATE VIRTUAL TABLE found USING fts5(name, content = \"items\")",
            "the table found indexes rows of items",
        ),
    ] {
        let scene = Scene::set(&format!("{SCHEMA}{there}"), MOVED);
        let checked = scene.exits(0, "check FILE").stdout;
        assert!(checked.contains(words), "{words}: {checked}");
        scene.exits(0, "start FILE");
        scene.exits(0, "advance --to new-only");
        let refused = scene.exits(3, "advance --to retired --yes");
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
        assert_eq!(scene.phase(), "new-only");
    }
}

/// The next migration of the same tables meets what the one before it left.
#[test]
fn a_later_migration_is_told_what_stands_in_its_way() {
    let scene = Scene::set(SCHEMA, MOVED);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to retired --yes");
    let next = |name: &str, text: &str| {
        let file = scene.db.with_file_name(format!("{name}.sql"));
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let back = next(
        "back",
        "CREATE TABLE new.items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO new.items (id, name) SELECT id, name FROM old.things;
         INSERT INTO old.things (id, name) SELECT id, name FROM new.items;",
    );
    let wider = next(
        "wider",
        "CREATE TABLE new.things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, more TEXT);
         INSERT INTO new.things (id, name) SELECT id, name FROM old.things;
         INSERT INTO old.things (id, name) SELECT id, name FROM new.things;",
    );
    let renames = next(
        "renames",
        "CREATE TABLE new.things (id INTEGER PRIMARY KEY, label TEXT NOT NULL);
         INSERT INTO new.things (id, label) SELECT id, name FROM old.things;
         INSERT INTO old.things (id, name) SELECT id, label FROM new.things;",
    );
    // A table of the old name, and columns that the tombstone reads.
    for file in [&back, &renames] {
        let refused = scene.exits(3, &format!("start {file}"));
        assert!(refused.stderr.contains("cutover forget scene"), "{}", refused.stderr);
    }
    // What it can live with goes on beside it.
    scene.exits(0, &format!("start {wider}"));
    scene.exits(0, "advance --migration wider --to retired --yes");
    assert_eq!(scene.rows("SELECT count(*) FROM items"), ["Integer(3)"]);
    scene.exits(0, "forget scene");
    scene.exits(0, "forget wider");
    assert_eq!(ours(&scene), [""; 0]);
    // Forgotten, it leaves the way free.
    next(
        "renames",
        "CREATE TABLE new.things (id INTEGER PRIMARY KEY, label TEXT NOT NULL, more TEXT);
         INSERT INTO new.things (id, label, more) SELECT id, name, more FROM old.things;
         INSERT INTO old.things (id, name, more) SELECT id, label, more FROM new.things;",
    );
    next(
        "back",
        "CREATE TABLE new.items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, more TEXT);
         INSERT INTO new.items (id, name, more) SELECT id, label, more FROM old.things;
         INSERT INTO old.things (id, label, more) SELECT id, name, more FROM new.items;",
    );
    for (name, file) in [("renames", &renames), ("back", &back)] {
        scene.exits(0, &format!("start {file}"));
        scene.exits(0, "advance --to retired --yes");
        scene.exits(0, &format!("forget {name}"));
    }
    assert_eq!(scene.rows("SELECT count(*) FROM items"), ["Integer(3)"]);
}

/// A migration that retired what an earlier one made stands under the earlier one's tombstone.
#[test]
fn tombstones_stand_on_tombstones() {
    let scene = Scene::set(SCHEMA, MOVED);
    let before = scene.rows("SELECT * FROM items ORDER BY id");
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to retired --yes");
    let file = scene.db.with_file_name("second.sql");
    std::fs::write(
        &file,
        "CREATE TABLE new.goods (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO new.goods (id, name) SELECT id, name FROM old.things;
         INSERT INTO old.things (id, name) SELECT id, name FROM new.goods;",
    )
    .unwrap();
    scene.exits(0, &format!("start {}", file.display()));
    scene.exits(0, "advance --to retired --yes");
    assert_eq!(scene.rows("SELECT * FROM items ORDER BY id"), before);
    let refused = scene.exits(3, "forget second");
    assert!(refused.stderr.contains("items"), "{}", refused.stderr);
    scene.exits(0, "forget scene");
    scene.exits(0, "forget second");
    assert_eq!(ours(&scene), [""; 0]);
}
