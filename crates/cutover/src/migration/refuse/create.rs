//! Refusals of CREATE TABLE and CREATE INDEX.

use crate::migration::fault::Fault;
use crate::migration::parsed::Location;

pub(in crate::migration) fn temp_table(at: Location) -> Fault {
    Fault::at(at, "a temporary table exists only in one connection", "write CREATE TABLE new.T (…)")
}

pub(in crate::migration) fn if_not_exists(at: Location) -> Fault {
    Fault::at(
        at,
        "IF NOT EXISTS would hide that something else already has this name",
        "remove IF NOT EXISTS: cutover knows what it has created",
    )
}

pub(in crate::migration) fn create_unqualified(at: Location, what: &str, name: &str) -> Fault {
    Fault::at(
        at,
        format!("`{name}` does not say which side it is on"),
        format!("write CREATE {what} new.{name}"),
    )
}

pub(in crate::migration) fn create_old(at: Location, what: &str, name: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`old.{name}` would change the old schema, which stays as it is until it is retired"
        ),
        format!("write CREATE {what} new.{name} for what the migration creates, or remove it"),
    )
}

pub(in crate::migration) fn create_elsewhere(
    at: Location,
    what: &str,
    side: &str,
    name: &str,
) -> Fault {
    Fault::at(
        at,
        format!("`{side}.{name}`: there are only two sides, old and new"),
        format!("write CREATE {what} new.{name}"),
    )
}

pub(in crate::migration) fn created_twice(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{name}` was created further up: tables and indexes share one set of names, \
             regardless of case"
        ),
        "give one of them another name",
    )
}

pub(in crate::migration) fn reserved(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!("`{name}` is a name reserved for SQLite or cutover"),
        "use a name that doesn't begin with sqlite_, _cutover_ or cutover_live_",
    )
}

pub(in crate::migration) fn named_like_a_side(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!("`{name}` names a side here, and the row being written in a trigger"),
        "use another name or alias",
    )
}

pub(in crate::migration) fn create_as_select(at: Location) -> Fault {
    Fault::at(
        at,
        "CREATE TABLE … AS SELECT copies rows once and gives the table no key, so they couldn't \
         be kept in step",
        "write CREATE TABLE new.T (…) with its columns, and INSERT INTO new.T (…) SELECT …",
    )
}

pub(in crate::migration) fn index_on_other(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("the file creates no `new.{table}` above this index"),
        format!("add CREATE TABLE new.{table} (…) above it, or remove the index"),
    )
}

pub(in crate::migration) fn qualified_reference(at: Location, after: &str, table: &str) -> Fault {
    Fault::at(
        at,
        format!("SQLite takes no qualifier after {after}: both tables are on the same side"),
        format!("write {after} {table}"),
    )
}

pub(in crate::migration) fn not_sqlite(at: Location, what: &str) -> Fault {
    Fault::at(at, format!("{what} isn't SQLite's"), "remove it, or write it as SQLite has it")
}

pub(in crate::migration) fn collation(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "the collation `{name}` isn't one of SQLite's own: a program that doesn't define it \
             could no longer write"
        ),
        "use BINARY, NOCASE or RTRIM",
    )
}
