//! What a write to a source can do to the result of a mapping, by the statement's structure alone.

use crate::derive::query::aggregates::contains_aggregate;
use crate::derive::query::{Arm, Join, Query, What};
use crate::tree::Compound;

/// Whether the insertion of a row of this leaf can take rows away from the result.
/// Only the arms that read the leaf can be affected by it.
pub(crate) fn insert_can_remove(query: &Query, number: usize) -> bool {
    let set = |operator: &Compound| matches!(operator, Compound::Except | Compound::Intersect);
    query.rest.iter().any(|(operator, _)| set(operator))
        || query.arms().any(|arm| {
            let Some(item) = arm.from.iter().find(|item| item.holds(number)) else { return false };
            let below = match &item.what {
                What::Query(query) => {
                    insert_can_remove(query, number)
                        || (arm.filter.is_some() && looks_at_several(query, number))
                }
                _ => false,
            };
            below || item.join == Join::Left || arm.having.is_some() || !arm.partitions.is_empty()
        })
}

/// Whether a row of this leaf always gives a row in its scope. Where it does not, a
/// row that takes the place of another (INSERT OR REPLACE fires no DELETE trigger)
/// can leave the other's image behind.
pub(crate) fn always_gives(query: &Query, number: usize) -> bool {
    let unions = query
        .rest
        .iter()
        .all(|(operator, _)| matches!(operator, Compound::UnionAll | Compound::Union));
    let whole = |arm: &Arm| {
        arm.filter.is_none()
            && arm.having.is_none()
            && arm.from.iter().all(|item| match &item.what {
                _ if !item.holds(number) => item.join == Join::Left,
                What::Query(inner) => item.join != Join::Left && always_gives(inner, number),
                _ => item.join != Join::Left,
            })
    };
    unions && query.arms().filter(|arm| arm.from.iter().any(|item| item.holds(number))).all(whole)
}

/// Whether the deletion of a row of this leaf can add to or change what is left.
pub(crate) fn delete_can_change(query: &Query, number: usize) -> bool {
    insert_can_remove(query, number) || looks_at_several(query, number)
}

/// Whether a result row is made from several rows of this leaf.
fn looks_at_several(query: &Query, number: usize) -> bool {
    query.arms().any(|arm| {
        let Some(item) = arm.from.iter().find(|item| item.holds(number)) else { return false };
        let below = match &item.what {
            What::Query(query) => looks_at_several(query, number),
            _ => false,
        };
        below
            || arm.aggregates
            || !arm.partitions.is_empty()
            || arm.columns.iter().any(|output| contains_aggregate(&output.expr))
    })
}
