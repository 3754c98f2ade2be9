//! Rows that go with others.

use crate::schema::{Catalog, ForeignKey, Table};

/// Whether the removal of a row may take other rows of the same table along: foreign keys lead
/// from the table over others back to it.
pub(crate) fn cascades_onto_itself(table: &Table, catalog: &Catalog) -> bool {
    reaches(table, table, catalog, &|_| true)
}

/// Whether the removal of a row of one table may delete or change rows of another, before the
/// triggers of its own removal run.
pub(crate) fn cascades_onto(parent: &Table, child: &Table, catalog: &Catalog) -> bool {
    reaches(parent, child, catalog, &|key| key.acts)
}

/// Whether foreign keys lead from one table down to another.
fn reaches(
    from: &Table,
    to: &Table,
    catalog: &Catalog,
    counts: &dyn Fn(&ForeignKey) -> bool,
) -> bool {
    let all = || catalog.old.iter().chain(catalog.new.iter());
    let is = |table: &Table, name: &str| {
        table.name.eq_ignore_ascii_case(name) || table.known_as.eq_ignore_ascii_case(name)
    };
    let mut reached: Vec<&Table> = vec![from];
    let mut next = 0;
    while let Some(parent) = reached.get(next).copied() {
        next += 1;
        for child in all() {
            if child.foreign_keys.iter().any(|key| counts(key) && is(parent, &key.table)) {
                if std::ptr::eq(child, to) || child == to {
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
