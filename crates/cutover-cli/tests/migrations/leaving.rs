//! Leaving a migration: no write to the new tables is taken that would go with them, and what
//! only they hold is told, and kept.

use std::time::Duration;

use serde_json::Value;

use crate::scene::{Scene, json};

/// Old rows, and a new table with columns of its own.
fn scene(rows: u32, new: &str) -> Scene {
    let scene = Scene::set(
        &format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT);
             WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows})
             INSERT INTO users SELECT i, 'm' || i FROM c;"
        ),
        &format!(
            "CREATE TABLE new.{new} (id INTEGER PRIMARY KEY, mail TEXT, locale TEXT NOT NULL DEFAULT 'en',
                 seen INTEGER, made TEXT DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO new.{new} (id, mail) SELECT id, mail FROM old.users;
             INSERT INTO old.users (id, mail) SELECT id, mail FROM new.{new};"
        ),
    );
    scene.exits(0, "start FILE");
    scene
}

fn left(report: &Value) -> u64 {
    report["left"].as_array().unwrap().iter().map(|kept| kept["rows"].as_u64().unwrap()).sum()
}

#[test]
fn what_only_the_new_tables_hold_is_told_and_kept() {
    for (new, stored) in [("people", "people"), ("users", "_cutover_new_users")] {
        let scene = scene(50, new);
        // A column that is another value each time is none of a program's yet.
        scene.exits(0, "abort");
        scene.exits(0, "start FILE");
        scene.exits(0, "advance --to write-new");
        let mut python = scene.python();
        python.does(&format!("UPDATE {new} SET made = NULL"));
        python.does(&format!("UPDATE {new} SET locale = 'de' WHERE id = 1"));
        python.does(&format!("UPDATE {new} SET locale = 'EN', seen = 7 WHERE id = 2"));
        python.does(&format!("INSERT INTO {new} VALUES (60, 'late', 'fr', NULL, NULL)"));
        drop(python);
        scene.exits(0, "rollback --to dual-write");
        let before = scene.dump();
        let refused = scene.exits(3, "abort");
        assert!(refused.stderr.contains("3 rows"), "{}", refused.stderr);
        assert!(refused.stderr.contains("locale, seen"), "{}", refused.stderr);
        let table = |dump: &str| {
            dump.lines()
                .filter(|line| !line.contains("_cutover_lease"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(table(&scene.dump()), table(&before), "a refusal changes nothing");
        let own =
            format!("SELECT * FROM {stored} WHERE locale <> 'en' OR seen NOT NULL ORDER BY id");
        let own = scene.rows(&own);
        let report = json(&scene.exits(0, "abort --yes --json"));
        assert_eq!(left(&report), 3, "{report}");
        let kept =
            format!("SELECT id, mail, locale, seen, made FROM _cutover_kept_{new} ORDER BY id");
        assert_eq!(scene.rows(&kept), own);
        assert_eq!(scene.rows("SELECT count(*) FROM users"), ["Integer(51)"]);
        assert_eq!(
            scene.rows("SELECT name FROM sqlite_schema WHERE name GLOB '_cutover_[0-9]*'"),
            [""; 0]
        );
    }
}

#[test]
fn the_history_of_an_aborted_migration_stays() {
    let scene = scene(5, "people");
    scene.exits(0, "abort");
    let events = || -> Vec<String> {
        let history = json(&scene.exits(0, "history --json"));
        let entries = history.as_array().unwrap();
        entries.iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(events(), ["start", "backfill-complete", "abort"]);
    assert_eq!(scene.phase(), "legacy");
    // Once more, as after a crash at the very end.
    scene.exits(0, "abort");
    assert_eq!(events().len(), 3);
    // Another text under the same name is another beginning.
    let text = std::fs::read_to_string(&scene.file).unwrap();
    std::fs::write(&scene.file, text.replace("'en'", "'xx'")).unwrap();
    scene.exits(0, "start FILE");
    assert_eq!(events()[2..], ["abort", "start", "backfill-complete"]);
    assert_eq!(scene.rows("SELECT DISTINCT locale FROM people"), ["Text([120, 120])"]);
    scene.exits(0, "verify");
}

/// Killed anywhere: what is acknowledged is not dropped, and what is kept is there once.
#[test]
fn nobody_writes_to_a_table_that_goes() {
    let scene = scene(20_000, "people");
    scene.exits(0, "advance --to write-new");
    scene.python().does("UPDATE people SET made = NULL");
    scene.python().does("UPDATE people SET seen = id WHERE id % 100 = 0");
    scene.exits(0, "rollback --to dual-write");
    let mut acknowledged = Vec::new();
    for (n, delay) in [30_u64, 60, 90, 120, 150, 180, 240, 400].into_iter().enumerate() {
        let abort = scene.cutover.spawn(&["abort", "--yes"]);
        let writes = [
            format!("INSERT INTO people VALUES ({}, 'acknowledged', 'x', 1, NULL)", 90_000 + n),
            format!("UPDATE people SET mail = 'acknowledged' WHERE id = {}", 100 * n + 1),
        ];
        std::thread::sleep(Duration::from_millis(delay));
        let mut python = scene.python();
        for write in &writes {
            acknowledged.extend(python.attempt(write).is_ok().then_some(write.clone()));
        }
        let _ = abort.kill();
        for write in &writes {
            acknowledged.extend(python.attempt(write).is_ok().then_some(write.clone()));
        }
        drop(python);
        scene.python().does(&format!("INSERT INTO users VALUES ({}, 'old')", 50_000 + n));
    }
    assert_eq!(acknowledged, [""; 0]);
    scene.exits(0, "abort --yes");
    assert_eq!(scene.rows("SELECT count(*) FROM users"), ["Integer(20008)"]);
    let kept = "SELECT count(*), count(DISTINCT id), min(id = seen) FROM _cutover_kept_people";
    assert_eq!(scene.rows(kept), ["Integer(200) Integer(200) Integer(1)"]);
}
