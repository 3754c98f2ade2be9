//! Rows that go with others.

use crate::schema::{Catalog, Table};

/// Whether the removal of a row may take other rows of the same table along: foreign keys lead
/// from the table over others back to it.
pub(crate) fn cascades_onto_itself(table: &Table, catalog: &Catalog) -> bool {
    let all = || catalog.old.iter().chain(catalog.new.iter());
    let is = |table: &Table, name: &str| {
        table.name.eq_ignore_ascii_case(name) || table.known_as.eq_ignore_ascii_case(name)
    };
    let mut reached: Vec<&Table> = vec![table];
    let mut next = 0;
    while let Some(parent) = reached.get(next).copied() {
        next += 1;
        for child in all() {
            if child.foreign_keys.iter().any(|key| is(parent, &key.table)) {
                if std::ptr::eq(child, table) || child == table {
                    return true;
                }
                if !reached.contains(&child) {
                    reached.push(child);
                }
            }
        }
    }
    false
}
