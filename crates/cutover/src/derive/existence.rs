//! Whether a mapping gives a row for a scope, asked without making the row.
//!
//! What decides it is whether the tables have a row that leads to one: not what the row holds,
//! how often it is there, or in what order. So expressions, groups, windows and what is joined
//! only for its values are left out. A group of many rows is not read to know that it is there.

use super::derived::{Part, Place, leaf_of};
use super::query::givers::givers;
use super::query::{Leaf, Query};
use crate::derive::target::Target;

/// Whether the mapping gives the row of a scope, its values given by SQL expressions. `None`
/// where a scope may have several rows, or only the rows tell.
pub(crate) fn is_given(target: &Target, value: &dyn Fn(usize) -> String) -> Option<String> {
    let [source] = target.sources.as_slice() else { return None };
    if !target.single || !target.keyed_by_scope() || !target.scope_is_in_key() {
        return None;
    }
    let parts: Vec<String> = givers(&source.query)?
        .into_iter()
        .map(|arm| {
            let table = |leaf: &Leaf| Place::LIVE.table(leaf.side, &leaf.table);
            let leaf = |leaf: &Leaf| leaf_of(target, source, leaf, table(leaf), Part::Scope(value));
            format!("EXISTS ({})", Query::of(arm).render(&leaf))
        })
        .collect();
    match parts.as_slice() {
        [only] => Some(only.clone()),
        _ => Some(format!("({})", parts.join(" OR "))),
    }
}
