//! The statements themselves, as snapshots: they lie in users' databases.

use super::guard::guards;
use super::sync::sync;
use super::touched::notes;
use crate::derive::live::view;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::tests::derive;
use crate::phase::Side;

const NAMES: Names = Names { migration: 1 };

fn listing(objects: &[Object]) -> String {
    objects.iter().map(|object| format!("{};\n", object.sql)).collect()
}

const CLIENTS: &str =
    "CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT)";

#[test]
fn statements_of_a_split() {
    let migration = "
        CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE new.addresses (
            customer_id INTEGER PRIMARY KEY REFERENCES customers(id), street TEXT, city TEXT);
        INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
        INSERT INTO new.addresses (customer_id, street, city) SELECT id, street, city FROM old.clients;
        INSERT INTO old.clients (id, name, street, city)
        SELECT c.id, c.name, a.street, a.city
        FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;";
    let (forward, backward, catalog) = derive(CLIENTS, migration).unwrap();
    insta::assert_snapshot!("split_forward", listing(&sync(&forward, NAMES, "m", &catalog)));
    insta::assert_snapshot!("split_backward", listing(&sync(&backward, NAMES, "m", &catalog)));
    insta::assert_snapshot!("split_guards", listing(&guards(&forward[0], NAMES, "m")));
    insta::assert_snapshot!("split_notes", listing(&notes(forward.iter().chain(&backward), NAMES)));
    insta::assert_snapshot!("split_live", view(&backward[0], Side::New, &catalog).sql);
}

/// Grouping over a union, surrogate keys, and what lets an INSERT leave the group alone.
#[test]
fn statements_of_a_normalisation() {
    let old = "CREATE TABLE events (id INTEGER PRIMARY KEY, city TEXT NOT NULL, at INTEGER);
               CREATE TABLE visits (id INTEGER PRIMARY KEY, city TEXT NOT NULL, at INTEGER);";
    let migration = "
        CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER);
        CREATE TABLE new.happenings (id INTEGER PRIMARY KEY, city_id INTEGER NOT NULL, at INTEGER);
        CREATE TABLE new.calls (id INTEGER PRIMARY KEY, city_id INTEGER NOT NULL, at INTEGER);
        INSERT INTO new.cities (name, first)
        SELECT city, min(at) FROM (SELECT city, at FROM old.events UNION ALL SELECT city, at FROM old.visits)
        GROUP BY city;
        INSERT INTO new.happenings (id, city_id, at)
        SELECT e.id, c.id, e.at FROM old.events e JOIN new.cities c ON c.name = e.city;
        INSERT INTO new.calls (id, city_id, at)
        SELECT v.id, c.id, v.at FROM old.visits v JOIN new.cities c ON c.name = v.city;
        INSERT INTO old.events (id, city, at)
        SELECT h.id, c.name, h.at FROM new.happenings h JOIN new.cities c ON c.id = h.city_id;
        INSERT INTO old.visits (id, city, at)
        SELECT v.id, c.name, v.at FROM new.calls v JOIN new.cities c ON c.id = v.city_id;";
    let (forward, _, catalog) = derive(old, migration).unwrap();
    insta::assert_snapshot!(
        "normalisation_forward",
        listing(&sync(&forward, NAMES, "m", &catalog))
    );
}
