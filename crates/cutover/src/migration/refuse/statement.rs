//! Refusals of whole statements, and of the comments around them.

use crate::migration::fault::Fault;
use crate::migration::parsed::Location;

pub(in crate::migration) fn kind(at: Location, kind: &str, why: &str, fix: &str) -> Fault {
    Fault::at(at, format!("a migration can't hold {kind}: {why}"), fix)
}

pub(in crate::migration) fn with_before_insert(at: Location) -> Fault {
    Fault::at(
        at,
        "WITH stands before the INSERT, where a trigger can't have it",
        "put it after the column list: INSERT INTO T (…) WITH … SELECT …",
    )
}

pub(in crate::migration) fn scope_on_other(at: Location) -> Fault {
    Fault::at(
        at,
        "this scope comment stands above a statement that isn't an INSERT … SELECT",
        "put it directly above the INSERT that it is about",
    )
}

pub(in crate::migration) fn scope_elsewhere(at: Location) -> Fault {
    Fault::at(
        at,
        "this scope comment isn't above a statement, so it would be about nothing",
        "put it on a line of its own, directly above the INSERT that it is about",
    )
}

pub(in crate::migration) fn scope_twice(at: Location) -> Fault {
    Fault::at(
        at,
        "a second scope comment for the same statement",
        "name all the columns in one: -- scope: col, col",
    )
}

pub(in crate::migration) fn scope_malformed(at: Location) -> Fault {
    Fault::at(
        at,
        "this scope comment names no columns that can be read",
        "write -- scope: col, col with columns of the INSERT's list, or remove it",
    )
}

pub(in crate::migration) fn scope_column(at: Location, column: &str) -> Fault {
    Fault::at(
        at,
        format!("the scope names `{column}`, which isn't in the INSERT's column list"),
        "name columns that the INSERT fills",
    )
}

pub(in crate::migration) fn scope_column_twice(at: Location, column: &str) -> Fault {
    Fault::at(at, format!("the scope names `{column}` twice"), "name it once")
}

pub(in crate::migration) fn parameter(at: Location, parameter: &str) -> Fault {
    Fault::at(
        at,
        format!("`{parameter}` is a parameter, and nothing would give it a value"),
        "write the value itself",
    )
}

pub(in crate::migration) fn digit_separator(at: Location, number: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{number}` has separators between its digits, which SQLite has had since 3.46: \
             what a migration creates must be read by the SQLite of every program, from 3.38 on"
        ),
        format!("write {}", number.replace('_', "")),
    )
}

pub(in crate::migration) fn hex_too_large(at: Location, number: &str) -> Fault {
    let shown: String = number.chars().take(20).collect();
    Fault::at(
        at,
        format!("`{shown}…` has more than the 16 hexadecimal digits of a number"),
        "write a blob, x'…', or a decimal number",
    )
}
