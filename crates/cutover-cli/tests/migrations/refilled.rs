//! After a rollback to the old tables the new ones still hold rows that these don't give. Until
//! they are filled again such a row is in nobody's way: neither in an old program's nor in the
//! filling's.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::scene::Scene;

/// Keys of every kind, and a target of each form that has such: one row for each old one, and
/// several.
const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, p TEXT, x TEXT, n INTEGER CHECK (n < 5000));
    CREATE UNIQUE INDEX t_p ON t (p) WHERE n > 10;
    CREATE UNIQUE INDEX t_x ON t (lower(x));
    CREATE TABLE pair (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT UNIQUE, n INTEGER CHECK (n < 5000));
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
    INSERT INTO t SELECT i, 'u' || i, 'p' || i, 'x' || i, i FROM c;
    INSERT INTO pair SELECT id, 'a' || id, 'b' || id, n FROM t;";

const MIGRATION: &str = "
    CREATE TABLE new.s (id INTEGER PRIMARY KEY, u TEXT UNIQUE, p TEXT, x TEXT, n INTEGER);
    CREATE UNIQUE INDEX new.s_p ON s (p) WHERE n > 10;
    CREATE UNIQUE INDEX new.s_x ON s (lower(x));
    INSERT INTO new.s (id, u, p, x, n) SELECT id, u, p, x, n FROM old.t;
    INSERT INTO old.t (id, u, p, x, n) SELECT id, u, p, x, n FROM new.s;
    CREATE TABLE new.part (id INTEGER, side INTEGER, v TEXT, n INTEGER, PRIMARY KEY (id, side), UNIQUE (side, v));
    INSERT INTO new.part (id, side, v, n) SELECT id, 0, a, n FROM old.pair UNION ALL SELECT id, 1, b, n FROM old.pair;
    INSERT INTO old.pair (id, a, b, n)
      SELECT l.id, l.v, r.v, l.n FROM new.part AS l JOIN new.part AS r ON r.id = l.id AND r.side = 1 AND r.n IS l.n
      WHERE l.side = 0;";

/// New programs give rows other values, of which the old tables can't hold every second one, and
/// take the third out.
const NEW_PROGRAMS: &str = "
    UPDATE s SET u = 'v' || id, p = 'q' || id, x = 'y' || id, n = n + 9000 * (id % 2 = 0);
    UPDATE part SET v = 'w' || v, n = n + 9000 * (id % 2 = 0);
    DELETE FROM s WHERE id % 3 = 0;
    DELETE FROM part WHERE id % 3 = 0";

/// What old programs write then: the values of rows that stand in the new tables alone.
fn old_programs() -> Vec<String> {
    let mut all = Vec::new();
    for n in (2..1990).step_by(60) {
        // Rows that the new tables hold, and the old ones don't, or hold otherwise.
        let [one, two, three, four] = [n, n + 2, n + 8, n + 12];
        let free = 100_000 + n;
        all.extend([
            format!("INSERT INTO t VALUES ({free}, 'v{one}', 'z{one}', 'z{one}', 1)"),
            format!(
                "INSERT OR IGNORE INTO t VALUES ({}, 'z{two}', 'q{two}', 'k{two}', 11)",
                free + 1
            ),
            format!(
                "INSERT OR REPLACE INTO t VALUES ({}, 'm{three}', 'm{three}', 'Y{three}', 1)",
                free + 2
            ),
            format!(
                "UPDATE t SET u = 'v{four}', p = 'q{four}', x = 'y{four}', n = 12 WHERE id = {}",
                n + 5
            ),
            format!("INSERT INTO pair VALUES ({free}, 'wa{one}', 'wb{two}', 1)"),
            format!(
                "UPDATE OR REPLACE pair SET a = 'wa{three}', b = 'wb{three}' WHERE id = {}",
                n + 5
            ),
            format!("DELETE FROM pair WHERE id = {}", n + 11),
            format!("INSERT INTO pair VALUES ({}, 'wb{four}', 'wa{four}', 1)", free + 1),
        ]);
    }
    all
}

/// The rows of the old tables, and of the new ones as the mapping gives them.
const OLD: &str = "SELECT 't', id, u, p, x, n FROM t UNION ALL SELECT 'pair', id, a, b, NULL, n FROM pair ORDER BY 1, 2";
const NEW: &str = "SELECT 't', id, u, p, x, n FROM s UNION ALL
    SELECT 'pair', l.id, l.v, r.v, NULL, l.n FROM part AS l JOIN part AS r ON r.id = l.id AND r.side = 1 WHERE l.side = 0
    ORDER BY 1, 2";

fn is_in_nobodys_way(finish: &[&str]) {
    let scene = Scene::set(SCHEMA, MIGRATION);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.sql(NEW_PROGRAMS);
    let new = scene.rows(NEW);
    scene.exits(0, "rollback --to write-new");
    scene.exits(0, "pace --rows-per-second 1000");
    let rollback = scene.cutover.spawn(&["rollback", "--to", "read-new"]);
    let began = Instant::now();
    let under_way = "SELECT 1 FROM _cutover_migrations WHERE pending = 'tidy'
                     AND EXISTS (SELECT 1 FROM _cutover_passes WHERE done BETWEEN 20 AND 600)";
    while scene.rows(under_way).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(120), "it never came so far");
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = rollback.kill();
    scene.exits(0, "pace --own");
    // The twin: what the old tables hold, and nothing of ours.
    let twin = Connection::open_in_memory().unwrap();
    twin.execute_batch(&SCHEMA[..SCHEMA.find("WITH").unwrap()]).unwrap();
    twin.execute("ATTACH ? AS live", [scene.db.to_str().unwrap()]).unwrap();
    twin.execute_batch(
        "INSERT INTO t SELECT * FROM live.t; INSERT INTO pair SELECT * FROM live.pair; DETACH live",
    )
    .unwrap();
    let kept = "SELECT 's', id, NULL, u FROM _cutover_kept_s UNION ALL SELECT 'part', id, side, v FROM _cutover_kept_part ORDER BY 1, 2, 3";
    let aside = scene.rows(kept);
    assert!(aside.len() > 1500, "{}", aside.len());
    let mut program = scene.python();
    for sql in old_programs() {
        twin.execute_batch(&sql).unwrap_or_else(|error| panic!("the twin: {sql}: {error}"));
        program.attempt(&sql).unwrap_or_else(|refused| panic!("{sql}: {refused}"));
    }
    for line in finish {
        scene.exits(0, line);
    }
    let told = scene.exits(0, "verify").stdout;
    assert!(!told.contains("only the rows filled"), "{told}");
    let old = scene.rows(OLD);
    assert_eq!(scene.rows(NEW), old);
    assert_eq!(crate::scene::rows(&twin, OLD), old);
    assert!(new.len() > 2000);
    assert_eq!(scene.rows(kept), aside);
    let open = "SELECT 1 FROM _cutover_kept_s WHERE _kept_at IS NULL UNION ALL SELECT 1 FROM _cutover_kept_part WHERE _kept_at IS NULL";
    assert_eq!(scene.rows(open), [""; 0], "not settled");
    assert_eq!(scene.rows("SELECT 1 FROM _cutover_migrations WHERE pending IS NOT NULL"), [""; 0]);
    // No trigger makes room any longer: what is refused is refused again.
    let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%DELETE FROM \"s\" WHERE (\"s\"%IN (SELECT%'";
    assert_eq!(scene.rows(triggers), [""; 0]);
    scene.exits(0, "advance --to write-new");
    scene.python().does("UPDATE s SET u = 'last' WHERE id = 1");
    scene.exits(0, "verify");
}

#[test]
fn by_the_rollback() {
    is_in_nobodys_way(&["rollback"]);
}

#[test]
fn by_a_backfill() {
    is_in_nobodys_way(&["backfill"]);
}

#[test]
fn by_a_rollback_further_on() {
    is_in_nobodys_way(&["rollback --to dual-write"]);
}

/// A row that the old table keeps as it was, because its new version can't be held there, may
/// be in the way of another. What is left to do is not forgotten on the way to dual-write.
#[test]
fn what_could_not_be_filled_is_finished_once_it_can() {
    let scene = Scene::set(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n INTEGER CHECK (n < 5000));
         INSERT INTO t VALUES (1, 'a', 1), (2, 'c', 2), (3, 'd', 3);",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, v TEXT UNIQUE, n INTEGER);
         INSERT INTO new.s (id, v, n) SELECT id, v, n FROM old.t;
         INSERT INTO old.t (id, v, n) SELECT id, v, n FROM new.s;",
    );
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.python().does("UPDATE s SET v = 'b', n = 9000 WHERE id = 1");
    scene.python().does("UPDATE s SET v = 'a' WHERE id = 2");
    let told = scene.exits(0, "rollback --to dual-write").stdout;
    assert!(told.contains("not filled: two rows of s would have the same v"), "{told}");
    assert_eq!(scene.phase(), "dual-write");
    let refused = scene.exits(3, "backfill").stderr;
    assert!(refused.contains("id = 1") && refused.contains("id = 2"), "{refused}");
    scene.exits(3, "advance --to write-new");
    // Old programs go on meanwhile, and one of them ends it.
    scene.python().does("INSERT INTO t VALUES (4, 'b', 4)");
    scene.python().does("UPDATE t SET v = 'z' WHERE id = 1");
    scene.exits(0, "backfill");
    assert_eq!(scene.rows("SELECT * FROM s"), scene.rows("SELECT * FROM t"));
    let kept = "SELECT id, v, n, _kept_at IS NULL FROM _cutover_kept_s ORDER BY id";
    assert_eq!(scene.rows(kept), scene.rows("SELECT 1, 'b', 9000, 0"));
    assert!(scene.rows("SELECT 1 FROM sqlite_schema WHERE name = '_cutover_kept_t'").is_empty());
    scene.exits(0, "verify");
    scene.exits(0, "advance --to write-new");
}
