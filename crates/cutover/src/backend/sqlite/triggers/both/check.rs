//! Whether the new tables say what was written to the old one: the way back must give just the
//! rows that the old table holds.

use super::super::dialect::{procedure, refuse};
use super::context::Both;
use crate::derive::derived::{Part, Place, derived, differs, held};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::owned::givers;
use crate::derive::sql::ident;
use crate::derive::target::{Target, scope_columns};

/// That the row `t` of the old table is the row `d` that the way back gives.
pub(super) fn comes_back(target: &Target) -> String {
    let key = target.same_key("t", "d");
    let differs = differs(target, target.values(), "t", &|column| format!("d.{}", ident(column)));
    differs.map_or_else(|| key.clone(), |differs| format!("{key} AND NOT ({differs})"))
}

/// What is said where it doesn't.
pub(super) fn message(migration: &str, target: &Target) -> String {
    format!(
        "cutover: migration {migration}: {} can't say what was written to {}: it would come back otherwise",
        givers(target),
        target.table.known_as
    )
}

/// The name of the procedure: a scope of the old table that is inserted is compared.
pub(super) fn name(names: Names, target: &Target) -> String {
    names.trigger("come_back", &target.table.name)
}

/// The procedure, for one backward target.
pub(super) fn check(both: Both<'_>, target: &Target) -> Vec<Object> {
    let scope = |position: usize| format!("NEW.s{position}");
    let given = derived(target, Place::LIVE, Part::Scope(&scope));
    let rows = held(target, Place::LIVE, Part::Scope(&scope));
    let table = ident(&target.table.name);
    let key = target.same_key("t", "d");
    let same = comes_back(target);
    let mut wrong = format!(
        "EXISTS (SELECT 1 FROM ({given}) AS d WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})) \
         OR EXISTS (SELECT 1 FROM ({rows}) AS t WHERE NOT EXISTS (SELECT 1 FROM ({given}) AS d WHERE {key}))"
    );
    if !target.single {
        wrong +=
            &format!(" OR (SELECT count(*) FROM ({given})) <> (SELECT count(*) FROM ({rows}))");
    }
    let statement = format!("{} WHERE {wrong}", refuse(&message(both.migration, target)));
    procedure(&name(both.names, target), &scope_columns(target), &[statement])
}
