//! Triggers and views are taken away and put up in one go: what that leaves in the schema is what
//! the statements would have left, one by one; every program sees it in its next statement; and a
//! switch changes the schema as often for many tables as for few.

use rusqlite::Connection;
use testkit::cases;

use super::stage::Stage;
use crate::scene::Scene;

/// Every transition that there is, and what interrupts none of them.
const WAY: [&[&str]; 11] = [
    &["start"],
    &["advance"],
    &["rollback"],
    &["advance", "--to", "write-new", "--yes"],
    &["rollback"],
    &["advance", "--to", "write-new", "--yes"],
    &["advance", "--to", "new-only", "--yes"],
    &["rollback"],
    &["rollback", "--to", "dual-write"],
    &["repair"],
    &["abort", "--yes"],
];

/// The triggers and views of a schema, in their order.
fn written(conn: &Connection) -> Vec<(String, String, String, Option<i64>, String)> {
    let sql = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema \
               WHERE type IN ('trigger', 'view') ORDER BY rowid";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_schema_is_what_the_statements_would_leave() {
    for case in cases::ALL {
        let stage = Stage::set(*case, 12);
        for step in WAY {
            stage.run(&stage.arguments(step));
            let live = Connection::open(&stage.db).unwrap();
            let there = written(&live);
            let copy = stage.db.with_extension("copy");
            live.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
            let by_statements = Connection::open(&copy).unwrap();
            for (kind, name, ..) in &there {
                by_statements.execute_batch(&format!("DROP {kind} IF EXISTS \"{name}\"")).unwrap();
            }
            assert_eq!(written(&by_statements), []);
            // Views first: some triggers are on them. Nothing is on a trigger.
            for (_, name, _, _, sql) in &there {
                let made = by_statements.execute_batch(sql);
                made.unwrap_or_else(|error| panic!("{} {step:?} {name}: {error}", case.name));
            }
            assert_eq!(there, written(&by_statements), "{} after {step:?}", case.name);
            std::fs::remove_file(copy).unwrap();
            stage.judge(&step.join(" "));
        }
    }
}

/// Tables of one shape, each copied into another.
fn tables(number: usize) -> Scene {
    let (mut schema, mut migration, mut mappings) = (String::new(), String::new(), String::new());
    for n in 0..number {
        schema += &format!(
            "CREATE TABLE t{n} (id INTEGER PRIMARY KEY, w TEXT); INSERT INTO t{n} VALUES (1, 'a');"
        );
        migration += &format!("CREATE TABLE new.s{n} (id INTEGER PRIMARY KEY, w TEXT);\n");
        mappings += &format!(
            "INSERT INTO new.s{n} (id, w) SELECT id, w FROM old.t{n};\n\
             INSERT INTO old.t{n} (id, w) SELECT id, w FROM new.s{n};\n"
        );
    }
    Scene::set(&schema, &(migration + &mappings))
}

#[test]
fn a_switch_changes_the_schema_as_often_for_many_tables_as_for_few() {
    let (few, many) = (tables(2), tables(9));
    for scene in [&few, &many] {
        scene.exits(0, "start FILE");
    }
    for step in [
        "advance",
        "advance --to write-new --yes",
        "advance --to new-only --yes",
        "rollback",
        "rollback",
        "rollback",
    ] {
        let [changes_of_few, changes_of_many] = [&few, &many].map(|scene| {
            let version = || -> i64 {
                scene.conn().query_row("PRAGMA schema_version", [], |row| row.get(0)).unwrap()
            };
            let before = version();
            scene.exits(0, step);
            version() - before
        });
        assert_eq!(changes_of_few, changes_of_many, "{step}");
    }
}

#[test]
fn a_program_meets_the_new_triggers_in_its_next_statement() {
    let scene = tables(3);
    // The module of Python keeps the statements that it has prepared.
    let mut python = scene.python();
    let insert = "INSERT INTO t1 (w) VALUES ('b')";
    let copied = "SELECT count(*) FROM s1";
    python.does(insert);
    scene.exits(0, "start FILE");
    python.does(insert);
    assert_eq!(scene.rows(copied), ["Integer(3)"]);
    scene.exits(0, "advance --to write-new --yes");
    let refused = python.attempt(insert).unwrap_err();
    assert!(refused.contains("t1 is read-only"), "{refused}");
    let into_new = "INSERT INTO s1 (w) VALUES ('c')";
    python.does(into_new);
    assert_eq!(scene.rows("SELECT count(*) FROM t1"), ["Integer(4)"]);
    scene.exits(0, "rollback --to dual-write");
    python.does(insert);
    assert!(python.attempt(into_new).is_err(), "a guard of the mirror refuses it");
    assert_eq!(scene.rows(copied), ["Integer(5)"]);
    scene.exits(0, "abort --yes");
    python.does(insert);
    assert_eq!(scene.rows("PRAGMA integrity_check"), ["Text([111, 107])"]);
}
