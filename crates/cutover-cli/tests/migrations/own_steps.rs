//! What a migration does to the schema itself is no drift of the schema under it.

use cutover::{Engine, Options};

use crate::migrations::drift::{refuses_transitions, scene_of};
use crate::scene::{NAME, Scene};

/// What a table says that only its author's definition of it tells, or that an index of ours
/// serves, moved and in place: `@` begins the names that are new where the table moves.
const OWN_STEPS: &[(&str, &str)] = &[
    // A foreign key from the table to itself, by which a REPLACE takes other rows along.
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE, w TEXT UNIQUE);
         INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES @t (id) ON DELETE CASCADE, v TEXT UNIQUE);
         INSERT INTO new.@t (id, up, v) SELECT id, up, w FROM old.t;
         INSERT INTO old.t (id, up, w) SELECT id, up, v FROM new.@t;",
    ),
    // The same on the old side alone, and on the new side alone.
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE, w TEXT UNIQUE);
         INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, up INTEGER, v TEXT UNIQUE);
         INSERT INTO new.@t (id, up, v) SELECT id, up, w FROM old.t;
         INSERT INTO old.t (id, up, w) SELECT id, up, v FROM new.@t;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER, w TEXT UNIQUE);
         INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES @t (id) ON DELETE CASCADE, v TEXT UNIQUE);
         INSERT INTO new.@t (id, up, v) SELECT id, up, w FROM old.t;
         INSERT INTO old.t (id, up, w) SELECT id, up, v FROM new.@t;",
    ),
    // Two tables that refer to each other, and one that stays.
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER REFERENCES k (id), w TEXT UNIQUE);
         CREATE TABLE k (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON UPDATE CASCADE, n TEXT);
         CREATE TABLE stays (id INTEGER PRIMARY KEY, t INTEGER REFERENCES k ON DELETE SET NULL);
         INSERT INTO t VALUES (1, NULL, 'a'), (2, NULL, 'b'); INSERT INTO k VALUES (1, 2, 'n');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, k INTEGER, v TEXT UNIQUE);
         CREATE TABLE new.@k (id INTEGER PRIMARY KEY, t INTEGER REFERENCES @t (id), m TEXT);
         INSERT INTO new.@t (id, k, v) SELECT id, k, w FROM old.t;
         INSERT INTO old.t (id, k, w) SELECT id, k, v FROM new.@t;
         INSERT INTO new.@k (id, t, m) SELECT id, t, n FROM old.k;
         INSERT INTO old.k (id, t, n) SELECT id, t, m FROM new.@k;",
    ),
    // Lookups by columns that have no index, on both sides.
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, city TEXT, w TEXT);
         INSERT INTO t VALUES (1, 'Oslo', 'a'), (2, 'Rome', 'b');",
        "CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TABLE new.@t (id INTEGER PRIMARY KEY, city_id INTEGER, city TEXT, v TEXT);
         INSERT INTO new.cities (name) SELECT DISTINCT s.city FROM old.t AS s WHERE s.city IS NOT NULL;
         INSERT INTO new.@t (id, city_id, v) SELECT s.id, c.id, s.w FROM old.t AS s LEFT JOIN new.cities AS c ON c.name = s.city;
         INSERT INTO old.t (id, city, w) SELECT s.id, c.name, s.v FROM new.@t AS s LEFT JOIN new.cities AS c ON c.id = s.city_id;",
    ),
    // Words and names of its own in a definition: the mirror's has another name, and no keys.
    (
        "CREATE TABLE checks (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER REFERENCES checks (id), w TEXT);
         INSERT INTO t VALUES (1, NULL, 'a');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, c INTEGER, v TEXT);
         INSERT INTO new.@t (id, c, v) SELECT id, c, w FROM old.t;
         INSERT INTO old.t (id, c, w) SELECT id, c, v FROM new.@t;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, w TEXT, twice AS (n * 2), CHECK (t.n > 0));
         CREATE UNIQUE INDEX t_w ON t (w) WHERE n > 5; CREATE UNIQUE INDEX t_e ON t (lower(w), twice);
         INSERT INTO t (n, w) VALUES (1, 'a'), (7, 'b');",
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, n INTEGER CHECK (@t.n > 0), v TEXT);
         INSERT INTO new.@t (id, n, v) SELECT id, n, w FROM old.t;
         INSERT INTO old.t (id, n, w) SELECT id, n, v FROM new.@t;",
    ),
    // Keys in an order, REPLACE by default, and none but the rowid hidden.
    (
        "CREATE TABLE t (a TEXT, b INTEGER, w TEXT UNIQUE ON CONFLICT REPLACE, UNIQUE (b, a), PRIMARY KEY (a, b)) WITHOUT ROWID;
         INSERT INTO t VALUES ('a', 1, 'x'), ('b', 2, NULL);",
        "CREATE TABLE new.@t (a TEXT, b INTEGER, v TEXT UNIQUE, PRIMARY KEY (b, a));
         CREATE UNIQUE INDEX new.@ti ON @t (v, a);
         INSERT INTO new.@t (a, b, v) SELECT a, b, w FROM old.t;
         INSERT INTO old.t (a, b, w) SELECT a, b, v FROM new.@t;",
    ),
];

/// What a migration does itself is no drift, in no phase and on no way there; nor is what
/// SQLite does to a schema without a change of it.
#[test]
fn nothing_that_a_migration_does_itself() {
    let walk = [
        "advance --to read-new",
        "advance --to write-new --yes",
        "rollback --to read-new",
        "advance --to write-new --yes",
        "advance --to new-only --yes",
        "rollback --to write-new",
        "advance --to new-only --yes",
        "rollback --to dual-write",
    ];
    for (schema, migration) in OWN_STEPS {
        for at in ["new_", ""] {
            let scene = Scene::set(schema, &migration.replace('@', at));
            let is_as_it_was = |step: &str| {
                for done in ["", "VACUUM; ANALYZE; REINDEX"] {
                    scene.sql(done);
                    let engine = Engine::open(&scene.db, Options::default()).unwrap();
                    let drift = engine.snapshot(NAME).unwrap().drift;
                    assert_eq!(drift, [], "{step}, {done}: {at} {migration}");
                }
            };
            scene.exits(0, "start FILE --no-backfill");
            is_as_it_was("start");
            scene.exits(0, "backfill");
            is_as_it_was("backfill");
            for step in walk {
                scene.exits(0, step);
                is_as_it_was(step);
            }
        }
    }
}

/// An index of ours that is dropped is missed in each phase that has a sync, under whichever
/// name its table lies, and made anew.
#[test]
fn an_index_of_ours_that_is_gone() {
    let (schema, migration) = OWN_STEPS[4];
    for phase in ["dual-write", "read-new", "write-new"] {
        for at in ["new_", ""] {
            let scene = scene_of(schema, &migration.replace('@', at), phase);
            let ours = "SELECT name FROM sqlite_schema WHERE type = 'index' AND substr(name, 1, 14) = '_cutover_1_ix_' ORDER BY name";
            let before = scene.rows(ours);
            assert!(before.len() > 1, "{before:?}");
            let names: Vec<String> = {
                let conn = scene.conn();
                let mut read = conn.prepare(ours).unwrap();
                read.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
            };
            for name in names {
                scene.sql(&format!("DROP INDEX \"{name}\""));
                refuses_transitions(&scene);
                scene.exits(0, "repair");
                assert_eq!(scene.rows(ours), before, "{phase}");
            }
            scene.exits(0, "advance --to new-only --yes");
            scene.exits(0, "rollback --to dual-write");
        }
    }
}

/// Another migration of the same database gives and takes foreign keys too: to the tables of
/// this one.
#[test]
fn nothing_that_a_migration_beside_it_does() {
    const SCHEMA: &str = "
        CREATE TABLE c (id INTEGER PRIMARY KEY, o INTEGER REFERENCES o ON DELETE SET NULL, w TEXT UNIQUE);
        CREATE TABLE o (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c ON DELETE CASCADE, w TEXT UNIQUE);
        INSERT INTO c VALUES (1, NULL, 'a'), (2, NULL, 'b'); INSERT INTO o VALUES (1, 2, 'n');";
    let of = |table: &str, other: &str, new: &str, key: &str| {
        format!(
            "CREATE TABLE new.{new}{table} (id INTEGER PRIMARY KEY, {other} INTEGER {key}, v TEXT UNIQUE);
             INSERT INTO new.{new}{table} (id, {other}, v) SELECT id, {other}, w FROM old.{table};
             INSERT INTO old.{table} (id, {other}, w) SELECT id, {other}, v FROM new.{new}{table};"
        )
    };
    for (first, second, key) in [
        ("new_", "new_", ""),
        ("", "new_", ""),
        ("", "", ""),
        ("", "", "REFERENCES c"),
        ("new_", "new_", "REFERENCES c"),
    ] {
        for phase in ["dual-write", "write-new"] {
            let scene = Scene::set(SCHEMA, &of("c", "o", first, ""));
            scene.exits(0, "start FILE");
            if phase != "dual-write" {
                scene.exits(0, &format!("advance --to {phase} --yes"));
            }
            let file = scene.file.with_file_name("beside.sql");
            std::fs::write(&file, of("o", "c", second, key)).unwrap();
            let undrifted = |step: &str| {
                let engine = Engine::open(&scene.db, Options::default()).unwrap();
                for name in [NAME, "beside"] {
                    let drift = engine.snapshot(name).unwrap().drift;
                    assert_eq!(
                        drift,
                        [],
                        "{name}, in {phase}: {step} of {first:?} {second:?} {key}"
                    );
                }
            };
            scene.exits(0, &format!("start {}", file.display()));
            undrifted("start");
            for step in [
                "advance --to read-new",
                "advance --to write-new --yes",
                "rollback --to dual-write",
                "advance --to new-only --yes",
                "rollback --to dual-write",
            ] {
                scene.exits(0, &format!("{step} --migration beside"));
                undrifted(step);
            }
            scene.exits(0, "abort --migration beside");
            let drift = scene.exits(0, &format!("status --json --migration {NAME}"));
            assert_eq!(crate::scene::json(&drift)["drift"], serde_json::json!([]), "abort");
        }
    }
}
