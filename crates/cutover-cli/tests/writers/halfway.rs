//! `RAISE(FAIL)` in an application's trigger: the statement stops, and what it did until then
//! stays. The guards must be closed afterwards, for every program, and a flag that an older
//! release left up is told and fixed.

use crate::scene::{Scene, json};

/// One row a scope, and many.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
     INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
     INSERT INTO old.t (id, w) SELECT id, w FROM new.s;",
    "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
     INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
     -- scope: w
     INSERT INTO old.t (id, w) SELECT id, w FROM new.s;",
];

fn at_write_new(migration: &str, trigger: &str) -> Scene {
    let scene = Scene::set(
        &format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
             INSERT INTO t VALUES (1, 'a'), (2, 'b');
             CREATE TRIGGER refuses {trigger} BEGIN SELECT RAISE(FAIL, 'refused'); END;"
        ),
        migration,
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to write-new");
    scene
}

#[test]
fn the_old_tables_refuse_old_programs_still() {
    for migration in MIGRATIONS {
        for (trigger, write) in [
            ("BEFORE INSERT ON t WHEN NEW.w = ''", "INSERT INTO s VALUES (3, '')"),
            ("AFTER INSERT ON t WHEN NEW.w = ''", "INSERT INTO s VALUES (3, 'c'), (4, '')"),
            ("AFTER UPDATE ON t WHEN NEW.w = ''", "UPDATE s SET w = ''"),
            ("BEFORE DELETE ON t", "DELETE FROM s"),
        ] {
            let scene = at_write_new(migration, trigger);
            let mut new = scene.python();
            let stopped = new.attempt(write);
            let mut old = scene.python();
            let same = scene.rows("SELECT * FROM t");
            // The program that was stopped, and another.
            for python in [&mut new, &mut old] {
                for write in [
                    "UPDATE t SET w = 'by an old program' WHERE id = 1",
                    "INSERT INTO t VALUES (9, 'by an old program')",
                    "DELETE FROM t WHERE id = 2",
                    "REPLACE INTO t VALUES (1, 'by an old program')",
                ] {
                    let error = python.fails(write);
                    assert!(error.contains("read-only"), "{trigger}: {error}");
                }
            }
            assert_eq!(scene.rows("SELECT * FROM t"), same, "{trigger}");
            assert_eq!(scene.rows("SELECT depth FROM _cutover_1_syncing"), ["Integer(0)"]);
            // What the statement left on one side only is no secret.
            if scene.rows("SELECT * FROM s ORDER BY id") != same {
                assert!(stopped.is_err(), "{trigger}");
                scene.exits(3, "advance --to new-only");
            }
            // Later writes pass, and reach the old table.
            new.does("INSERT INTO s VALUES (20, 'later')");
            assert_eq!(scene.rows("SELECT w = 'later' FROM t WHERE id = 20"), ["Integer(1)"]);
        }
    }
}

/// A program whose last rowid is the one that marks the sync's own writes is not the sync, once
/// it has another; and none is by what the sync did for it.
#[test]
fn what_the_sync_did_opens_nothing() {
    let scene = at_write_new(MIGRATIONS[1], "BEFORE INSERT ON t WHEN NEW.w = ''");
    let mut new = scene.python();
    new.does("INSERT INTO s VALUES (7, 'c')");
    assert_eq!(new.does("SELECT last_insert_rowid()"), serde_json::json!([[7]]));
    assert!(new.fails("UPDATE t SET w = 'x'").contains("read-only"));
}

#[test]
fn a_flag_that_is_up_is_told_and_mended() {
    let scene = at_write_new(MIGRATIONS[0], "BEFORE INSERT ON t WHEN NEW.w = ''");
    scene.sql("UPDATE _cutover_1_syncing SET depth = 1");
    scene.sql("UPDATE t SET w = 'lost' WHERE id = 1");
    let told = scene.status();
    assert!(told.to_string().contains("is still set"), "{told}");
    let repaired = json(&scene.exits(0, "repair --json"));
    assert_eq!(repaired["updated"], 1, "{repaired}");
    assert!(!scene.status().to_string().contains("is still set"));
    assert!(scene.python().fails("UPDATE t SET w = 'x'").contains("read-only"));
    scene.exits(0, "advance --to new-only");
}
