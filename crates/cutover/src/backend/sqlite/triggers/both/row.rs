//! Tables that hold rows of another table for a moment: columns that store and compare values as
//! its do, and no constraint, so that no conflict clause of the application's statement matters.

use crate::derive::sql::ident;
use crate::schema::{Column, Table};

/// The definition of a column that stores what the column does.
pub(super) fn like(name: &str, column: Option<&Column>) -> String {
    let Some(column) = column else { return ident(name) };
    let collate = match column.is_binary() {
        true => String::new(),
        false => format!(" COLLATE {}", ident(&column.collation)),
    };
    format!("{} {}{collate}", ident(name), column.affinity.type_name())
}

/// The same of a column of a table, which may be its rowid.
pub(super) fn like_of(name: &str, table: &Table, column: &str) -> String {
    match table.column(column) {
        Some(found) if !table.is_rowid_alias(column) => like(name, Some(found)),
        _ => format!("{} INTEGER", ident(name)),
    }
}

/// That two values are not the same, to the byte: other than `IS NOT`, which takes 1 and 1.0, and
/// under NOCASE 'a' and 'A', for one. 0.0 and -0.0 can't be told apart.
pub(super) fn not_same(one: &str, other: &str) -> String {
    format!("({one} COLLATE BINARY IS NOT {other} OR typeof({one}) <> typeof({other}))")
}
