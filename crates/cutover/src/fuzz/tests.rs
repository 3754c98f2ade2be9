//! The fuzzer itself, on a sync that was broken on purpose: it must find that, and show
//! it in few words. One that can't fail proves nothing.

use super::tally::FuzzOptions;
use crate::backend::sqlite::Connection;
use crate::engine::open::Engine;
use crate::engine::options::Options;
use crate::migration::Migration;
use crate::phase::Direction;
use crate::report::{FuzzFault, FuzzReport};
use crate::watch::Silent;

const OLD: &str = "
    CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, city TEXT);
    CREATE TABLE log (client INTEGER, what TEXT);
    CREATE TRIGGER renamed AFTER UPDATE OF name ON clients BEGIN
        INSERT INTO log VALUES (NEW.id, 'renamed');
    END;
    INSERT INTO clients (name, city) VALUES ('Ada', 'Leeds'), ('Ben', NULL), ('Cy', 'York');";

const MIGRATION: &str = "
    CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE new.places (customer INTEGER PRIMARY KEY, city TEXT);
    INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
    INSERT INTO new.places (customer, city) SELECT id, city FROM old.clients;
    INSERT INTO old.clients (id, name, city)
    SELECT c.id, c.name, p.city FROM new.customers c LEFT JOIN new.places p ON p.customer = c.id;";

fn fuzz(sabotage: Option<&str>, statements: u64, seed: u64) -> FuzzReport {
    fuzz_on(OLD, sabotage, statements, seed)
}

fn fuzz_on(old: &str, sabotage: Option<&str>, statements: u64, seed: u64) -> FuzzReport {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let app = Connection::scratch(&path).unwrap();
    app.keep_log().unwrap();
    app.batch(old).unwrap();
    drop(app);
    let migration = Migration::parse("move", MIGRATION).unwrap();
    let engine = Engine::open(&path, Options::default()).unwrap();
    let options = FuzzOptions { statements, seed };
    engine.fuzz_sabotaged(&migration, options, sabotage, &mut Silent).unwrap()
}

#[test]
fn what_is_whole_has_no_failure() {
    let report = fuzz(None, 1_000, 1);
    assert!(report.ok, "{report:?}");
    assert_eq!(report.rows, 3);
}

fn found(sabotage: &str, direction: Direction, fault: FuzzFault, longest: usize) {
    let report = fuzz(Some(sabotage), 3_000, 1);
    let failure = report.failure.expect("it is found");
    assert_eq!((failure.direction, failure.fault), (direction, fault), "{failure:#?}");
    // The first two are the settings that a connection begins with.
    assert!(failure.script.len() <= 2 + longest, "{failure:#?}");
    let rows = failure.setup.iter().filter(|sql| sql.starts_with("INSERT")).count();
    assert!(rows <= 1, "{failure:#?}");
}

#[test]
fn an_update_that_is_not_followed() {
    let sabotage = "DROP TRIGGER IF EXISTS _cutover_1_after_update_clients";
    found(sabotage, Direction::Forward, FuzzFault::Mirror, 2);
}

#[test]
fn a_delete_that_is_not_followed() {
    let sabotage = "DROP TRIGGER IF EXISTS _cutover_1_after_delete_clients";
    found(sabotage, Direction::Forward, FuzzFault::Mirror, 2);
}

#[test]
fn a_row_that_a_replace_removes_by_another_key() {
    let sabotage = "DROP TRIGGER IF EXISTS _cutover_1_before_insert_clients";
    let failure = fuzz(Some(sabotage), 3_000, 1).failure.expect("it is found");
    assert_eq!((failure.direction, failure.fault), (Direction::Forward, FuzzFault::Mirror));
    let last = failure.script.last().unwrap();
    assert!(last.contains("REPLACE"), "{failure:#?}");
}

/// An index that the application feeds is its own as well: it must hear of every row.
#[test]
fn a_virtual_table_that_is_not_fed() {
    let old = format!(
        "{OLD} CREATE VIRTUAL TABLE words USING fts5(name);
         CREATE TRIGGER fed AFTER INSERT ON clients BEGIN
             INSERT INTO words (rowid, name) VALUES (NEW.id, NEW.name);
         END;"
    );
    assert!(fuzz_on(&old, None, 400, 1).ok);
    let report = fuzz_on(&old, Some("DROP TRIGGER IF EXISTS fed"), 400, 1);
    let failure = report.failure.expect("it is found");
    assert_eq!(failure.fault, FuzzFault::Source, "{failure:#?}");
    assert!(failure.reason.starts_with("words"), "{failure:#?}");
}

#[test]
fn a_replaced_row_of_the_new_tables_that_is_not_followed() {
    let sabotage = "DROP TRIGGER IF EXISTS _cutover_1_after_insert_places";
    found(sabotage, Direction::Backward, FuzzFault::Mirror, 2);
}

#[test]
fn a_trigger_that_changes_what_the_program_wrote() {
    let sabotage = "CREATE TRIGGER meddler AFTER INSERT ON clients WHEN NEW.city IS NULL \
                    BEGIN UPDATE clients SET city = 'nowhere' WHERE id = NEW.id; END";
    found(sabotage, Direction::Forward, FuzzFault::Source, 1);
}

#[test]
fn a_trigger_that_swallows_a_write() {
    let sabotage = "CREATE TRIGGER meddler BEFORE DELETE ON clients WHEN OLD.city IS NULL \
                    BEGIN SELECT RAISE(IGNORE); END";
    found(sabotage, Direction::Forward, FuzzFault::Outcome, 2);
}

#[test]
fn a_live_view_that_lies() {
    let sabotage = "DROP VIEW cutover_live_clients; \
                    CREATE VIEW cutover_live_clients AS SELECT id, name, upper(city) AS city FROM clients";
    found(sabotage, Direction::Forward, FuzzFault::LiveView, 2);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(fuzz(None, 400, 7), fuzz(None, 400, 7));
    let sabotage = Some("DROP TRIGGER IF EXISTS _cutover_1_after_update_clients");
    assert_eq!(fuzz(sabotage, 400, 7), fuzz(sabotage, 400, 7));
}
