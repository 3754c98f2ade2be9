//! What keeps both sides in step, put together.

use super::super::builtins::builtins;
use super::super::checks::checks_in_turn;
use super::super::mark::syncing;
use super::super::sync::sync_in_turn;
use super::check::check;
use super::context::Both;
use super::delta::deltas;
use super::old_table::OldTable;
use super::put::procedures;
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
    objects.extend(forward.iter().flat_map(|target| deltas(target, names)));
    objects.extend(forward.iter().flat_map(|target| procedures(both, target)));
    objects.extend(backward.iter().flat_map(|target| check(both, target)));
    for (side, table) in read_tables(forward) {
        let table = catalog.table(side, &table).filter(|_| side == Side::Old);
        let Some(table) = table else { continue };
        objects.extend(builtins(forward, names, migration, (side, &table.name)));
        let own = OldTable::new(both, table).objects();
        // The probe for constraints that say ON CONFLICT REPLACE is one for all tables.
        let fresh = own.into_iter().filter(|object| {
            object.name != names.probe_default() || !objects.iter().any(|o| o == object)
        });
        let fresh: Vec<Object> = fresh.collect();
        objects.extend(fresh);
    }
    objects
}
