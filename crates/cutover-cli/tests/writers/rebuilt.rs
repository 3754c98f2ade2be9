//! A schema tool rebuilds a table while it is being moved, as Django's, Alembic's and most
//! hand-written migrations do for what `ALTER TABLE` can't: with the settings that SQLite comes
//! with, in a transaction and without one. Either it goes through, or it fails before anything
//! is lost, or `status` says what happened and `repair` fixes it.

use serde_json::json;
use testkit::compare::{Rows, assert_same};

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, team INTEGER);
    CREATE INDEX people_team ON people(team);
    CREATE TABLE badges (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people(id));
    INSERT INTO people VALUES (1, 'Ada', 1), (2, 'Bob', 2), (3, 'abc', 1);
    INSERT INTO badges VALUES (1, 1), (2, 3);";

/// What the tools say, statement by statement.
struct Tool {
    name: &'static str,
    statements: &'static [&'static str],
    transaction: bool,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "by hand",
        statements: &[
            "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''), team INTEGER)",
            "INSERT INTO people_new SELECT * FROM people",
            "DROP TABLE people",
            "ALTER TABLE people_new RENAME TO people",
            "CREATE INDEX people_team ON people(team)",
        ],
        transaction: false,
    },
    Tool {
        name: "Django",
        statements: &[
            r#"CREATE TABLE "new__people" ("id" integer NOT NULL PRIMARY KEY, "team" integer NULL, "name" varchar(200) NULL)"#,
            r#"INSERT INTO "new__people" ("id", "name", "team") SELECT "id", "name", "team" FROM "people""#,
            r#"DROP TABLE "people""#,
            r#"ALTER TABLE "new__people" RENAME TO "people""#,
            r#"CREATE INDEX "people_team" ON "people" ("team")"#,
        ],
        transaction: true,
    },
    Tool {
        name: "Alembic",
        statements: &[
            "CREATE TABLE _alembic_tmp_people (id INTEGER NOT NULL, name VARCHAR(200), team INTEGER, PRIMARY KEY (id))",
            "INSERT INTO _alembic_tmp_people (id, name, team) SELECT people.id, people.name, people.team FROM people",
            "DROP TABLE people",
            "ALTER TABLE _alembic_tmp_people RENAME TO people",
            "CREATE INDEX people_team ON people (team)",
        ],
        transaction: false,
    },
    Tool {
        name: "the old table out of the way first",
        statements: &[
            "ALTER TABLE people RENAME TO people_old",
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, team INTEGER)",
            "INSERT INTO people SELECT * FROM people_old",
            "DROP TABLE people_old",
            "CREATE INDEX IF NOT EXISTS people_team ON people(team)",
        ],
        transaction: false,
    },
];

fn scene(table: &str) -> Scene {
    let scene = Scene::set(
        SCHEMA,
        &format!(
            "CREATE TABLE new.{table} (id INTEGER PRIMARY KEY, name TEXT, team INTEGER);
             INSERT INTO new.{table} (id, name, team) SELECT id, name, team FROM old.people;
             INSERT INTO old.people (id, name, team) SELECT id, name, team FROM new.{table};"
        ),
    );
    scene.exits(0, "start FILE");
    scene
}

/// The tool does its work, and stops where SQLite refuses: what it said then.
fn run(scene: &Scene, tool: &Tool, transaction: bool) -> Option<String> {
    let mut python = scene.python();
    if transaction {
        python.does("BEGIN");
    }
    let stopped = tool.statements.iter().find_map(|sql| python.attempt(sql).err());
    if transaction {
        python.does(if stopped.is_some() { "ROLLBACK" } else { "COMMIT" });
    }
    stopped
}

const ROWS: &str = "SELECT id, name, team FROM people ORDER BY id";

/// The rows of `people` are those of the twin.
#[track_caller]
fn assert_like(twin: &Scene, scene: &Scene) {
    let (expected, found) = (twin.conn(), scene.conn());
    assert_same(
        "people",
        Rows { name: "the twin", conn: &expected, sql: ROWS },
        Rows { name: "the table", conn: &found, sql: ROWS },
    );
}

/// The first column of a query.
fn texts(scene: &Scene, sql: &str) -> Vec<String> {
    let conn = scene.conn();
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Nothing is known to be wrong, every row is compared, and the sync's look-ups have their
/// indexes.
#[track_caller]
fn assert_mended(scene: &Scene) {
    assert_eq!(scene.status()["drift"], json!([]));
    assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
    assert_eq!(texts(scene, "PRAGMA integrity_check"), ["ok"]);
}

/// A rebuild in one of the phases, fixed by what `status` says; then the whole way.
#[track_caller]
fn goes(table: &str, phase: &str, tool: &Tool, transaction: bool) {
    let what = format!("{} to {table} in {phase}, transaction {transaction}", tool.name);
    let (scene, twin) = (scene(table), Scene::set(SCHEMA, ""));
    scene.exits(0, &format!("advance --to {phase} --yes"));
    // In place a program of the old schema then finds the new table under its name.
    let theirs = table == "people" && phase == "write-new";
    let stopped = run(&scene, tool, transaction);
    let there =
        scene.rows("SELECT name FROM sqlite_schema WHERE name = 'people' AND type = 'table'");
    if stopped.is_none() || transaction || !there.is_empty() {
        assert_like(&twin, &scene);
    } else {
        // The rows are in another table, and every command says so.
        let drift = scene.status()["drift"].to_string();
        assert!(
            drift.contains("the table people is gone") && drift.contains("cutover repair"),
            "{what}: {drift}"
        );
        for command in ["verify", "advance --yes", "rollback"] {
            let refused = scene.is_refused(command);
            assert!(
                refused.stderr.contains("the table people is gone"),
                "{what}: {}",
                refused.stderr
            );
        }
    }
    let repaired = scene.exits(0, "repair");
    if there.is_empty() {
        assert!(
            repaired.stdout.contains("renamed ") && repaired.stdout.contains(" to people;"),
            "{what}: {}",
            repaired.stdout
        );
    }
    assert_like(&twin, &scene);
    assert_mended(&scene);
    // Writes go on being followed, to the end of the way and back.
    if phase == "dual-write" || theirs {
        for side in [&scene, &twin] {
            let mut python = side.python();
            python.does("INSERT INTO people (id, name, team) VALUES (4, 'new', 2)");
            python.does("UPDATE people SET name = 'Abe' WHERE id = 1");
            python.does("DELETE FROM people WHERE id = 2");
        }
        assert_like(&twin, &scene);
        assert_mended(&scene);
    }
    scene.exits(0, "advance --to new-only --yes");
    scene.exits(0, "rollback --to dual-write");
    assert_mended(&scene);
    assert_like(&twin, &scene);
    scene.exits(0, "advance --to write-new --yes");
    assert_mended(&scene);
    scene.exits(0, "rollback --to dual-write");
    assert_like(&twin, &scene);
    // SQLite itself leads the badges to a table that is renamed, and dropped.
    if texts(&scene, "SELECT sql FROM sqlite_schema WHERE name = 'badges'")[0]
        .contains("people(id)")
    {
        let broken = |scene: &Scene| texts(scene, "SELECT \"table\" FROM pragma_foreign_key_check");
        assert_eq!(broken(&scene), broken(&twin), "{what}");
    }
    scene.exits(0, "abort");
    let left = "SELECT name FROM sqlite_schema WHERE name LIKE '%cutover%' AND name NOT LIKE 'sqlite%' AND type IN ('view', 'trigger', 'index')";
    assert!(scene.rows(left).is_empty(), "{what}");
    assert_like(&twin, &scene);
}

#[test]
fn an_old_table_in_dual_write() {
    for tool in TOOLS {
        for transaction in [true, false] {
            goes("persons", "dual-write", tool, transaction || tool.transaction);
            goes("people", "dual-write", tool, transaction || tool.transaction);
        }
    }
}

/// The old table as the mirror: what a tool makes of it is what a rollback finds.
#[test]
fn the_mirror_in_write_new() {
    for tool in TOOLS {
        for transaction in [true, false] {
            goes("persons", "write-new", tool, transaction || tool.transaction);
        }
    }
}

/// A table that has changed in place: the tool rebuilds the new one as it knew the old one.
#[test]
fn the_new_table_in_write_new() {
    for tool in TOOLS {
        for transaction in [true, false] {
            goes("people", "write-new", tool, transaction || tool.transaction);
        }
    }
}

/// Without a mirror there is nothing to bring in step, and a table to be found all the same.
#[test]
fn either_table_in_new_only() {
    for tool in TOOLS {
        for table in ["people", "persons"] {
            let (scene, twin) = (scene(table), Scene::set(SCHEMA, ""));
            scene.exits(0, "advance --to new-only --yes");
            run(&scene, tool, tool.transaction);
            let drift = scene.status()["drift"].clone();
            if drift != json!([]) {
                assert!(drift.to_string().contains("cutover repair"), "{drift}");
                scene.exits(0, "repair");
            }
            assert_eq!(scene.status()["drift"], json!([]), "{}", tool.name);
            assert_like(&twin, &scene);
            if table == "persons" {
                let refused = scene.python().fails("DELETE FROM people");
                assert!(
                    refused.contains("people is frozen") || refused.contains("read-only"),
                    "{refused}"
                );
            }
            scene.exits(0, "rollback --to dual-write");
            assert_like(&twin, &scene);
            assert_mended(&scene);
        }
    }
}

/// A table that was there before, with the same columns, is not taken for what a rebuild left.
#[test]
fn an_archive_is_no_rebuilt_table() {
    let scene = Scene::set(
        &format!(
            "{SCHEMA} CREATE TABLE archive (id INTEGER PRIMARY KEY, name TEXT, team INTEGER);"
        ),
        "CREATE TABLE new.persons (id INTEGER PRIMARY KEY, name TEXT, team INTEGER);
         INSERT INTO new.persons (id, name, team) SELECT id, name, team FROM old.people;
         INSERT INTO old.people (id, name, team) SELECT id, name, team FROM new.persons;",
    );
    scene.exits(0, "start FILE");
    scene.python().does("VACUUM");
    scene.python().does("DROP TABLE people");
    let before = scene.dump();
    let refused = scene.is_refused("repair");
    assert!(refused.stderr.contains("no other table has its columns"), "{}", refused.stderr);
    assert_eq!(scene.dump(), before);
    // What it says works.
    scene.python().does("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, team INTEGER)");
    scene.python().does("INSERT INTO people SELECT * FROM persons");
    scene.exits(0, "repair");
    assert_mended(&scene);
    assert_eq!(scene.rows("SELECT count(*) FROM persons"), ["Integer(3)"]);
}

/// Of several tables with the columns none is chosen; the triggers go out of the way.
#[test]
fn who_it_is_can_be_said() {
    let scene = scene("persons");
    let mut python = scene.python();
    for sql in [
        "CREATE TABLE one (id INTEGER PRIMARY KEY, name TEXT, team INTEGER)",
        "INSERT INTO one SELECT * FROM people",
        "CREATE TABLE two (id INTEGER PRIMARY KEY, name TEXT, team INTEGER)",
        "DROP TABLE people",
    ] {
        python.does(sql);
    }
    let refused = scene.is_refused("repair");
    assert!(refused.stderr.contains("one, two have its columns"), "{}", refused.stderr);
    python.does("ALTER TABLE one RENAME TO people");
    scene.exits(0, "repair");
    assert_mended(&scene);
    assert_like(&Scene::set(SCHEMA, ""), &scene);
}

/// A table that the application renamed is not renamed back behind its back.
#[test]
fn a_renamed_table_is_told() {
    for (table, phase) in
        [("persons", "dual-write"), ("people", "dual-write"), ("persons", "write-new")]
    {
        let scene = scene(table);
        scene.exits(0, &format!("advance --to {phase} --yes"));
        scene.python().does("ALTER TABLE people RENAME TO staff");
        let drift = scene.status()["drift"].to_string();
        assert!(drift.contains("it was renamed to staff"), "{drift}");
        for command in ["repair", "verify", "advance --yes"] {
            let refused = scene.is_refused(command);
            assert!(refused.stderr.contains("it was renamed to staff"), "{}", refused.stderr);
        }
        scene.python().does("ALTER TABLE \"staff\" RENAME TO \"people\"");
        scene.exits(0, "repair");
        assert_mended(&scene);
    }
}

/// Whatever of ours a tool drops, `status` says it and `repair` makes it anew.
#[test]
fn what_is_ours_and_was_dropped() {
    for phase in ["dual-write", "write-new"] {
        let names = {
            let scene = scene("persons");
            scene.exits(0, &format!("advance --to {phase} --yes"));
            texts(
                &scene,
                "SELECT 'DROP ' || type || ' \"' || name || '\"' FROM sqlite_schema WHERE sql IS NOT NULL \
                 AND (name GLOB '_cutover_[0-9]*' OR name GLOB 'cutover_live_*')",
            )
        };
        assert!(names.len() > 8, "{names:?}");
        for drop in names {
            let scene = scene("persons");
            scene.exits(0, &format!("advance --to {phase} --yes"));
            scene.python().does(&drop);
            assert_ne!(scene.status()["drift"], json!([]), "{drop}");
            scene.exits(0, "repair");
            assert_mended(&scene);
            let mut python = scene.python();
            let table = if phase == "dual-write" { "people" } else { "persons" };
            python.does(&format!("INSERT INTO {table} (id, name, team) VALUES (9, 'z', 1)"));
            python.does(&format!("UPDATE {table} SET name = 'y' WHERE id = 2"));
            assert_mended(&scene);
        }
    }
}

/// A column that the application gives the new table does not stand in the way of a rollback.
#[test]
fn a_column_that_a_new_program_adds() {
    for table in ["persons", "people"] {
        for phase in ["write-new", "new-only"] {
            let scene = scene(table);
            scene.exits(0, &format!("advance --to {phase} --yes"));
            scene.python().does(&format!("ALTER TABLE {table} ADD COLUMN extra TEXT DEFAULT 'x'"));
            scene
                .python()
                .does(&format!("INSERT INTO {table} (id, name, extra) VALUES (7, 'n', 'e')"));
            scene.exits(0, "rollback --to dual-write");
            assert_mended(&scene);
            assert_eq!(texts(&scene, "SELECT name FROM people WHERE id = 7"), ["n"]);
            scene.exits(0, "advance --to write-new --yes");
            assert_eq!(texts(&scene, &format!("SELECT extra FROM {table} WHERE id = 7")), ["e"]);
            assert_mended(&scene);
        }
    }
}

/// The index that the sync needs goes with a table that is rebuilt, and comes back.
#[test]
fn an_index_that_the_sync_needs() {
    let scene = Scene::set(
        "CREATE TABLE lines (id INTEGER PRIMARY KEY, doc INTEGER NOT NULL, text TEXT);
         INSERT INTO lines VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');",
        "CREATE TABLE new.docs (doc INTEGER PRIMARY KEY, lines TEXT NOT NULL);
         INSERT INTO new.docs (doc, lines)
         SELECT doc, json_group_array(json_array(id, text)) FROM (SELECT id, doc, text FROM old.lines ORDER BY id) GROUP BY doc;
         INSERT INTO old.lines (id, doc, text)
         SELECT json_extract(j.value, '$[0]'), d.doc, json_extract(j.value, '$[1]')
         FROM new.docs AS d, json_each(d.lines) AS j;",
    );
    let started = scene.cutover.run(&scene.words("start FILE"));
    assert_eq!(started.code, Some(0), "{}{}", started.stdout, started.stderr);
    let ours = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name GLOB '_cutover_*' AND tbl_name = 'lines'";
    let before = scene.rows(ours);
    assert_eq!(before.len(), 1, "the sync looks rows up by their doc");
    let mut python = scene.python();
    for sql in [
        "ALTER TABLE lines RENAME TO lines_old",
        "CREATE TABLE lines (id INTEGER PRIMARY KEY, doc INTEGER NOT NULL, text TEXT)",
        "INSERT INTO lines SELECT * FROM lines_old",
        "DROP TABLE lines_old",
    ] {
        python.does(sql);
    }
    assert_ne!(scene.status()["drift"], json!([]));
    scene.exits(0, "repair");
    assert_eq!(scene.rows(ours), before);
    assert_mended(&scene);
    // The index alone.
    python.does("DROP INDEX _cutover_1_ix_lines_doc");
    assert_ne!(scene.status()["drift"], json!([]));
    scene.exits(0, "repair");
    assert_eq!(scene.rows(ours), before);
    assert_mended(&scene);
}
