//! `write-both` as a phase: the ways into it and out of it, what it refuses and says, and what
//! only the new tables hold. What its triggers do is tested where they are.

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    INSERT INTO clients VALUES (1, 'Ada', 'Paris'), (2, 'Bob', NULL);";

/// `clients` becomes `customers`, with columns of their own.
fn migration(to: &str, more: &str) -> String {
    format!(
        "CREATE TABLE new.{to} (id INTEGER PRIMARY KEY, label TEXT NOT NULL, city TEXT{more});
         INSERT INTO new.{to} (id, label, city) SELECT id, name, city FROM old.clients;
         INSERT INTO old.clients (id, name, city) SELECT id, label, city FROM new.{to};"
    )
}

fn in_read_new(more: &str) -> Scene {
    let scene = Scene::set(SCHEMA, &migration("customers", more));
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to read-new");
    scene
}

const OLD: &str = "SELECT id, name, city FROM clients ORDER BY id";
const NEW: &str = "SELECT id, label, city FROM customers ORDER BY id";

#[test]
fn both_sides_take_writes_and_stay_in_step() {
    let scene = in_read_new(", note TEXT");
    scene.exits(0, "advance --to write-both");
    let status = scene.status();
    assert_eq!(status["writes"]["enter"], "both");
    assert_eq!(status["old_schema"]["state"], "written");
    assert!(status["tables"].as_array().unwrap().iter().all(|table| table["writable"] == true));
    let mut python = scene.python();
    python.does("INSERT INTO clients VALUES (3, 'Cyd', 'Rome')");
    python.does("INSERT INTO customers (id, label, note) VALUES (4, 'Dan', 'mine')");
    python.does("UPDATE customers SET note = 'hers' WHERE id = 3");
    python.does("UPDATE clients SET city = 'Oslo' WHERE id = 3");
    assert_eq!(scene.rows(OLD), scene.rows(NEW));
    assert_eq!(scene.rows("SELECT * FROM cutover_live_clients ORDER BY id"), scene.rows(OLD));
    let note = scene.rows("SELECT note FROM customers WHERE id = 3");
    assert_eq!(note, scene.rows("SELECT 'hers'"), "an old write leaves what only the new side has");
    let verified = json(&scene.exits(0, "verify --json"));
    assert_eq!((&verified["ok"], &verified["only_new_holds"]), (&true.into(), &0.into()));
}

/// The walk through it and back, with writes on every side that takes them.
#[test]
fn there_and_back_and_out_of_the_migration() {
    let scene = in_read_new("");
    let mut id = 10;
    let mut write = |old: bool, new: bool| {
        for (takes, sql) in [
            (old, "INSERT INTO clients (id, name) VALUES"),
            (new, "INSERT INTO customers (id, label) VALUES"),
        ] {
            id += 1;
            let done = scene.python().attempt(&format!("{sql} ({id}, 'n{id}')"));
            assert_eq!(done.is_ok(), takes, "{sql}: {done:?}");
        }
        assert_eq!(scene.rows(OLD), scene.rows(NEW));
    };
    write(true, false);
    for (command, phase, old, new) in [
        ("advance --to write-both", "write-both", true, true),
        ("advance --quiet-for 0", "write-new", false, true),
        ("rollback --to write-both", "write-both", true, true),
        ("rollback", "read-new", true, false),
        ("advance --to write-both", "write-both", true, true),
        ("advance --to new-only --quiet-for 0", "new-only", false, true),
    ] {
        scene.exits(0, command);
        assert_eq!(scene.phase(), phase);
        if phase == "new-only" {
            break;
        }
        write(old, new);
    }
    scene.exits(0, "rollback --to write-both");
    assert_eq!(scene.phase(), "write-both");
    write(true, true);
    assert!(scene.is_refused("abort").stderr.contains("rollback --to dual-write"));
    scene.exits(0, "rollback --to dual-write");
    let rows = scene.rows(OLD);
    scene.exits(0, "abort");
    assert_eq!(scene.rows(OLD), rows);
    assert!(scene.rows("SELECT name FROM sqlite_schema WHERE name = 'customers'").is_empty());
}

#[test]
fn only_who_asks_for_it_enters_it() {
    let scene = in_read_new("");
    let said = scene.exits(0, "status").stdout;
    assert!(said.contains("advance --to write-both"), "{said}");
    scene.exits(0, "advance");
    assert_eq!(scene.phase(), "write-new");
    let refused = scene.exits(3, "advance --to write-both").stderr;
    assert!(refused.contains("rollback --to write-both"), "{refused}");
}

/// Each side has its foreign keys while writes enter it, and the mirror none.
#[test]
fn the_foreign_keys_of_both_sides_hold() {
    let schema = "
        CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, client INT REFERENCES clients(id), w TEXT);
        INSERT INTO clients VALUES (1, 'Ada'); INSERT INTO notes VALUES (1, 1, 'w');";
    let migration = "
        CREATE TABLE new.people (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE new.remarks (id INTEGER PRIMARY KEY, person INT REFERENCES people(id), w TEXT);
        INSERT INTO new.people (id, name) SELECT id, name FROM old.clients;
        INSERT INTO new.remarks (id, person, w) SELECT id, client, w FROM old.notes;
        INSERT INTO old.clients (id, name) SELECT id, name FROM new.people;
        INSERT INTO old.notes (id, client, w) SELECT id, person, w FROM new.remarks;";
    let scene = Scene::set(schema, migration);
    let keys = || {
        ["notes", "remarks"].map(|table| {
            scene.rows(&format!("SELECT * FROM pragma_foreign_key_list('{table}')")).len()
        })
    };
    scene.exits(0, "start FILE");
    for (command, expected) in [
        ("advance --to read-new", [1, 0]),
        ("advance --to write-both", [1, 1]),
        ("advance", [0, 1]),
        ("rollback --to write-both", [1, 1]),
        ("rollback", [1, 0]),
    ] {
        scene.exits(0, command);
        assert_eq!(keys(), expected, "{command}");
    }
}

/// What stands in the way of it is refused before anything changes, and `check` tells it.
#[test]
fn what_cant_be_kept_in_step_is_refused_and_noted_beforehand() {
    let log = "CREATE TABLE log (w TEXT);";
    let fails = "CREATE TRIGGER hard BEFORE DELETE ON clients BEGIN SELECT RAISE(FAIL, 'no'); END;";
    let late = "CREATE TRIGGER late AFTER INSERT ON log BEGIN SELECT RAISE(FAIL, 'no'); END;
        CREATE TRIGGER logs AFTER UPDATE ON clients BEGIN INSERT INTO log VALUES ('u'); END;";
    for (schema, to, more, said) in [
        ("", "clients", ", more TEXT", "clients changes in place"),
        (fails, "customers", "", "the trigger hard"),
        (late, "customers", "", "the trigger late, which a write to clients fires"),
        ("", "customers", ", n INT DEFAULT 0, UNIQUE (city, n)", "the unique key (city, n)"),
        ("", "customers", ", n INT, CHECK (n IS NULL OR n <> city)", "the CHECK over"),
        ("", "customers", ", n INT DEFAULT 1 REFERENCES customers(id)", "the foreign key (n)"),
    ] {
        let schema = format!("{SCHEMA}{log}{schema}");
        let migration = match to {
            "clients" => migration(to, more).replace("label", "name"),
            _ => migration(to, more),
        };
        let scene = Scene::set(&schema, &migration);
        let check = json(&scene.exits(0, "check FILE --json"));
        assert_eq!(check["write_both"]["possible"], false, "{more}");
        let text = scene.exits(0, "check FILE").stdout;
        assert!(text.contains("write-both: ") && text.contains(said), "{text}");
        scene.exits(0, "start FILE");
        scene.exits(0, "advance --to read-new");
        assert!(!scene.exits(0, "status").stdout.contains("write-both"));
        let before = scene.rows("SELECT name, sql FROM sqlite_schema");
        let refused = scene.exits(3, "advance --to write-both").stderr;
        assert!(refused.contains(said) && refused.contains("write-both"), "{refused}");
        assert_eq!(
            (scene.phase().as_str(), before),
            ("read-new", scene.rows("SELECT name, sql FROM sqlite_schema"))
        );
        scene.exits(0, "advance");
    }
}

/// A trigger of the application that came after `start`, on a new table.
#[test]
fn a_trigger_that_writes_to_a_table_of_the_migration_is_refused() {
    let scene = in_read_new("");
    scene.sql(
        "CREATE TRIGGER back AFTER UPDATE ON customers BEGIN UPDATE clients SET city = 'x'; END",
    );
    scene.exits(0, "repair");
    let refused = scene.exits(3, "advance --to write-both").stderr;
    assert!(refused.contains("trigger back on customers writes to clients"), "{refused}");
}

/// What the refusal of a change in place advises.
#[test]
fn a_name_of_its_own_is_the_way_round_a_change_in_place() {
    let scene = Scene::set(SCHEMA, &migration("clients_new", ", more TEXT"));
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to read-new");
    scene.exits(0, "advance --to write-both");
    scene.sql("INSERT INTO clients_new VALUES (7, 'Gil', NULL, 'm')");
    scene.exits(0, "advance --to retired --yes");
    scene.exits(0, "forget scene");
    scene.sql("ALTER TABLE clients_new RENAME TO clients");
    assert_eq!(scene.rows("SELECT more FROM clients WHERE id = 7").len(), 1);
}

/// After a rollback from `new-only` some rows may be set aside: old programs would miss them.
#[test]
fn rows_that_are_set_aside_are_brought_back_first() {
    let schema = SCHEMA.replace("city TEXT", "city TEXT CHECK (length(city) < 9)");
    let scene = Scene::set(&schema, &migration("customers", ""));
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to new-only");
    scene.python().does("UPDATE customers SET city = 'Saint Petersburg' WHERE id = 1");
    scene.exits(0, "rollback --to write-new");
    let refused = scene.exits(3, "rollback --to write-both").stderr;
    assert!(refused.contains("1 row of clients can't be held"), "{refused}");
    assert!(refused.contains("_cutover_kept_clients") && refused.contains("repair"), "{refused}");
    assert_eq!(scene.phase(), "write-new");
    scene.python().does("UPDATE customers SET city = 'Rome' WHERE id = 1");
    scene.exits(0, "repair");
    scene.exits(0, "rollback --to write-both");
    assert_eq!(scene.rows(OLD), scene.rows(NEW));
    scene.python().does("UPDATE clients SET city = 'Oslo' WHERE id = 1");
    assert_eq!(scene.rows(OLD), scene.rows(NEW));
}

/// Another migration that reads what this one replaces, started by an older release: it must end
/// before writes enter the new tables.
#[test]
fn another_migration_that_reads_its_tables_is_in_the_way() {
    let scene = in_read_new("");
    let other = scene.db.with_file_name("other.sql");
    std::fs::write(
        &other,
        "CREATE TABLE new.towns (id INTEGER PRIMARY KEY, town TEXT, who TEXT);
         INSERT INTO new.towns (id, town, who)
           SELECT t.id, t.town, c.name FROM old.places AS t LEFT JOIN old.clients AS c ON c.id = t.id;
         INSERT INTO old.places (id, town) SELECT id, town FROM new.towns;",
    )
    .unwrap();
    scene.sql("CREATE TABLE places (id INTEGER PRIMARY KEY, town TEXT)");
    let start = format!("start {}", other.display());
    assert!(scene.exits(3, &start).stderr.contains("clients"));
    // As if it had been started before that was refused.
    scene.sql("UPDATE _cutover_migrations SET name = 'hidden', phase = 'retired'");
    scene.exits(0, &start);
    scene.sql(
        "UPDATE _cutover_migrations SET name = 'scene', phase = 'read-new' WHERE name = 'hidden'",
    );
    let refused = scene.exits(3, "advance --to write-both --migration scene").stderr;
    assert!(refused.contains("migration other"), "{refused}");
    scene.exits(0, "abort --migration other");
    scene.exits(0, "advance --to write-both --migration scene");
    let status = json(&scene.exits(0, "status --migration scene --json"));
    assert_eq!(status["phase"], "write-both");
}
