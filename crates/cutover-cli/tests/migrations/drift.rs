//! What is known to be wrong: no transition is made, `read-new` included; the fix that is told
//! works; and what was done is told as done.

use std::sync::Mutex;
use std::time::Duration;

use cutover::{AdvanceOptions, Engine, Event, Look, Options, Phase, Watch};
use rusqlite::Connection;
use serde_json::Value;

use crate::scene::{NAME, Scene, json};

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
    INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL);";

const MIGRATION: &str = "
    CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT);
    INSERT INTO new.u (id, w) SELECT id, w FROM old.t;
    INSERT INTO old.t (id, w) SELECT id, w FROM new.u;";

const IN_PLACE: &str = "
    CREATE TABLE new.t (id INTEGER PRIMARY KEY, v TEXT);
    INSERT INTO new.t (id, v) SELECT id, w FROM old.t;
    INSERT INTO old.t (id, w) SELECT id, v FROM new.t;";

/// A scene in a phase.
fn scene(migration: &str, phase: &str) -> Scene {
    scene_of(SCHEMA, migration, phase)
}

pub(crate) fn scene_of(schema: &str, migration: &str, phase: &str) -> Scene {
    let scene = Scene::set(schema, migration);
    scene.exits(0, "start FILE");
    if phase != "dual-write" {
        scene.exits(0, &format!("advance --to {phase} --yes"));
    }
    scene
}

/// Drops triggers of ours on a table.
fn drop_triggers(scene: &Scene, table: &str) {
    let sql = format!(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}' COLLATE NOCASE"
    );
    let conn = scene.conn();
    let names: Vec<String> = conn
        .prepare(&sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!names.is_empty(), "{table} has no triggers");
    for name in names {
        conn.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
}

fn actions<'v>(list: &'v Value, key: Option<&str>) -> Vec<&'v str> {
    let each = list.as_array().unwrap().iter();
    each.map(|one| key.map_or(one, |key| &one[key]).as_str().unwrap()).collect()
}

/// What stands in the way of a transition is told by `status`, and by the refusal in the same
/// words; nothing is changed.
#[track_caller]
pub(crate) fn refuses_transitions(scene: &Scene) {
    let status = scene.status();
    let (phase, blocked) = (status["phase"].clone(), &status["blocked"]);
    assert!(!status["drift"].as_array().unwrap().is_empty(), "{status}");
    for action in ["advance", "rollback"] {
        assert!(!actions(&status["allowed"], None).contains(&action), "{status}");
        let said = blocked.as_array().unwrap().iter().find(|one| one["action"] == action).unwrap();
        let line = if action == "advance" { "advance --yes --json" } else { "rollback --json" };
        let refused = json(&scene.exits(3, line));
        let reason = said["reason"].as_str().unwrap();
        let told = refused["error"].as_str().unwrap();
        // In dual-write there is nothing to roll back to, whatever else is wrong.
        if phase != "dual-write" || action == "advance" {
            assert!(told.contains(reason), "{told} does not say {reason}");
        }
    }
    assert_eq!(scene.status()["phase"], phase);
}

/// `repair` fixes it, and every transition is possible again.
#[track_caller]
fn is_mended_by_repair(scene: &Scene) {
    assert_eq!(actions(&scene.status()["next"], Some("action")), ["repair"]);
    scene.exits(0, "repair");
    assert_eq!(scene.status()["drift"], serde_json::json!([]));
    scene.exits(0, "verify");
    let back = scene.phase() != "dual-write";
    if back {
        scene.exits(0, "rollback --to dual-write");
    }
    scene.exits(0, "advance --to new-only --yes");
    scene.exits(0, "rollback --to dual-write");
    scene.exits(0, "abort");
    scene.exits(0, &format!("forget {NAME}"));
    assert_eq!(
        scene.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%cutover%'"),
        ["Integer(0)"]
    );
}

#[test]
fn missing_triggers() {
    for migration in [MIGRATION, IN_PLACE] {
        for phase in ["dual-write", "read-new"] {
            let scene = scene(migration, phase);
            drop_triggers(&scene, "t");
            scene.sql("UPDATE t SET w = 'z' WHERE id = 1; INSERT INTO t VALUES (9, 'late')");
            refuses_transitions(&scene);
            is_mended_by_repair(&scene);
            assert_eq!(scene.rows("SELECT count(*) FROM t"), ["Integer(4)"]);
        }
        let scene = scene(migration, "write-new");
        let (new, column) = if migration == MIGRATION { ("u", "w") } else { ("t", "v") };
        drop_triggers(&scene, new);
        scene.sql(&format!("UPDATE {new} SET {column} = 'z' WHERE id = 1"));
        refuses_transitions(&scene);
        is_mended_by_repair(&scene);
        assert_eq!(scene.rows("SELECT w FROM t WHERE id = 1"), ["Text([122])"]);
    }
}

/// In `new-only` neither side is a mirror; what keeps old programs out is made anew.
#[test]
fn a_freeze_that_is_gone() {
    let scene = scene(MIGRATION, "new-only");
    drop_triggers(&scene, "t");
    refuses_transitions(&scene);
    is_mended_by_repair(&scene);
}

#[test]
fn a_live_view_that_is_gone() {
    for phase in ["dual-write", "read-new", "write-new", "new-only"] {
        let scene = scene(MIGRATION, phase);
        scene.sql("DROP VIEW cutover_live_t");
        refuses_transitions(&scene);
        is_mended_by_repair(&scene);
    }
}

#[test]
fn a_table_that_was_rebuilt() {
    let scene = scene(MIGRATION, "dual-write");
    scene.sql(
        "PRAGMA legacy_alter_table = ON; CREATE TABLE t2 (id INTEGER PRIMARY KEY, w TEXT);
         INSERT INTO t2 SELECT id, w || '!' FROM t; DROP TABLE t; ALTER TABLE t2 RENAME TO t;",
    );
    refuses_transitions(&scene);
    is_mended_by_repair(&scene);
}

/// A column of the old table that came later. Dropping it is a way out, and so is leaving. One
/// of the new table is the application's own.
#[test]
fn a_column_that_was_added() {
    for phase in ["dual-write", "read-new", "write-new", "new-only"] {
        for (table, migration) in [("t", MIGRATION), ("u", MIGRATION), ("t", IN_PLACE)] {
            let before = matches!(phase, "dual-write" | "read-new");
            if !before && migration == IN_PLACE {
                continue;
            }
            let scene = scene(migration, phase);
            scene.sql(&format!("ALTER TABLE {table} ADD COLUMN phone TEXT"));
            if table == "u" {
                assert_eq!(scene.status()["drift"], serde_json::json!([]));
                scene.exits(0, "advance --to new-only --yes");
                scene.exits(0, "rollback --to dual-write");
                scene.exits(0, "verify");
                continue;
            }
            refuses_transitions(&scene);
            let next = scene.status();
            let expected = if before { vec!["abort"] } else { vec![] };
            assert_eq!(actions(&next["next"], Some("action")), expected);
            let fix = next["drift"][0]["fix"].as_str().unwrap().to_owned();
            let sql = &fix[fix.find("ALTER TABLE").unwrap()..];
            scene.sql(sql.trim_end_matches(", or leave the migration with `cutover abort`"));
            assert_eq!(scene.status()["drift"], serde_json::json!([]));
            if phase != "dual-write" {
                scene.exits(0, "rollback --to dual-write");
            }
            scene.exits(0, "advance --to new-only --yes");
        }
    }
    let scene = scene(MIGRATION, "dual-write");
    scene.sql("ALTER TABLE t ADD COLUMN phone TEXT");
    scene.exits(0, "abort");
}

/// The schema changes while the gate verifies: nothing is switched.
#[test]
fn a_schema_that_changes_while_a_gate_waits() {
    for migration in [MIGRATION, IN_PLACE] {
        let scene = scene(migration, "read-new");
        let mut waits = scene.cutover.spawn(&["advance", "--to", "write-new", "--when-told"]);
        loop {
            let status = scene.status();
            if status["work"]["waiting"] == "postponed" {
                break;
            }
            assert!(waits.is_running(), "{status}");
        }
        scene.sql("ALTER TABLE t ADD COLUMN phone TEXT");
        scene.exits(0, "unpostpone");
        let outcome = waits.wait(std::time::Duration::from_secs(60)).exits(3);
        assert!(outcome.stderr.contains("t.phone was added"), "{}", outcome.stderr);
        assert_eq!(scene.phase(), "read-new");
    }
}

/// The flag of the sync, up outside of a statement: told, and put down by whatever comes next.
#[test]
fn a_flag_that_was_left_up() {
    let commands = [
        ("dual-write", "advance --to read-new"),
        ("read-new", "advance --to write-new --yes"),
        ("read-new", "rollback"),
        ("write-new", "advance --to new-only --yes"),
        ("write-new", "rollback"),
        ("dual-write", "repair"),
        ("write-new", "repair"),
    ];
    for (phase, command) in commands {
        let scene = scene(MIGRATION, phase);
        scene.sql("UPDATE _cutover_1_syncing SET depth = 1");
        let status = scene.status();
        let reason = status["drift"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("still set"), "{reason}");
        assert_eq!(actions(&status["next"], Some("action")), ["repair"]);
        scene.exits(0, command);
        assert_eq!(scene.status()["drift"], serde_json::json!([]), "{command} in {phase}");
    }
}

/// A row that was written into a mirror while its guards were open is found by the gate.
#[test]
fn read_new_verifies_what_it_lets_be_read() {
    let scene = scene(MIGRATION, "dual-write");
    scene.sql(
        "UPDATE _cutover_1_syncing SET depth = 1; UPDATE u SET w = 'wrong' WHERE id = 1;
               UPDATE _cutover_1_syncing SET depth = 0;",
    );
    let refused = scene.exits(3, "advance --to read-new");
    assert!(refused.stderr.contains("id = 1"), "{}", refused.stderr);
    assert_eq!(actions(&scene.status()["next"], Some("action")), ["repair"]);
    scene.exits(0, "repair");
    scene.exits(0, "advance --to read-new");
    assert_eq!(scene.rows("SELECT * FROM cutover_live_t"), scene.rows("SELECT * FROM t"));
}

/// A statement of the schema that SQLite can't read is named, and no backup is asked for.
#[test]
fn a_schema_that_cant_be_read_is_no_damaged_database() {
    let scene = scene(MIGRATION, "dual-write");
    scene.sql(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
         VALUES ('trigger', 'odd (one)', 't', 0, 'CREATE TRIGGER \"odd (one)\" AFTER INSERT ON t BEGIN SELEKT 1; END')",
    );
    for command in ["status", "advance", "verify", "repair", "abort"] {
        let outcome = scene.exits(5, command);
        assert!(outcome.stderr.contains("odd (one)"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("damaged:") && !outcome.stderr.contains("backup"));
    }
}

/// Takes the lock as soon as a transition is made, and keeps it.
struct TakesTheLock(Connection);

impl Watch for TakesTheLock {
    fn event(&mut self, _: &Event) {}

    fn after(&mut self, _: Phase, _: Look<'_>) {
        if self.0.is_autocommit() {
            self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
    }
}

/// The phase is entered, and then the lease can't be given back: a program holds the lock. That
/// is told, and is no failure; whoever tries again would go one phase too far.
#[test]
fn what_was_done_is_done_though_the_lease_cant_be_given_back() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let steps = [
        ("dual-write", Phase::ReadNew),
        ("read-new", Phase::WriteNew),
        ("write-new", Phase::NewOnly),
    ];
    for (before, to) in steps {
        for back in [false, true] {
            let scene = scene(MIGRATION, if back { to.name() } else { before });
            let mut options = Options::default();
            options.busy_timeout = Duration::from_millis(100);
            options.warn = |text| SAID.lock().unwrap().push(text.to_owned());
            let mut engine = Engine::open(&scene.db, options).unwrap();
            let mut watch = TakesTheLock(scene.conn());
            let report = if back {
                engine.rollback(NAME, None, &mut watch)
            } else {
                let options = AdvanceOptions { to: Some(to), ..AdvanceOptions::default() };
                engine.advance(NAME, &options, &mut watch)
            };
            let entered = report.unwrap().to;
            let said = std::mem::take(&mut *SAID.lock().unwrap());
            assert!(
                said.iter().any(|text| text.contains("the lease could not be released")),
                "{said:?}"
            );
            watch.0.execute_batch("ROLLBACK").unwrap();
            assert_eq!(engine.phase(NAME).unwrap(), entered);
            assert_eq!(entered.name(), if back { before } else { to.name() });
        }
    }
}

/// In the middle of a backfill some new tables are filled, and others follow them by triggers.
#[test]
fn what_follows_a_filled_table_is_missed_in_the_middle_of_a_backfill() {
    let scene = Scene::set(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, city TEXT NOT NULL, name TEXT);
         CREATE INDEX people_city ON people (city);
         WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4000)
         INSERT INTO people SELECT i, 'city ' || (i % 20), 'n' || i FROM c;",
        "CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TABLE new.members (id INTEGER PRIMARY KEY, city_id INTEGER NOT NULL REFERENCES cities (id), name TEXT);
         INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.people;
         INSERT INTO new.members (id, city_id, name)
           SELECT p.id, c.id, p.name FROM old.people AS p JOIN new.cities AS c ON c.name = p.city;
         INSERT INTO old.people (id, city, name)
           SELECT m.id, c.name, m.name FROM new.members AS m JOIN new.cities AS c ON c.id = m.city_id;",
    );
    scene.exits(0, "start FILE --no-backfill");
    scene.exits(0, "pace --rows-per-second 1500");
    let backfill = scene.cutover.spawn(&["backfill"]);
    let began = std::time::Instant::now();
    let half = "SELECT 1 FROM _cutover_passes WHERE target = 'cities' AND complete
                AND EXISTS (SELECT 1 FROM _cutover_passes WHERE NOT complete AND done > 0)";
    while scene.rows(half).is_empty() {
        assert!(began.elapsed() < std::time::Duration::from_secs(120), "it never came so far");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let _ = backfill.kill();
    scene.exits(0, "pace --own");
    let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
    let on_cities = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'cities'
                     AND name NOT LIKE '%guard%' ORDER BY name";
    let (all, leading) = (scene.rows(triggers), names(&scene, on_cities));
    assert!(!leading.is_empty());
    assert!(scene.status()["drift"].as_array().unwrap().is_empty());
    scene.exits(0, "advance --to read-new");
    assert_eq!(scene.rows(triggers), all);
    scene.sql(&format!("DROP TRIGGER {}", leading[0]));
    assert!(!scene.status()["drift"].as_array().unwrap().is_empty());
    scene.exits(0, "repair");
    assert_eq!(scene.rows(triggers), all);
    scene.exits(0, "backfill");
    scene.exits(0, "verify");
    assert_eq!(scene.rows(triggers), all);
}

fn names(scene: &Scene, sql: &str) -> Vec<String> {
    let conn = scene.conn();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}
