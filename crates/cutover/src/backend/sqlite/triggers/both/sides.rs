//! What keeps both sides in step, put together.

use super::super::builtins::builtins;
use super::super::checks::checks_in_turn;
use super::super::mark::syncing;
use super::super::sync::sync_in_turn;
use super::acted_on::acted_on;
use super::check::check;
use super::context::Both;
use super::delta::deltas;
use super::old_table::OldTable;
use super::put::procedures;
use super::row_wise::RowWise;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::target::{Target, read_tables};
use crate::phase::Side;
use crate::schema::Catalog;

/// Everything that keeps both sides in step while programs write both.
pub(crate) fn objects(
    forward: &[Target],
    backward: &[Target],
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let both = Both { forward, backward, names, migration, catalog };
    let mut objects: Vec<Object> = syncing(names).into();
    let probe = names.probe();
    let from_new = sync_in_turn(backward, names, migration, catalog);
    if !from_new.iter().any(|object| object.name == probe) {
        objects.extend(super::super::replaced::probe_table(names));
    }
    objects.extend(from_new);
    objects.extend(forward.iter().flat_map(|target| checks_in_turn(target, names, migration)));
    let old = read_tables(forward).into_iter().filter(|(side, _)| *side == Side::Old);
    let old: Vec<OldTable<'_>> = old
        .filter_map(|(side, table)| Some(OldTable::new(both, catalog.table(side, &table)?)))
        .collect();
    // What the mapping gave before a write is held aside only where the row alone can't tell.
    let row_wise: Vec<Option<RowWise<'_>>> = old.iter().map(RowWise::of).collect();
    let derived = |target: &&Target| {
        old.iter().zip(&row_wise).any(|(table, one)| one.is_none() && table.feeds(target))
    };
    objects.extend(forward.iter().filter(derived).flat_map(|target| deltas(target, names)));
    objects.extend(forward.iter().filter(derived).flat_map(|target| procedures(both, target)));
    if row_wise.iter().any(Option::is_none) {
        objects.extend(backward.iter().flat_map(|target| check(both, target)));
    }
    for (table, row_wise) in old.iter().zip(&row_wise) {
        objects.extend(builtins(forward, names, migration, (Side::Old, &table.table.name)));
        // The probe for constraints that say ON CONFLICT REPLACE is one for all tables.
        let own = row_wise.as_ref().map_or_else(|| table.objects(), RowWise::objects);
        let own = own.into_iter().filter(|object| {
            object.name != names.probe_default() || !objects.iter().any(|o| o == object)
        });
        let own: Vec<Object> = own.collect();
        objects.extend(own);
    }
    objects.extend(acted_on(both));
    objects
}
