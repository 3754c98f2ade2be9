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
        "this scope comment is above a statement that is not an INSERT … SELECT",
        "put it directly above its INSERT",
    )
}

pub(in crate::migration) fn scope_elsewhere(at: Location) -> Fault {
    Fault::at(
        at,
        "this scope comment is not above a statement, so it has no effect",
        "put it on a line of its own, directly above its INSERT",
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
        "no column names can be read in this scope comment",
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
        format!("`{parameter}` is a parameter, and nothing gives it a value"),
        "write the value itself",
    )
}

pub(in crate::migration) fn digit_separator(at: Location, number: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{number}` has separators between its digits, which SQLite accepts since 3.46: every \
             program's SQLite, from 3.38 on, must be able to read what a migration creates"
        ),
        format!("write {}", number.replace('_', "")),
    )
}

pub(in crate::migration) fn hex_too_large(at: Location, number: &str) -> Fault {
    let shown: String = number.chars().take(20).collect();
    Fault::at(
        at,
        format!("`{shown}…` has more than 16 hexadecimal digits"),
        "write a blob, x'…', or a decimal number",
    )
}
