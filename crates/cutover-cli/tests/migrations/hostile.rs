//! What SQLite does behind the back of whoever keeps a mirror by triggers. The
//! writers are Python's `sqlite3` and the `sqlite3` shell, with a SQLite of their own.

use rusqlite::Connection;
use testkit::compare::{Rows, assert_same};
use testkit::{Case, cases};

use crate::migrations::stage::Stage;
use crate::scene::{NAME, Python, Scene, json, rows, shell};

const SCHEMA: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, age INTEGER);
    INSERT INTO people VALUES (1, 'a@x', 'Ada', 36), (2, 'b@x', 'Bob', NULL), (3, NULL, 'Eve', 1),
        (4, 'd@x', NULL, 4), (5, 'e@x', 'Kim', 5), (6, NULL, 'Liz', 6);";

const MIGRATION: &str = "
    CREATE TABLE new.persons (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, name TEXT);
    CREATE TABLE new.ages (person INTEGER PRIMARY KEY REFERENCES persons (id), age INTEGER);
    INSERT INTO new.persons (id, mail, name) SELECT id, email, name FROM old.people;
    INSERT INTO new.ages (person, age) SELECT id, age FROM old.people;
    INSERT INTO old.people (id, email, name, age)
    SELECT p.id, p.mail, p.name, a.age FROM new.persons p LEFT JOIN new.ages a ON a.person = p.id;";

/// Ways to reach `dual-write` and `read-new`, with and without the rows copied.
const MIRRORED: &[&[&str]] = &[
    &["start FILE --no-backfill"],
    &["start FILE"],
    &["start FILE", "advance"],
    &["start FILE", "advance --to new-only", "rollback --to dual-write"],
];

fn at(steps: &[&str]) -> Scene {
    let scene = Scene::set(SCHEMA, MIGRATION);
    for step in steps {
        scene.exits(0, step);
    }
    scene
}

/// Compares both sides by what SQLite itself makes of the mapping.
#[track_caller]
fn assert_in_step(scene: &Scene) {
    let conn = scene.conn();
    for (old, new) in [
        ("SELECT id, email, name FROM people", "SELECT id, mail, name FROM persons"),
        ("SELECT id, age FROM people", "SELECT person, age FROM ages"),
    ] {
        assert_same(
            old,
            Rows { name: "the old table", conn: &conn, sql: old },
            Rows { name: "the new table", conn: &conn, sql: new },
        );
    }
    let verified = json(&scene.exits(0, "verify --json"));
    assert_eq!(verified["ok"], true, "{verified}");
}

/// What a program does, statement by statement.
const STATEMENTS: &[&str] = &[
    // REPLACE by the primary key, by the other unique key, by both: two rows go.
    "INSERT OR REPLACE INTO people VALUES (1, 'a2@x', 'Ada 2', 37)",
    "REPLACE INTO people (email, name) VALUES ('b@x', 'Bob 2')",
    "REPLACE INTO people VALUES (4, 'e@x', 'both', 0)",
    "REPLACE INTO people SELECT id, email, name || '!', age FROM people",
    "INSERT OR IGNORE INTO people VALUES (1, 'new@x', 'ignored', 0)",
    "INSERT OR IGNORE INTO people VALUES (20, 'a2@x', 'ignored', 0)",
    "INSERT OR IGNORE INTO people VALUES (21, 'u@x', 'in', 0), (1, 'v@x', 'out', 0), (22, 'w@x', 'in', 0)",
    "INSERT OR FAIL INTO people VALUES (30, 'f@x', 'in', 1), (31, 'f@x', 'out', 1), (32, 'g@x', 'out', 1)",
    "INSERT OR ABORT INTO people VALUES (33, 'h@x', 'out', 1), (33, 'i@x', 'out', 1)",
    "INSERT INTO people VALUES (34, 'j@x', 'out', 1), (35, 'a2@x', 'out', 1)",
    "UPDATE OR REPLACE people SET id = 21 WHERE id = 22",
    "UPDATE OR REPLACE people SET email = 'a2@x' WHERE id = 21",
    "UPDATE OR IGNORE people SET email = 'a2@x'",
    "UPDATE OR FAIL people SET id = 50 WHERE id > 2",
    "UPDATE OR IGNORE people SET id = 50, name = 'moved' WHERE id < 10",
    "UPDATE people SET id = -id",
    "UPDATE people SET id = id + 1000, email = NULL WHERE name LIKE '%!'",
    // Keys left to SQLite, and what the program asks for afterwards.
    "INSERT INTO people (name) VALUES ('first'), ('second')",
    "INSERT INTO people (email, name) VALUES ('up@x', 'one') RETURNING id, name",
    "INSERT INTO people (email, name) VALUES ('up@x', 'two')
     ON CONFLICT (email) DO UPDATE SET name = people.name || excluded.name, age = 9 RETURNING *",
    "INSERT INTO people (email) VALUES ('up@x') ON CONFLICT DO NOTHING RETURNING *",
    "INSERT INTO people (email, name) VALUES ('up@x', 'x') ON CONFLICT (email) DO UPDATE SET id = 70 WHERE 0",
    "INSERT INTO people (id, email) VALUES (71, 'up@x') ON CONFLICT (email) DO UPDATE SET id = 71",
    "UPDATE people SET age = ifnull(age, 0) + 1 RETURNING id, age",
    "WITH q (n) AS (SELECT 80 UNION SELECT 81) INSERT INTO people (id, name) SELECT n, 'with' FROM q",
    "UPDATE people SET name = q.name FROM people AS q WHERE q.id = people.id + 1",
    "DELETE FROM people WHERE id = 80 RETURNING name",
    "UPDATE people SET name = x'00ff', age = 'not a number' WHERE id = 81",
    "BEGIN",
    "INSERT INTO people (id, email) VALUES (90, 'undone@x')",
    "INSERT OR ROLLBACK INTO people (id, email) VALUES (91, 'undone@x')",
    "SAVEPOINT s",
    "DELETE FROM people",
    "ROLLBACK TO s",
    "RELEASE s",
    "INSERT OR REPLACE INTO people (rowid, email) VALUES (71, 'last@x')",
    "DELETE FROM people WHERE id IN (SELECT id FROM people ORDER BY id LIMIT 2)",
];

/// Also of what SQLite counts.
const ASKED: &str = "SELECT changes(), last_insert_rowid(), (SELECT count(*) FROM people)";

#[test]
fn python_notices_nothing() {
    for steps in MIRRORED {
        for pragmas in 0..4 {
            let scene = at(steps);
            let twin = Scene::set(SCHEMA, "");
            let (mut live, mut plain) = (scene.python(), twin.python());
            for python in [&mut live, &mut plain] {
                python.does(&format!("PRAGMA recursive_triggers = {}", pragmas & 1));
                python.does(&format!("PRAGMA foreign_keys = {}", pragmas >> 1));
            }
            for statement in STATEMENTS {
                let told = (live.attempt(statement), live.does(ASKED));
                let expected = (plain.attempt(statement), plain.does(ASKED));
                assert_eq!(
                    told, expected,
                    "{steps:?}, pragmas {pragmas}, SQLite {}\n{statement}",
                    live.version
                );
            }
            assert_eq!(
                scene.rows("SELECT * FROM people"),
                twin.rows("SELECT * FROM people"),
                "{steps:?}, pragmas {pragmas}"
            );
            scene.exits(0, "backfill");
            assert_in_step(&scene);
        }
    }
}

#[test]
fn the_shell_notices_nothing() {
    for steps in MIRRORED {
        for pragmas in ["", "PRAGMA recursive_triggers = 1; PRAGMA foreign_keys = 1;"] {
            let scene = at(steps);
            let twin = Scene::set(SCHEMA, "");
            // One shell for each statement: programs come and go.
            for statement in STATEMENTS {
                let script = format!("{pragmas}{statement}; {ASKED};");
                let (told, expected) = (shell(&scene.db, &script), shell(&twin.db, &script));
                assert_eq!(told.stdout, expected.stdout, "{statement}\n{}", told.stderr);
                assert_eq!(told.stderr, expected.stderr, "{statement}");
            }
            scene.exits(0, "backfill");
            assert_in_step(&scene);
        }
    }
}

/// The same for programs that know the new tables, once these take the writes.
#[test]
fn new_programs_notice_nothing() {
    let migration = "
        CREATE TABLE new.persons (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, age INTEGER);
        INSERT INTO new.persons (id, email, name, age) SELECT id, email, name, age FROM old.people;
        INSERT INTO old.people (id, email, name, age) SELECT id, email, name, age FROM new.persons;";
    for phase in ["write-new", "new-only"] {
        for recursive in [0, 1] {
            let scene = Scene::set(SCHEMA, migration);
            scene.exits(0, "start FILE");
            scene.exits(0, &format!("advance --to {phase}"));
            let twin = Scene::set(&SCHEMA.replace("people", "persons"), "");
            let (mut live, mut plain) = (scene.python(), twin.python());
            for python in [&mut live, &mut plain] {
                python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
            }
            for statement in STATEMENTS.iter().chain([&ASKED]) {
                let statement = statement.replace("people", "persons");
                let asked = ASKED.replace("people", "persons");
                let told = (live.attempt(&statement), live.does(&asked));
                let expected = (plain.attempt(&statement), plain.does(&asked));
                assert_eq!(told, expected, "{phase}, SQLite {}\n{statement}", live.version);
            }
            let expected = twin.rows("SELECT * FROM persons");
            assert_eq!(scene.rows("SELECT * FROM persons"), expected);
            assert_eq!(scene.rows("SELECT * FROM cutover_live_people"), expected);
            scene.exits(0, "rollback --to dual-write");
            assert_eq!(scene.rows("SELECT * FROM people"), expected);
            assert_eq!(scene.rows("SELECT * FROM persons"), expected);
            scene.exits(0, "verify");
        }
    }
}

/// Before the rows are copied, a write may reach a new child whose new parent is not
/// there yet.
#[test]
fn new_foreign_keys_stand_in_nobodys_way() {
    let scene = at(&["start FILE --no-backfill"]);
    let mut python = scene.python();
    python.does("PRAGMA foreign_keys = ON");
    python.does("UPDATE people SET age = 99 WHERE id = 1");
    python.does("UPDATE people SET name = 'Bob 2' WHERE id = 2");
    python.does("UPDATE people SET id = 7 WHERE id = 3");
    python.does("DELETE FROM people WHERE id = 4");
    scene.exits(0, "backfill");
    assert_in_step(&scene);
}

/// The new table takes less than the old one did: a write that has no image is refused
/// as a whole, whatever conflict clause it has.
fn assert_refused_as_a_whole(new_table: &str, writes: &[&str]) {
    let migration =
        MIGRATION.replace("(id INTEGER PRIMARY KEY, mail TEXT UNIQUE, name TEXT)", new_table);
    let scene = Scene::set(SCHEMA, &migration);
    scene.sql("DELETE FROM people WHERE name IS NULL");
    scene.exits(0, "start FILE");
    let before = scene.rows("SELECT * FROM people");
    for write in writes {
        for clause in ["", "OR IGNORE", "OR REPLACE", "OR ABORT", "OR FAIL", "OR ROLLBACK"] {
            for recursive in [0, 1] {
                let mut python = scene.python();
                python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
                let write = write.replace("{}", clause);
                let error = python.fails(&write);
                // SQLite names a CHECK, and a value that a STRICT table refuses, itself.
                assert!(
                    ["cutover", "CHECK constraint failed", "cannot store"]
                        .iter()
                        .any(|part| error.contains(part)),
                    "{new_table}\n{write}\nSQLite {}: {error}",
                    python.version
                );
                if clause == "OR FAIL" {
                    // It may keep what came before the row in question.
                    python.does("DELETE FROM people WHERE id = 8");
                }
                assert_eq!(scene.rows("SELECT * FROM people"), before, "{write}: {error}");
            }
        }
    }
    assert_in_step(&scene);
}

#[test]
fn a_null_that_the_mirror_can_not_take() {
    assert_refused_as_a_whole(
        "(id INTEGER PRIMARY KEY, mail TEXT, name TEXT NOT NULL)",
        &[
            "INSERT {} INTO people VALUES (9, 'i@x', NULL, 1)",
            "INSERT {} INTO people VALUES (8, 'h@x', 'good', 1), (9, 'i@x', NULL, 1)",
            "UPDATE {} people SET name = NULL WHERE id = 2",
            "UPDATE {} people SET name = NULL",
        ],
    );
}

#[test]
fn a_duplicate_that_the_mirror_can_not_take() {
    assert_refused_as_a_whole(
        "(id INTEGER PRIMARY KEY, mail TEXT, name TEXT UNIQUE)",
        &[
            "INSERT {} INTO people VALUES (9, 'i@x', 'Ada', 1)",
            "INSERT {} INTO people VALUES (8, 'h@x', 'good', 1), (9, 'i@x', 'Ada', 1)",
            "UPDATE {} people SET name = 'Ada' WHERE id = 2",
        ],
    );
}

#[test]
fn a_value_that_the_mirrors_check_refuses() {
    assert_refused_as_a_whole(
        "(id INTEGER PRIMARY KEY, mail TEXT, name TEXT CHECK (name <> 'Mallory'))",
        &[
            "INSERT {} INTO people VALUES (9, 'i@x', 'Mallory', 1)",
            "INSERT {} INTO people VALUES (8, 'h@x', 'good', 1), (9, 'i@x', 'Mallory', 1)",
            "UPDATE {} people SET name = 'Mallory' WHERE id = 2",
        ],
    );
}

#[test]
fn a_value_that_a_strict_mirror_refuses() {
    assert_refused_as_a_whole(
        "(id INTEGER PRIMARY KEY, mail TEXT, name TEXT) STRICT",
        &[
            "INSERT {} INTO people VALUES (9, 'i@x', x'00', 1)",
            "INSERT {} INTO people VALUES (8, 'h@x', 'good', 1), (9, 'i@x', x'00', 1)",
            "UPDATE {} people SET name = x'00' WHERE id = 2",
        ],
    );
}

/// Every statement that fires our triggers is compiled by an older SQLite, with no
/// function of ours, and where the application trusts no schema.
#[test]
fn old_libraries_can_run_every_trigger() {
    for case in cases::ALL {
        let stage = Stage::set(*case, 20);
        stage.run(&stage.arguments(&["start"]));
        for phase in ["dual-write", "read-new", "write-new", "new-only"] {
            stage.run(&["advance", "--to", phase]);
            let mut python = Python::open(&stage.db);
            if !case.migration.contains("json") {
                // SQLite counts its own JSON functions among those that are not to be trusted.
                python.does("PRAGMA trusted_schema = OFF");
            }
            let conn = Connection::open(&stage.db).unwrap();
            let tables: Vec<String> = conn
                .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cutover_*' AND name NOT GLOB 'sqlite_*'")
                .unwrap()
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            for table in tables {
                let column: String = conn
                    .query_row("SELECT name FROM pragma_table_info(?)", [&table], |row| row.get(0))
                    .unwrap();
                for statement in [
                    format!("INSERT INTO \"{table}\" DEFAULT VALUES"),
                    format!("REPLACE INTO \"{table}\" SELECT * FROM \"{table}\""),
                    format!("UPDATE \"{table}\" SET \"{column}\" = 1"),
                    format!("DELETE FROM \"{table}\""),
                ] {
                    let compiled = python.attempt(&format!("EXPLAIN {statement}"));
                    if let Err(error) = compiled {
                        panic!(
                            "{} in {phase}: SQLite {} can't compile {statement}: {error}",
                            case.name, python.version
                        );
                    }
                }
            }
            for table in case.old_tables {
                python.does(&format!("SELECT * FROM \"cutover_live_{table}\""));
            }
        }
    }
}

const FAMILY: &str = "
    CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, client INTEGER REFERENCES clients (id) ON DELETE CASCADE);
    INSERT INTO clients VALUES (1, 'Ada', 'Paris'), (2, 'Bob', 'Oslo');
    INSERT INTO invoices VALUES (1, 1), (2, 1), (3, 2);";

const FAMILY_MOVES: &str = "
    CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE new.addresses (customer INTEGER PRIMARY KEY REFERENCES customers (id), city TEXT);
    INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
    INSERT INTO new.addresses (customer, city) SELECT id, city FROM old.clients;
    INSERT INTO old.clients (id, name, city)
    SELECT c.id, c.name, a.city FROM new.customers c LEFT JOIN new.addresses a ON a.customer = c.id;";

/// Neither a step nor a write to the other side cascades into the application's tables.
#[test]
fn nothing_cascades_into_the_applications_tables() {
    let scene = Scene::set(FAMILY, FAMILY_MOVES);
    let invoices = scene.rows("SELECT * FROM invoices");
    let mut python = scene.python();
    python.does("PRAGMA foreign_keys = ON");
    for step in [
        "start FILE",
        "advance",
        "advance",
        "rollback",
        "advance",
        "advance",
        "rollback",
        "advance",
    ] {
        scene.exits(0, step);
        let phase = scene.phase();
        if phase == "write-new" || phase == "new-only" {
            python.does("UPDATE customers SET name = name || '.'");
            python.does("UPDATE addresses SET city = city || '.'");
            python.does("DELETE FROM addresses WHERE customer = 2");
            python.does("INSERT INTO addresses VALUES (2, 'Bergen')");
            python.does("REPLACE INTO addresses VALUES (1, 'Nice')");
        } else {
            python.does("UPDATE clients SET name = name || '!', city = 'Rome'");
        }
        assert_eq!(scene.rows("SELECT * FROM invoices"), invoices, "after {step}");
        assert_eq!(scene.rows("PRAGMA foreign_key_check"), [""; 0], "after {step}");
    }
    let before = scene.dump();
    let refused = scene.exits(3, "advance --to retired --yes");
    assert!(refused.stderr.contains("invoices"), "{}", refused.stderr);
    assert_eq!(scene.phase(), "new-only");
    assert_eq!(applications(&scene.dump()), applications(&before));

    // Rebuilt with a key to the new table, it stands in nobody's way.
    python.does("PRAGMA foreign_keys = OFF");
    python.does("CREATE TABLE bills (id INTEGER PRIMARY KEY, client INTEGER REFERENCES customers (id) ON DELETE CASCADE)");
    python.does("INSERT INTO bills SELECT * FROM invoices");
    python.does("DROP TABLE invoices");
    python.does("ALTER TABLE bills RENAME TO invoices");
    scene.exits(0, "advance --to retired --yes");
    assert_eq!(scene.rows("SELECT * FROM invoices"), invoices);
}

/// A dump without the lines about our own state.
fn applications(dump: &str) -> Vec<&str> {
    dump.lines().filter(|line| !line.contains("_cutover_")).collect()
}

#[test]
fn a_new_type_that_changes_values_is_refused() {
    let scene = Scene::set(
        "CREATE TABLE codes (id INTEGER PRIMARY KEY, code TEXT, rate);
         INSERT INTO codes VALUES (1, '7', 1), (2, '007', 2), (3, 'x', 3);",
        "CREATE TABLE new.numbers (id INTEGER PRIMARY KEY, code INTEGER, rate);
         INSERT INTO new.numbers (id, code, rate) SELECT id, code, rate FROM old.codes;
         INSERT INTO old.codes (id, code, rate) SELECT id, code, rate FROM new.numbers;",
    );
    let before = scene.dump();
    let report = json(&scene.exits(3, "check FILE --json"));
    let example = &report["lossless"]["examples"][0];
    assert_eq!(report["lossless"]["different"], 1, "'7' comes back as it was: {report}");
    assert_eq!(example["key"], serde_json::json!({ "id": 2 }));
    assert_eq!((&example["table"], &example["column"]), (&"codes".into(), &"code".into()));
    assert_eq!(example["expected"], "'007'");
    assert!(["7", "'7'"].contains(&example["found"].as_str().unwrap()), "{example}");
    scene.exits(3, "start FILE");
    assert_eq!(scene.dump(), before);
}

/// 2 and 2.0 and '2' are different, even where SQLite calls them equal.
#[test]
fn storage_classes_are_values_too() {
    for (declared, value) in [("REAL", "2"), ("TEXT", "2"), ("INTEGER", "'2'"), ("INTEGER", "2.0")]
    {
        let scene = Scene::set(
            &format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, {value});"
            ),
            &format!(
                "CREATE TABLE new.u (id INTEGER PRIMARY KEY, v {declared});
                 INSERT INTO new.u (id, v) SELECT id, v FROM old.t;
                 INSERT INTO old.t (id, v) SELECT id, v FROM new.u;"
            ),
        );
        scene.exits(3, "check FILE");
        scene.exits(3, "start FILE");
    }
}

#[test]
fn connections_live_through_every_step() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    let mut old = scene.python();
    let mut new = scene.python();
    let mut n = 100;
    let mut write = |old: &mut Python, new: &mut Python, phase: &str| {
        n += 1;
        let into_old = format!("INSERT INTO people (id, name) VALUES ({n}, 'x')");
        let into_new = format!("INSERT INTO persons (id, name) VALUES ({n}, 'x')");
        let (takes, into, refuses, not_into) = match phase {
            "write-new" | "new-only" => (new, into_new, old, into_old),
            _ => (old, into_old, new, into_new),
        };
        takes.does(&into);
        let error = refuses.fails(&not_into);
        assert!(error.contains("cutover") || error.contains("no such table"), "{error}");
    };
    write(&mut old, &mut new, "legacy");
    for step in [
        "start FILE",
        "advance",
        "advance",
        "advance",
        "rollback",
        "rollback",
        "rollback",
        "advance --to new-only",
    ] {
        // A reader in a transaction keeps what it saw.
        let mut reader = scene.python();
        reader.does("BEGIN");
        let everything = "SELECT name, sql FROM sqlite_schema ORDER BY name";
        let seen = [everything, "SELECT * FROM people"].map(|query| (query, reader.does(query)));
        scene.exits(0, step);
        write(&mut old, &mut new, &scene.phase());
        for (query, rows) in seen {
            assert_eq!(reader.does(query), rows, "{step}: the snapshot of {query}");
        }
        reader.does("COMMIT");
        let live = reader.does("SELECT id FROM cutover_live_people");
        assert_eq!(live.as_array().unwrap().len(), scene.rows("SELECT 1 FROM persons").len());
    }
    scene.exits(0, "advance --to retired --yes");
    let error = old.fails("INSERT INTO people (name) VALUES ('late')");
    assert!(error.contains("migration scene went to retired"), "{error}");
    new.does("INSERT INTO persons (name) VALUES ('on time')");
}

/// `PRAGMA`s that belong to the application.
const ITS_OWN: [&str; 5] =
    ["user_version", "application_id", "journal_mode", "auto_vacuum", "page_size"];

const WHOLE_STORY: &[&[&str]] = &[
    &["start"],
    &["abort"],
    &["start"],
    &["advance"],
    &["rollback"],
    &["advance", "--to", "write-new"],
    &["rollback"],
    &["advance", "--to", "new-only"],
    &["rollback", "--to", "dual-write"],
    &["advance", "--to", "new-only"],
    &["advance", "--to", "retired", "--yes"],
];

fn whole_story_in(journal_mode: &str, case: Case) {
    let mut stage = Stage::set(case, 200);
    let conn = Connection::open(&stage.db).unwrap();
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = {journal_mode}; PRAGMA user_version = 42; PRAGMA application_id = 252006673"
    ))
    .unwrap();
    drop(conn);
    let pragmas = |stage: &Stage| {
        let conn = Connection::open(&stage.db).unwrap();
        ITS_OWN.map(|pragma| rows(&conn, &format!("PRAGMA {pragma}")))
    };
    let before = pragmas(&stage);
    for step in WHOLE_STORY {
        stage.raise_curtain();
        stage.run(&stage.arguments(step));
        stage.drop_curtain();
        stage.judge(&step.join(" "));
        assert_eq!(pragmas(&stage), before, "{journal_mode}, after {step:?}");
    }
    assert_eq!(stage.phase(), "retired");
}

#[test]
fn what_is_the_applications_stays_as_it_is() {
    whole_story_in("WAL", cases::row_wise::CASE);
}

#[test]
fn a_rollback_journal_will_do() {
    whole_story_in("DELETE", cases::normalize::CASE);
}

#[test]
fn a_truncated_rollback_journal_will_do() {
    whole_story_in("TRUNCATE", cases::merge::CASE);
}

/// Every command that writes gives up in time; all at once, as each waits for seconds.
#[test]
fn nobody_hangs_on_a_long_transaction() {
    let (started, fresh) = (at(&["start FILE", "advance"]), at(&[]));
    let mut holders = [started.python(), fresh.python()];
    let before = [started.dump(), fresh.dump()];
    for holder in &mut holders {
        holder.does("BEGIN IMMEDIATE");
        holder.does("INSERT INTO people (id, name) VALUES (900, 'long')");
    }
    let commands = ["advance", "advance --to new-only", "rollback", "abort", "backfill", "repair"];
    let mut running: Vec<_> = commands
        .iter()
        .map(|command| (*command, started.cutover.spawn(&started.words(command))))
        .collect();
    running.push(("start", fresh.cutover.spawn(&fresh.words("start FILE"))));
    for (command, running) in running {
        let outcome = running.wait(std::time::Duration::from_secs(60));
        assert_eq!(outcome.code, Some(4), "{command}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("locked"), "{command}: {}", outcome.stderr);
    }
    // Reading goes on.
    assert_eq!(started.phase(), "read-new");
    started.exits(0, "verify");
    fresh.exits(0, "check FILE");
    for holder in &mut holders {
        holder.does("ROLLBACK");
    }
    assert_eq!([started.dump(), fresh.dump()], before);
    fresh.exits(0, "start FILE");
    started.exits(0, "advance --to new-only");
}

/// In a rollback-journal database a reader holds writers off, us too.
#[test]
fn nobody_hangs_on_a_reader_of_a_rollback_journal() {
    let scene = at(&[]);
    scene.sql("PRAGMA journal_mode = DELETE");
    let before = scene.dump();
    let mut reader = scene.python();
    reader.does("BEGIN");
    reader.does("SELECT * FROM people");
    scene.exits(4, "start FILE");
    assert_eq!(reader.does("SELECT count(*) FROM people"), serde_json::json!([[6]]));
    reader.does("COMMIT");
    assert_eq!(scene.dump(), before);
    scene.exits(0, "start FILE");
    assert_in_step(&scene);
}

/// Every kind of write there is, to a table with these columns.
fn every_write(table: &str, mail: &str) -> Vec<String> {
    let mut writes = vec![
        format!("INSERT INTO {table} (id, name) VALUES (77, 'x')"),
        format!("INSERT INTO {table} (id, name) SELECT 77, 'x'"),
        format!("REPLACE INTO {table} (id, {mail}, name) VALUES (1, 'a@x', 'x')"),
        format!("REPLACE INTO {table} (id, {mail}) VALUES (77, 'a@x')"),
        format!(
            "INSERT INTO {table} (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x'"
        ),
        format!("DELETE FROM {table}"),
        format!("DELETE FROM {table} WHERE id = 1"),
    ];
    for clause in ["", "OR IGNORE", "OR REPLACE", "OR FAIL", "OR ROLLBACK"] {
        writes.push(format!("INSERT {clause} INTO {table} (id, name) VALUES (78, 'x')"));
        writes.push(format!("UPDATE {clause} {table} SET name = 'changed' WHERE id = 1"));
        writes.push(format!("UPDATE {clause} {table} SET {mail} = 'b@x' WHERE id = 1"));
        writes.push(format!("UPDATE {clause} {table} SET id = 2 WHERE id = 1"));
    }
    writes
}

fn assert_takes_no_writes(scene: &Scene, table: &str, mail: &str, parts: &[&str]) {
    let before = applications(&scene.dump()).join("\n");
    for recursive in [0, 1] {
        let mut python = scene.python();
        python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
        for write in every_write(table, mail) {
            let error = python.fails(&write);
            for part in parts {
                assert!(error.contains(part), "{write}\n{part} is not in: {error}");
            }
        }
    }
    for write in every_write(table, mail) {
        let said = shell(&scene.db, &write).stderr;
        assert!(parts.iter().all(|part| said.contains(part)), "{write}\n{said}");
    }
    assert_eq!(applications(&scene.dump()).join("\n"), before);
}

#[test]
fn frozen_tables_refuse_every_write() {
    for steps in [
        &["start FILE", "advance --to write-new"][..],
        &["start FILE", "advance --to new-only"],
        &["start FILE", "advance --to new-only", "rollback"],
        &[
            "start FILE",
            "advance --to write-new",
            "rollback --to dual-write",
            "advance --to write-new",
        ],
    ] {
        let scene = at(steps);
        let status = scene.status();
        let since = status["since"].as_str().unwrap();
        assert_takes_no_writes(&scene, "people", "email", &["cutover", NAME, since, "read-only"]);
        scene.python().does("UPDATE persons SET name = 'new' WHERE id = 1");
    }
}

#[test]
fn the_mirror_refuses_every_write() {
    for steps in &MIRRORED[1..] {
        let scene = at(steps);
        assert_takes_no_writes(&scene, "persons", "mail", &["cutover", NAME]);
        scene.python().does("UPDATE people SET name = 'old' WHERE id = 1");
        assert_in_step(&scene);
    }
}

/// Going where one is changes nothing.
#[test]
fn the_present_phase_is_no_step() {
    let scene = at(&["start FILE"]);
    for phase in ["dual-write", "read-new", "write-new", "new-only"] {
        scene.exits(0, &format!("advance --to {phase}"));
        let before = scene.dump();
        scene.exits(0, &format!("advance --to {phase}"));
        scene.exits(0, &format!("rollback --to {phase}"));
        assert_eq!(scene.dump(), before, "{phase}");
    }
}

/// A scope's rows under a second unique key: one takes the place of another, or all of
/// them move along.
#[test]
fn a_unique_value_passes_from_row_to_row_of_a_scope() {
    let scene = Scene::set(
        "CREATE TABLE entries (id INTEGER PRIMARY KEY, list TEXT NOT NULL, at INTEGER NOT NULL);
         CREATE INDEX entries_list ON entries (list);
         INSERT INTO entries VALUES (1, 'a', 10), (2, 'a', 20), (3, 'a', 30), (5, 'b', 10), (6, 'b', 5);",
        "CREATE TABLE new.firsts (id INTEGER PRIMARY KEY, list TEXT NOT NULL UNIQUE);
         CREATE TABLE new.places (
             id INTEGER PRIMARY KEY, list TEXT NOT NULL, at INTEGER NOT NULL, place INTEGER NOT NULL,
             UNIQUE (list, place));
         -- scope: list
         INSERT INTO new.firsts (id, list)
         SELECT id, list FROM (SELECT id, list, min(id) OVER (PARTITION BY list) AS first FROM old.entries)
         WHERE id = first;
         -- scope: list
         INSERT INTO new.places (id, list, at, place)
         SELECT id, list, at, row_number() OVER (PARTITION BY list ORDER BY at, id) FROM old.entries;
         INSERT INTO old.entries (id, list, at) SELECT id, list, at FROM new.places;",
    );
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    for statement in [
        "INSERT INTO entries VALUES (4, 'b', 7)",
        "INSERT INTO entries VALUES (0, 'a', 15)",
        "REPLACE INTO entries VALUES (2, 'b', 1)",
        "UPDATE entries SET at = -at",
        "UPDATE entries SET id = -id WHERE list = 'a'",
        "UPDATE entries SET list = 'b' WHERE id = -1",
        "DELETE FROM entries WHERE id IN (SELECT min(id) FROM entries GROUP BY list)",
        "INSERT OR IGNORE INTO entries VALUES (-9, 'a', -99), (-8, 'b', -99)",
    ] {
        python.does(statement);
        let conn = scene.conn();
        assert_same(
            statement,
            Rows {
                name: "the old table",
                conn: &conn,
                sql: "SELECT id, list, at, row_number() OVER (PARTITION BY list ORDER BY at, id) FROM entries",
            },
            Rows { name: "places", conn: &conn, sql: "SELECT id, list, at, place FROM places" },
        );
        assert_same(
            statement,
            Rows {
                name: "the old table",
                conn: &conn,
                sql: "SELECT min(id), list FROM entries GROUP BY list",
            },
            Rows { name: "firsts", conn: &conn, sql: "SELECT id, list FROM firsts" },
        );
    }
    scene.exits(0, "advance --to new-only");
    scene.exits(0, "rollback --to dual-write");
    assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
}
