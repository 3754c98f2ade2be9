//! Tables and triggers of other schemas that have names of ours or the application's.

use crate::scene::shell;
use crate::writers::lane::{SCHEMA, WRITES, assert_in_step, assert_source_is, plain, twin};

/// A TEMP table hides the application's own from it, and nothing from a trigger.
#[test]
fn temporary_tables() {
    let (scene, twin) = (plain(), twin(WRITES));
    let told = shell(
        &scene.db,
        &format!(
            "CREATE TEMP TABLE persons (id, mail); CREATE TEMP TABLE _cutover_1_syncing (depth);
             CREATE TEMP VIEW _cutover_1_put_persons AS SELECT 1;
             CREATE TEMP TABLE people (id, email, name, data);
             {}",
            WRITES.replace("people", "main.people")
        ),
    );
    assert_eq!(told.stderr, "");
    assert_source_is(&scene, &twin);
    assert_in_step(&scene);
}

/// The database is attached to another one that has tables of the same names.
#[test]
fn an_attached_database() {
    let (scene, twin) = (plain(), twin(WRITES));
    let other = scene.db.with_file_name("other.db");
    let told = shell(
        &other,
        &format!(
            "{SCHEMA} CREATE TABLE persons (x); CREATE TABLE _cutover_1_syncing (depth);
             ATTACH '{}' AS live; {}
             SELECT count(*) FROM main.people, main.persons;",
            scene.db.display(),
            WRITES.replace("people", "live.people")
        ),
    );
    assert_eq!((told.stdout.trim(), told.stderr.as_str()), ("0", ""));
    assert_source_is(&scene, &twin);
    assert_in_step(&scene);
}

/// A trigger of the program's own that leaves a row out, before anything of it is written.
#[test]
fn triggers_that_ignore() {
    let scene = plain();
    let ignoring = format!(
        "CREATE TEMP TRIGGER ignoring BEFORE INSERT ON main.people WHEN NEW.name = 'z'
         BEGIN SELECT RAISE(IGNORE); END; {WRITES}"
    );
    shell(&scene.db, &ignoring);
    assert_source_is(&scene, &twin(&ignoring));
    assert_in_step(&scene);
    // On the mirror: what was to be written is looked at again.
    for event in ["INSERT", "UPDATE"] {
        let scene = plain();
        let before = scene.dump();
        let told = shell(
            &scene.db,
            &format!(
                "CREATE TEMP TRIGGER ignoring BEFORE {event} ON main.persons
                 BEGIN SELECT RAISE(IGNORE); END;
                 INSERT INTO people (id, name) VALUES (1, 'z') ON CONFLICT DO UPDATE SET name = 'z';
                 INSERT INTO people (id, name) VALUES (9, 'z')",
            ),
        );
        assert!(told.stderr.contains("not what the mapping gives"), "{event}: {}", told.stderr);
        if event == "UPDATE" {
            assert_eq!(scene.dump(), before);
        }
        assert_in_step(&scene);
    }
}

/// A trigger of the program's own that writes on: to the old table, which is followed, or
/// to the new one, which is refused.
#[test]
fn triggers_that_write() {
    let scene = plain();
    let following = "CREATE TEMP TRIGGER following AFTER INSERT ON main.people
                     BEGIN UPDATE people SET name = 'changed' WHERE id = 1; END;";
    shell(&scene.db, &format!("{following} {WRITES}"));
    assert_source_is(&scene, &twin(&format!("{following} {WRITES}")));
    assert_in_step(&scene);
    let before = scene.dump();
    let told = shell(
        &scene.db,
        "CREATE TEMP TRIGGER meddling AFTER INSERT ON main.people
         BEGIN UPDATE persons SET name = 'changed' WHERE id = 2; END;
         INSERT INTO people (name) VALUES ('refused');",
    );
    assert!(told.stderr.contains("is the mirror"), "{}", told.stderr);
    assert_eq!(scene.dump(), before);
}
