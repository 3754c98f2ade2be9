//! When a side was last written.

use serde_json::Value;

use super::{later_by, now, seconds, started};
use crate::scene::{Scene, shell};

fn last(scene: &Scene) -> Value {
    let writers = &scene.status()["writers"];
    assert_eq!(writers["old"]["resolution_seconds"], 60);
    assert_eq!(writers["new"]["last"], Value::Null);
    writers["old"]["last"].clone()
}

/// Whether the last write is told within a minute of the truth.
#[track_caller]
fn is_now(scene: &Scene, what: &str) {
    let last = last(scene);
    assert!(!last.is_null(), "{what}");
    assert!((now() - 60..=now()).contains(&seconds(&last)), "{what}: {last}");
}

#[test]
fn every_kind_of_write_to_the_old_tables_is_noted_within_a_minute() {
    let scene = started();
    assert_eq!(last(&scene), Value::Null);
    let mut python = scene.python();
    for advance in [false, true] {
        if advance {
            scene.exits(0, "advance --to read-new");
        }
        for sql in [
            "INSERT INTO people VALUES (7, 'c', 'u')",
            "UPDATE people SET name = 'd' WHERE id = 7",
            "INSERT OR REPLACE INTO people VALUES (7, 'e', 'v')",
            "INSERT INTO people VALUES (7, 'f', 'v') ON CONFLICT DO UPDATE SET name = 'g'",
            "DELETE FROM people WHERE id = 7",
        ] {
            later_by(&scene, 3600);
            python.does(sql);
            is_now(&scene, sql);
        }
        later_by(&scene, 3600);
        shell(
            &scene.db,
            "DELETE FROM people WHERE id = 2; INSERT INTO people VALUES (2, 'b', 't');",
        );
        is_now(&scene, "the shell");
    }
    // A write of nothing, one that is undone, and one of ours.
    later_by(&scene, 3600);
    python.does("DELETE FROM people WHERE id = 8");
    python.does("BEGIN");
    python.does("DELETE FROM people WHERE id = 2");
    python.does("ROLLBACK");
    scene.exits(0, "repair");
    assert!(seconds(&last(&scene)) < now() - 3000);
}

#[test]
fn a_write_is_noted_once_a_minute() {
    let scene = started();
    let mut python = scene.python();
    let notes = || scene.rows("SELECT side, phase, notes FROM _cutover_seen");
    for id in 10..40 {
        python.does(&format!("INSERT INTO people VALUES ({id}, 'c', 'u')"));
    }
    let told = |n| [format!(r#"Text([111, 108, 100]) Text({:?}) Integer({n})"#, b"dual-write")];
    assert_eq!(notes(), told(1));
    later_by(&scene, 61);
    python.does("UPDATE people SET name = 'd'");
    assert_eq!(notes(), told(2));
    // A clock that was an hour fast.
    later_by(&scene, -3600);
    python.does("DELETE FROM people WHERE id > 9");
    assert_eq!(notes(), told(3));
    is_now(&scene, "the clock was set back");
}

#[test]
fn what_was_noted_stays_after_the_switch_and_goes_with_the_migration() {
    let scene = started();
    let mut python = scene.python();
    python.does("INSERT INTO people VALUES (7, 'c', 'u')");
    scene.exits(0, "advance --to write-new");
    python.does("INSERT INTO persons VALUES (8, 'd')");
    is_now(&scene, "the write before the switch");
    let text = scene.exits(0, "status").stdout;
    assert!(text.contains("old tables last written in the last 2 min; 1 process has"), "{text}");
    drop(python);
    scene.exits(0, "rollback --to dual-write");
    scene.exits(0, "abort --yes");
    assert_eq!(scene.rows("SELECT count(*) FROM _cutover_seen"), ["Integer(0)"]);
    scene.exits(0, &format!("forget {} --drop-kept --yes", crate::scene::NAME));
    assert_eq!(scene.rows("SELECT name FROM sqlite_schema WHERE name LIKE '%cutover%'"), [""; 0]);
}

/// Each side for itself: what the sync writes is no program's.
#[test]
fn where_both_sides_are_written_each_is_noted() {
    let scene = started();
    let mut python = scene.python();
    scene.exits(0, "advance --to write-both");
    let told = || {
        let writers = &scene.status()["writers"];
        ["old", "new"].map(|side| match &writers[side]["last"] {
            Value::Null => None,
            last => Some((now() - 60..=now()).contains(&seconds(last))),
        })
    };
    assert_eq!(told(), [None, None]);
    for (row, sql) in [
        ("old", "INSERT INTO people VALUES (7, 'c', 'u')"),
        ("old", "UPDATE people SET street = 'v' WHERE id = 7"),
        ("old", "DELETE FROM people WHERE id = 7"),
        ("new", "INSERT INTO persons VALUES (8, 'd')"),
        ("new", "INSERT INTO streets VALUES (8, 'x')"),
        ("new", "UPDATE streets SET street = 'y'"),
        ("new", "DELETE FROM streets WHERE person = 8"),
    ] {
        scene.sql("UPDATE _cutover_seen SET last = 0, notes = 0");
        python.does(sql);
        let old = row == "old";
        assert_eq!(told(), [old.then_some(true), (!old).then_some(true)], "{sql}");
    }
    scene.exits(0, "repair");
    later_by(&scene, 3600);
    assert_eq!(told(), [None, Some(false)]);
    // Nobody notes what programs write from here on.
    scene.exits(0, "advance --to write-new --quiet-for 0");
    assert_eq!(told(), [None, None]);
    scene.exits(0, "rollback --to write-both");
    assert_eq!(told(), [None, None]);
}

/// A migration that was started before notes were made has neither table nor triggers.
#[test]
fn a_database_of_an_older_release_gets_its_notes_by_repair() {
    let scene = started();
    scene.sql(
        "DROP TRIGGER _cutover_1_seen_insert_people; DROP TRIGGER _cutover_1_seen_update_people;
         DROP TRIGGER _cutover_1_seen_delete_people; DROP TABLE _cutover_seen;
         DROP TABLE _cutover_clients",
    );
    let mut python = scene.python();
    python.does("INSERT INTO people VALUES (7, 'c', 'u')");
    assert_eq!(last(&scene), Value::Null);
    scene.exits(0, "repair");
    python.does("INSERT INTO people VALUES (8, 'c', 'u')");
    is_now(&scene, "after the repair");
    scene.exits(0, "advance --to write-new");
}
