//! What the mapping gave before a write, and what it gives after it, of the scopes that the write
//! touches: the rows of one target, as its table would store them.

use super::super::dialect::procedure;
use super::gone::before;
use super::row::{like_of, not_same};
use crate::derive::derived::{Part, Place, derived, derived_from};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::query::Leaf;
use crate::derive::sql::{any, equality, ident, idents, join};
use crate::derive::target::{Target, scope_columns};
use crate::phase::Side;
use crate::schema::Table;

/// The side of a row that the mapping gave.
pub(super) const WAS: u8 = 0;
/// The side of one that it gives.
pub(super) const IS: u8 = 1;
/// The side of one that it gave not, and the table has all the same.
pub(super) const HELD: u8 = 2;

/// `o0, o1, …`: the key under which the table holds the row.
pub(super) fn held_key(target: &Target) -> Vec<String> {
    (0..target.key.columns.len()).map(|position| format!("o{position}")).collect()
}

/// `c0, c1, …`: the row.
pub(super) fn row(target: &Target) -> Vec<String> {
    (0..target.columns.len()).map(|position| format!("c{position}")).collect()
}

/// The column of [`row`] that has a column of the target, if the list has it.
pub(super) fn given(target: &Target, column: &str) -> Option<usize> {
    target.columns.iter().position(|name| name.eq_ignore_ascii_case(column))
}

/// The column of [`row`] that has a part of the key.
pub(super) fn key_at(target: &Target, position: usize) -> usize {
    given(target, &target.key.columns[position]).unwrap_or_default()
}

/// The table that holds them, and the procedure that fills it with what the mapping gives now.
pub(super) fn deltas(target: &Target, names: Names) -> Vec<Object> {
    let table = names.delta(&target.table.name);
    let mut defined = vec!["side INTEGER".to_owned()];
    let like = |name: &str, column: &str| like_of(name, &target.table, column);
    defined.extend(
        held_key(target).iter().zip(&target.key.columns).map(|(name, column)| like(name, column)),
    );
    defined
        .extend(row(target).iter().zip(&target.columns).map(|(name, column)| like(name, column)));
    let sql = format!("CREATE TABLE {} ({})", ident(&table), defined.join(", "));
    let scope = |position: usize| format!("NEW.s{position}");
    let rows = derived(target, Place::LIVE, Part::Scope(&scope));
    let mut objects = vec![Object::table(table, sql)];
    objects.extend(procedure(
        &names.trigger("now", &target.table.name),
        &scope_columns(target),
        &[fill(target, names, &IS.to_string(), &rows)],
    ));
    objects
}

/// The procedure that fills it with what the mapping gave before the write to a table, with or
/// without what a REPLACE removed.
pub(super) fn before_procedure(
    name: &str,
    target: &Target,
    names: Names,
    table: &Table,
) -> Vec<Object> {
    let own = |position: usize| format!("NEW.i{position}");
    let was = before(table, names, &own, "NEW.victims");
    let leaf = |leaf: &Leaf| match leaf.side == Side::Old && leaf.table == table.name {
        true => was.clone(),
        false => ident(&leaf.table),
    };
    let scope = |position: usize| format!("NEW.s{position}");
    let rows = derived_from(target, &leaf, Part::Scope(&scope));
    let identity = (0..table.identity().len()).map(|position| format!("i{position}"));
    let columns: Vec<String> = scope_columns(target)
        .into_iter()
        .chain(identity)
        .chain(["side".to_owned(), "victims".to_owned()])
        .collect();
    procedure(name, &columns, &[fill(target, names, "NEW.side", &rows)])
}

fn fill(target: &Target, names: Names, side: &str, rows: &str) -> String {
    format!(
        "INSERT INTO {} (side, {}) SELECT {side}, {}, {} FROM ({rows}) AS d",
        ident(&names.delta(&target.table.name)),
        [held_key(target), row(target)].concat().join(", "),
        idents("d.", &target.key.columns),
        idents("d.", &target.columns),
    )
}

/// That two rows of the table have the same key.
pub(super) fn same_key(target: &Target, one: &str, other: &str) -> String {
    let positions: Vec<usize> = (0..target.key.columns.len()).collect();
    join(&positions, " AND ", |position| {
        let operator = equality(&target.table, &target.key.columns[*position]);
        let column = key_at(target, *position);
        format!("{one}.c{column} {operator} {other}.c{column}")
    })
}

/// That a row changed, or is to be held under another key: `was` and `is` are rows of the table.
pub(super) fn changed(target: &Target, was: &str, is: &str) -> String {
    let mut parts: Vec<String> = (0..target.columns.len())
        .map(|column| not_same(&format!("{was}.c{column}"), &format!("{is}.c{column}")))
        .collect();
    parts.extend((0..target.key.columns.len()).map(|position| {
        let column = key_at(target, position);
        not_same(&format!("{was}.o{position}"), &format!("{is}.c{column}"))
    }));
    any(&parts)
}
