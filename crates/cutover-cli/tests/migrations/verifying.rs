//! What a verification counts: of a mirror that is being filled what is filled, and no row
//! twice; and all that it finds can be had, in memory that does not grow with it.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT, g INT);
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ROWS)
    INSERT INTO t SELECT id, 'row ' || id, id % 100 FROM n;";

const MIGRATION: &str = "
    CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT, g INT);
    INSERT INTO new.u (id, w, g) SELECT id, w, g FROM old.t;
    INSERT INTO old.t (id, w, g) SELECT id, w, g FROM new.u;";

/// Two tables of one, read by a list of scopes and by ranges.
const GROUPED: &str = "
    CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT, g INT);
    CREATE TABLE new.groups (g INTEGER PRIMARY KEY, n INT);
    INSERT INTO new.groups (g, n) SELECT g, count(*) FROM old.t GROUP BY g;
    INSERT INTO new.u (id, w, g) SELECT id, w, g FROM old.t;
    INSERT INTO old.t (id, w, g) SELECT id, w, g FROM new.u;";

fn scene(rows: u64, migration: &str) -> Scene {
    Scene::set(&SCHEMA.replace("ROWS", &rows.to_string()), migration)
}

/// Writes to the mirror behind the guards' back.
fn behind_the_guards(scene: &Scene, sql: &str) {
    scene.sql(&format!(
        "UPDATE _cutover_1_syncing SET depth = 1; {sql}; UPDATE _cutover_1_syncing SET depth = 0;"
    ));
}

/// Stops a backfill somewhere in the middle.
fn half_filled(scene: &Scene) {
    scene.exits(0, "start FILE --no-backfill");
    scene.exits(0, "pace --rows-per-second 4000");
    let backfill = scene.cutover.spawn(&["backfill"]);
    loop {
        let status = scene.status();
        let done = status["backfill"]["done"].as_u64().unwrap();
        if done > 1_000 {
            break;
        }
    }
    backfill.kill();
    let backfill = &scene.status()["backfill"];
    assert_eq!(backfill["complete"], false, "{backfill}");
}

#[test]
fn a_row_that_the_backfill_has_not_reached_is_no_difference() {
    for migration in [MIGRATION, GROUPED] {
        let scene = scene(20_000, migration);
        scene.exits(0, "start FILE --no-backfill");
        let report = json(&scene.exits(0, "verify --json"));
        assert_eq!((&report["ok"], &report["checked"]), (&Value::Bool(true), &0.into()));
        scene.exits(0, "abort");
        half_filled(&scene);
        let report = json(&scene.exits(0, "verify --json"));
        assert_eq!(report["ok"], true, "{report}");
        let checked = report["checked"].as_u64().unwrap();
        assert!(checked > 0, "{report}");
        // What programs write meanwhile, before and behind where it stands.
        scene.sql("UPDATE t SET w = 'changed' WHERE id IN (1, 19000); DELETE FROM t WHERE id IN (2, 19001);
                   INSERT INTO t VALUES (50000, 'new', 7)");
        scene.exits(0, "verify");
        // A row that is filled, and wrong, is found; and one that is not there is not missed.
        let (table, wrong) = if migration == MIGRATION {
            ("u", "UPDATE u SET w = 'wrong' WHERE id = 5")
        } else {
            ("groups", "UPDATE groups SET n = -1 WHERE g = 5")
        };
        behind_the_guards(&scene, wrong);
        let report = json(&scene.exits(1, "verify --json"));
        assert_eq!(
            (&report["different"], &report["missing"], &report["extra"]),
            (&1.into(), &0.into(), &0.into()),
            "{report}"
        );
        assert_eq!(report["examples"][0]["table"], table);
        scene.exits(0, "pace");
        scene.exits(0, "repair");
        scene.exits(0, "backfill");
        scene.exits(0, "verify");
    }
}

/// A row of the mirror that is wrong is wrong backward too.
#[test]
fn a_row_that_is_seen_from_both_sides_is_one_difference() {
    let scene = scene(100, MIGRATION);
    scene.exits(0, "start FILE");
    behind_the_guards(
        &scene,
        "UPDATE u SET w = 'wrong' WHERE id = 5; DELETE FROM u WHERE id = 6; INSERT INTO u VALUES (777, 'x', 1)",
    );
    for _ in 0..2 {
        let report = json(&scene.exits(1, "verify --json"));
        let counts = ["different", "missing", "extra"].map(|key| report[key].as_u64().unwrap());
        assert_eq!(counts, [1, 1, 1], "{report}");
        assert_eq!(report["examples"].as_array().unwrap().len(), 3);
    }
    assert_eq!(scene.status()["verification"]["report"]["different"], 1);
    scene.exits(0, "repair");
    scene.exits(0, "verify");
    // And with the sides swapped.
    scene.exits(0, "advance --to write-new --yes");
    behind_the_guards(&scene, "UPDATE t SET w = 'wrong' WHERE id = 5");
    let report = json(&scene.exits(1, "verify --json"));
    assert_eq!(
        (&report["different"], &report["examples"][0]["direction"]),
        (&1.into(), &"backward".into())
    );
    scene.exits(0, "repair");
    scene.exits(0, "verify");
}

#[test]
fn all_rows_that_differ_can_be_had() {
    let scene = scene(3_000, MIGRATION);
    scene.exits(0, "start FILE");
    behind_the_guards(
        &scene,
        "UPDATE u SET w = 'wrong' WHERE id % 2; DELETE FROM u WHERE id % 10 = 0",
    );
    let list = scene.db.with_file_name("differences.jsonl");
    let line = format!("verify --json --differences {}", list.display());
    let report = json(&scene.exits(1, &line));
    assert_eq!((&report["different"], &report["missing"]), (&1_500.into(), &300.into()));
    let mut keys: Vec<i64> = std::fs::read_to_string(&list)
        .unwrap()
        .lines()
        .map(|line| {
            let difference: Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (&difference["table"], &difference["direction"]),
                (&"u".into(), &"forward".into())
            );
            difference["key"]["id"].as_i64().unwrap()
        })
        .collect();
    keys.sort_unstable();
    let expected: Vec<i64> = (1..=3_000).filter(|id| id % 2 == 1 || id % 10 == 0).collect();
    assert_eq!(keys, expected);
    // With nothing to tell the file is there, and empty.
    scene.exits(0, "repair");
    scene.exits(0, &line);
    assert_eq!(std::fs::read_to_string(&list).unwrap(), "");
    let nowhere = format!("verify --differences {}/no/such", scene.db.display());
    scene.exits(1, &nowhere);
}

/// The most memory that a command took, in KiB, as the system tells it.
fn peak_kib(scene: &Scene, line: &str) -> u64 {
    let script = "import resource, subprocess, sys\n\
        subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let output = Command::new("python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_cutover")])
        .args(line.split_whitespace())
        .env("CUTOVER_DB", &scene.db)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// Five times the rows that differ take no more memory.
#[test]
fn memory_does_not_grow_with_what_differs() {
    let list = |scene: &Scene| {
        format!("verify --differences {}", scene.db.with_file_name("list").display())
    };
    let measure = |rows| {
        let scene = scene(rows, MIGRATION);
        // Wide, so that what the connections keep of the database is full with the few as well.
        scene.sql("UPDATE t SET w = printf('%0400d', id)");
        scene.exits(0, "start FILE");
        behind_the_guards(&scene, "UPDATE u SET w = 'wrong' || w");
        let verify = peak_kib(&scene, "verify");
        let all = peak_kib(&scene, &list(&scene));
        let gate = peak_kib(&scene, "advance --to read-new");
        [verify, all, gate]
    };
    let (few, many) = (measure(30_000), measure(150_000));
    for (few, many) in few.into_iter().zip(many) {
        assert!(many * 10 <= few * 13, "{few} KiB and {many} KiB");
    }
}
