//! Tombstones: what stands under the name of an old table once it is retired.
//!
//! Programs of the old schema start with `CREATE TABLE IF NOT EXISTS`, and would silently make
//! the table anew. A view of that name satisfies them; it gives the live rows, and each write
//! to it fails with an error that says what happened.

use super::dialect::{refuse, trigger};
use crate::derive::live;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::join;
use crate::derive::target::Target;
use crate::phase::Side;
use crate::schema::Catalog;

/// The events that a tombstone refuses.
const EVENTS: [&str; 3] = ["insert", "update", "delete"];

/// The view in the place of a backward target's table, without what refuses writes.
pub(crate) fn view(target: &Target, catalog: &Catalog) -> Object {
    live::view_as(target.table.known_as.clone(), target, Side::New, catalog)
}

/// The view in the place of a backward target's table, and its triggers.
pub(crate) fn tombstone(
    target: &Target,
    names: Names,
    migration: &str,
    since: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let table = &target.table.known_as;
    let mut new: Vec<&str> = Vec::new();
    for (_, leaf) in target.leaves().filter(|(_, leaf)| leaf.side == Side::New) {
        let known_as = catalog
            .table(Side::New, &leaf.table)
            .map_or(leaf.table.as_str(), |table| table.known_as.as_str());
        if !new.contains(&known_as) {
            new.push(known_as);
        }
    }
    let message = format!(
        "cutover: {table} is read-only: migration {migration} went to retired at {since}; write to {}",
        join(&new, ", ", |name| (*name).to_owned())
    );
    let mut objects = vec![view(target, catalog)];
    objects.extend(EVENTS.map(|event| {
        let name = names.tombstone(event, table);
        let event = format!("INSTEAD OF {}", event.to_uppercase());
        trigger(name, &event, table, None, &[refuse(&message)])
    }));
    objects
}
