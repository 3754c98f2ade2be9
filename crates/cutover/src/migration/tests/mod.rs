//! Tests of the reader.
//!
//! - `accepted`: what a file may hold, and what is made of it
//! - `refused_*`: one test for each function of `refuse/`, named after it; where
//!   the place matters, `»` stands in the text just before it
//! - `lowered`: nothing of an expression is lost in our tree; `printed` writes a SELECT of it
//! - `mangled`: any text at all, for panics and for the stack

mod accepted;
mod lowered;
mod mangled;
mod printed;
mod refused_create;
mod refused_file;
mod refused_functions;
mod refused_mapping;
mod refused_statement;

use super::{Location, Migration, MigrationError};

/// A whole migration that is accepted.
const SPLIT_ADDRESS: &str = "\
-- split-address.sql: addresses get a table of their own
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (
    customer_id INTEGER PRIMARY KEY REFERENCES customers(id), street TEXT, city TEXT);
CREATE INDEX new.by_city ON addresses(city) WHERE city IS NOT NULL;

-- forward: how the new rows come from the old ones
INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
-- scope: customer_id
INSERT INTO new.addresses (customer_id, street, city) SELECT id, street, city FROM old.clients;

-- backward: how the old rows come from the new ones
INSERT INTO old.clients (id, name, street, city)
SELECT c.id, c.name, a.street, a.city FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
";

/// A table to fill, for tests of a single statement: they are refused before
/// the file is found to be incomplete.
const TABLE: &str = "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a TEXT, b AS (a));\n";

fn parse(text: &str) -> Result<Migration, MigrationError> {
    Migration::parse("m", text)
}

/// Asserts that a text is refused at its `»` (nowhere, if it has none).
#[track_caller]
fn refused(text: &str, reason: &str, fix: &str) {
    let at = text.find('»').map(|mark| Location {
        line: text[..mark].matches('\n').count() + 1,
        column: text[..mark].chars().rev().take_while(|character| *character != '\n').count() + 1,
    });
    lowered::all_of(&text.replace('»', ""));
    let error = parse(&text.replace('»', "")).expect_err("this must be refused");
    assert_eq!((error.reason(), error.fix()), (reason, Some(&fix.into())), "in {text:?}");
    assert_eq!(error.at, at, "place in {text:?}");
}

/// Asserts that a mapping into `new.t (id, a)` is refused.
#[track_caller]
fn refused_select(select: &str, reason: &str, fix: &str) {
    refused(&format!("{TABLE}INSERT INTO new.t (id, a)\n{select}"), reason, fix);
}

/// Asserts that a mapping into `new.t (id, a)` is accepted.
#[track_caller]
fn accepted_select(select: &str) {
    let text = format!(
        "{TABLE}INSERT INTO new.t (id, a)\n{select};\n\
         INSERT INTO old.o (id) SELECT id FROM new.t"
    );
    accepted(&text);
}

/// Asserts that a whole file is accepted, and that SQLite runs it as it stands
/// where `old` and `new` are attached databases.
#[track_caller]
fn accepted(text: &str) -> Migration {
    let migration = match parse(text) {
        Ok(migration) => migration,
        Err(error) => panic!("{error} in {text:?}"),
    };
    let db = crate::backend::sqlite::Connection::memory().unwrap();
    db.batch(
        "ATTACH ':memory:' AS old; ATTACH ':memory:' AS new;
         CREATE TABLE old.clients (id INTEGER PRIMARY KEY, name, street, city);
         CREATE TABLE old.o (id INTEGER PRIMARY KEY, a, b, c, name, now, key, right, json);
         CREATE TABLE old.p (id INTEGER PRIMARY KEY, a);
         CREATE TABLE old.q (id INTEGER PRIMARY KEY);",
    )
    .unwrap();
    if let Err(error) = db.batch(text) {
        panic!("SQLite: {error} in {text:?}");
    }
    lowered::all_of(text);
    // What the engine is given is a tree; written out, it is SQL again.
    for mapping in &migration.mappings {
        let Some(select) = printed::select(&mapping.select) else { continue };
        if let Err(error) = db.prepares(&select) {
            panic!("SQLite: {error} in the tree of {text:?}");
        }
    }
    migration
}

#[test]
fn every_refusal_has_a_test() {
    let refusals = [
        include_str!("../refuse/create.rs"),
        include_str!("../refuse/file.rs"),
        include_str!("../refuse/mapping.rs"),
        include_str!("../refuse/statement.rs"),
    ];
    let tests = [
        include_str!("refused_create.rs"),
        include_str!("refused_file.rs"),
        include_str!("refused_functions.rs"),
        include_str!("refused_mapping.rs"),
        include_str!("refused_statement.rs"),
    ];
    let names = |texts: &[&str], before: &str| -> Vec<String> {
        texts
            .iter()
            .flat_map(|text| text.split(before).skip(1))
            .filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()))
            .collect()
    };
    let tests = names(&tests, "\nfn ");
    let refusals = names(&refusals, "\npub(in crate::migration) fn ");
    assert!(refusals.len() > 50, "the refusals were not found");
    for refusal in refusals {
        assert!(tests.contains(&refusal), "no test is named {refusal}");
    }
}
