//! What no trigger sees. Nothing can refuse it; that it is found is the gates' part, and
//! `repair`'s to fix it.

use std::process::Command;

use crate::scene::{Scene, shell};
use crate::writers::lane::{
    WRITES, assert_found_by_the_gates, assert_in_step, assert_source_is, mirrored, plain, twin,
};

#[track_caller]
fn assert_found_and_mended(scene: &Scene) {
    assert_found_by_the_gates(scene);
    scene.exits(0, "repair");
    assert_in_step(scene);
    scene.exits(0, "advance --to write-new");
}

/// `SQLITE_DBCONFIG_ENABLE_TRIGGER`.
#[test]
fn triggers_off() {
    let scene = plain();
    let file = scene.db.with_extension("script");
    std::fs::write(&file, format!(".dbconfig enable_trigger off\n{WRITES}")).unwrap();
    shell(&scene.db, &format!(".read '{}'", file.display()));
    assert_source_is(&scene, &twin(WRITES));
    assert_found_and_mended(&scene);
}

/// A trigger of the program's own that leaves out what follows it: of AFTER triggers the
/// latest runs first, and TEMP ones before all others. On the mirror, that leaves out a delete.
#[test]
fn triggers_that_ignore() {
    for (trigger, write) in [
        (
            "TEMP TRIGGER ignoring AFTER INSERT ON main.people",
            "INSERT INTO people (name) VALUES ('z')",
        ),
        ("TRIGGER ignoring AFTER UPDATE ON people", "UPDATE people SET name = 'z'"),
        ("TEMP TRIGGER ignoring BEFORE DELETE ON main.persons", "DELETE FROM people WHERE id = 3"),
    ] {
        let scene = plain();
        let script = format!(
            "CREATE {trigger} BEGIN SELECT RAISE(IGNORE); END; {write}; DROP TRIGGER ignoring"
        );
        let told = shell(&scene.db, &script);
        assert_eq!(told.stderr, "", "{trigger}");
        assert_source_is(&scene, &twin(write));
        assert_found_and_mended(&scene);
    }
}

/// One that was there when the migration started runs after the migration's own.
#[test]
fn triggers_that_ignored_before() {
    let scene = plain();
    scene.exits(0, "abort");
    scene.sql("CREATE TRIGGER ignoring AFTER INSERT ON people BEGIN SELECT RAISE(IGNORE); END");
    scene.exits(0, "start FILE");
    shell(&scene.db, WRITES);
    assert_source_is(&scene, &twin(WRITES));
    assert_in_step(&scene);
}

/// A BLOB handle writes into a row, and fires nothing.
#[test]
fn incremental_blob_writes() {
    let scene = plain();
    let script = "
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
if not hasattr(conn, 'blobopen'): sys.exit(7)
with conn.blobopen('people', 'name', 1) as blob: blob.write(b'XYZ')
conn.commit()";
    let told = Command::new("python3").args(["-c", script]).arg(&scene.db).status().unwrap();
    if told.code() == Some(7) {
        // Before Python 3.11 there is no such call.
        return;
    }
    assert!(told.success());
    let name = scene.python().does("SELECT name FROM people WHERE id = 1");
    assert_eq!(name, serde_json::json!([["XYZ"]]));
    assert_found_and_mended(&scene);
}

/// An authorizer that leaves a trigger's statement out, and a function that a mapping uses in
/// the place of SQLite's own.
#[test]
fn what_a_connection_replaces() {
    for (derived, replace, write) in [
        (
            "length(name)",
            "conn.set_authorizer(lambda action, name, *_: sqlite3.SQLITE_IGNORE
                if action == sqlite3.SQLITE_INSERT and name.startswith('_cutover_') else sqlite3.SQLITE_OK)",
            "INSERT INTO people (name) VALUES ('z')",
        ),
        (
            "trim(name)",
            "conn.create_function('trim', 1, lambda s: 'other')",
            "UPDATE people SET name = ' z ' WHERE id = 1",
        ),
    ] {
        let scene = mirrored(derived);
        let script = format!(
            "import sqlite3, sys\nconn = sqlite3.connect(sys.argv[1], isolation_level=None)\n{replace}\n\
             conn.execute(\"{write}\")"
        );
        let told = Command::new("python3").args(["-c", &script]).arg(&scene.db).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        assert_source_is(&scene, &twin(write));
        assert_found_and_mended(&scene);
    }
}

/// A program that drops our triggers as well, with or without `writable_schema`.
#[test]
fn triggers_dropped() {
    for drop in [
        "DROP TRIGGER _cutover_1_after_insert_people; DROP TRIGGER _cutover_1_after_update_people;
         DROP TRIGGER _cutover_1_after_delete_people;",
        "PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'people';
         PRAGMA writable_schema = RESET;",
    ] {
        let scene = plain();
        assert_eq!(scene.status()["drift"], serde_json::json!([]));
        shell(&scene.db, drop);
        scene.python().does("UPDATE people SET name = 'unseen'");
        let drift = scene.status()["drift"].to_string();
        assert!(drift.contains("cutover repair"), "{drift}");
        assert_found_by_the_gates(&scene);
        scene.exits(0, "repair");
        assert_eq!(scene.status()["drift"], serde_json::json!([]));
        scene.python().does("UPDATE people SET name = 'seen again'");
        assert_in_step(&scene);
    }
}
