//! Mappings whose scope is of one table and whose rows depend on several others: on what
//! isn't there, and on the same table in two places.

use testkit::compare::{Rows, assert_same};

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE cities (id INTEGER PRIMARY KEY);
    CREATE TABLE items (id INTEGER PRIMARY KEY, city INTEGER);
    CREATE INDEX items_city ON items (city);
    CREATE TABLE links (item INTEGER PRIMARY KEY, city INTEGER);
    CREATE INDEX links_city ON links (city);
    INSERT INTO cities VALUES (1), (2), (3), (4);
    INSERT INTO items VALUES (1, 1), (2, 1), (3, 2), (4, NULL), (5, 3);
    INSERT INTO links VALUES (2, 3), (5, 3);";

/// A new table, its columns, and the SELECT behind it; all of the scope `city`.
const MAPPINGS: &[(&str, &str, &str)] = &[
    // Those without a link: the join after the optional one asks for what isn't there.
    (
        "unlinked",
        "city, item",
        "SELECT c.id, i.id FROM old.items i LEFT JOIN old.links l ON l.item = i.id
         JOIN old.cities c ON c.id = i.city AND l.item IS NULL",
    ),
    // What depends on the optional one is optional itself, and asked for as well.
    (
        "unmet",
        "city, item",
        "SELECT c.id, i.id FROM old.items i LEFT JOIN old.links l ON l.item = i.id
         LEFT JOIN old.items j ON j.city = l.city AND j.id <> i.id
         JOIN old.cities c ON c.id = i.city AND (j.id IS NULL OR l.city = 4)
         WHERE j.id IS NULL",
    ),
    // Pairs, each row with itself as well.
    (
        "pairs",
        "city, item, other",
        "SELECT c.id, i.id, j.id FROM old.cities c JOIN old.items i ON i.city = c.id JOIN old.items j ON j.city = c.id",
    ),
    // Those with no other of a greater id: the table once for sure and once not.
    (
        "lasts",
        "city, item",
        "SELECT c.id, i.id FROM old.cities c JOIN old.items i ON i.city = c.id
         LEFT JOIN old.items j ON j.city = i.city AND j.id > i.id WHERE j.id IS NULL",
    ),
];

const STATEMENTS: &[&str] = &[
    "INSERT OR IGNORE INTO links VALUES (1, 3)",
    "INSERT OR IGNORE INTO links VALUES (3, 4), (4, 1)",
    "UPDATE links SET city = 1",
    "UPDATE OR REPLACE links SET item = item % 4 + 1 WHERE item < 4",
    "INSERT OR IGNORE INTO items VALUES (6, 2), (7, 2), (0, 1)",
    "DELETE FROM items WHERE id IN (1, 5)",
    "UPDATE items SET city = 4 WHERE id IN (2, 6)",
    "UPDATE items SET city = 1",
    "REPLACE INTO items VALUES (7, 3), (3, NULL)",
    "REPLACE INTO links VALUES (7, 3), (6, 3)",
    "UPDATE OR REPLACE items SET id = 7 WHERE id = 6",
    "UPDATE items SET id = id + 100 WHERE city = 1",
    "DELETE FROM links WHERE city = 3",
    "DELETE FROM cities WHERE id = 1",
    "INSERT OR IGNORE INTO cities VALUES (1)",
    "DELETE FROM items",
    "INSERT OR IGNORE INTO items VALUES (1, 1), (2, 1), (3, 1)",
    "DELETE FROM items WHERE id <> 2",
    "DELETE FROM items",
];

fn migration() -> String {
    let mut text = String::from(
        "CREATE TABLE new.things (id INTEGER PRIMARY KEY, city INTEGER);
         INSERT INTO new.things (id, city) SELECT id, city FROM old.items;
         INSERT INTO old.items (id, city) SELECT id, city FROM new.things;\n",
    );
    for (table, columns, select) in MAPPINGS {
        let declared = columns.replace(',', " INTEGER NOT NULL,");
        text += &format!(
            "CREATE TABLE new.{table} ({declared} INTEGER NOT NULL, PRIMARY KEY ({columns}));
             CREATE INDEX new.{table}_item ON {table} (item);
             -- scope: city\nINSERT INTO new.{table} ({columns}) {select};\n"
        );
    }
    // The file is read from the top: what is filled must have been created.
    let (create, fill): (Vec<&str>, Vec<&str>) =
        text.split_inclusive(";\n").partition(|statement| statement.contains("CREATE"));
    create.concat() + &fill.concat()
}

#[test]
fn what_several_tables_say_together() {
    let scene = Scene::set(SCHEMA, &migration());
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    for recursive in [0, 1] {
        python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
        for statement in STATEMENTS {
            python.does(statement);
            let conn = scene.conn();
            for (table, columns, select) in MAPPINGS {
                let (select, mirror) =
                    (select.replace("old.", ""), format!("SELECT {columns} FROM {table}"));
                assert_same(
                    statement,
                    Rows { name: "the mapping", conn: &conn, sql: &select },
                    Rows { name: table, conn: &conn, sql: &mirror },
                );
            }
        }
    }
    assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
}
