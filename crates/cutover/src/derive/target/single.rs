//! Whether a scope can hold more than one row.

use super::table::Target;
use crate::derive::query::equated::equated;
use crate::derive::query::trace::trace_expr;
use crate::derive::query::{Arm, Item, Leaf, What};
use crate::derive::source::Source;
use crate::schema::Catalog;

/// Whether one scope gives at most one row, by the statement's structure alone.
pub(super) fn is_single(source: &Source, catalog: &Catalog, filled: &[Target]) -> bool {
    if source.query.rest.is_empty() && is_distinct_scope(source) {
        return true;
    }
    let ([terms], true) = (source.paths.as_slice(), source.query.rest.is_empty()) else {
        return source.query.rest.is_empty() && groups_by_scope(source);
    };
    if !source.query.first.group_by.is_empty() {
        return groups_by_scope(source);
    }
    let arm = &source.query.first;
    if arm.aggregates || !arm.partitions.is_empty() {
        return false;
    }
    let Some((driver, others)) = arm.from.split_first() else { return false };
    let Some(leaf) = driving_leaf(&driver.what) else { return false };
    let Some(table) = catalog.table(leaf.side, &leaf.table) else { return false };
    let by_key = table.primary_key().is_some_and(|key| {
        key.columns.iter().all(|part| {
            table.never_null(part)
                && terms.iter().any(|term| {
                    term.leaf == Some(leaf.number)
                        && term.bare().is_some_and(|bare| bare.eq_ignore_ascii_case(part))
                })
        })
    });
    by_key && others.iter().all(|item| joins_one(item, arm, catalog, filled))
}

/// The table whose rows an item passes on one by one, if it does.
fn driving_leaf(what: &What) -> Option<&Leaf> {
    match what {
        What::Leaf(leaf) => Some(leaf),
        What::Query(query) => {
            let arm = &query.first;
            let row_wise = query.rest.is_empty()
                && arm.group_by.is_empty()
                && !arm.aggregates
                && arm.partitions.is_empty()
                && arm.from.len() == 1;
            row_wise.then(|| driving_leaf(&arm.from[0].what)).flatten()
        }
        What::Call(..) | What::Step(_) => None,
    }
}

/// DISTINCT over columns that are all part of the scope.
fn is_distinct_scope(source: &Source) -> bool {
    let arm = &source.query.first;
    let in_scope = |position: usize| source.scope_positions.contains(&position);
    arm.distinct && (0..arm.columns.len()).all(in_scope)
}

/// Every grouping expression is part of the scope.
fn groups_by_scope(source: &Source) -> bool {
    let arm = &source.query.first;
    !arm.group_by.is_empty()
        && arm.group_by.iter().all(|expr| {
            let group = trace_expr(arm, expr);
            group.is_some()
                && source
                    .scope_positions
                    .iter()
                    .any(|position| trace_expr(arm, &arm.columns[*position].expr) == group)
        })
}

/// Whether a joined item gives at most one row: its ON (or, for an inner join,
/// the WHERE) equates a whole unique key of it.
fn joins_one(item: &Item, arm: &Arm, catalog: &Catalog, filled: &[Target]) -> bool {
    let What::Leaf(leaf) = &item.what else { return false };
    let Some(table) = catalog.table(leaf.side, &leaf.table) else { return false };
    let equated = equated(item, arm);
    // The rows of a target filled earlier are told apart by its key with IS: no two
    // of them agree on it, not even in NULL.
    let by_key = filled.iter().any(|target| {
        target.direction.target() == leaf.side
            && target.table.name == leaf.table
            && target.key.columns.iter().all(|part| {
                equated.iter().any(|equation| equation.column.eq_ignore_ascii_case(part))
            })
    });
    by_key
        || table.uniques.iter().any(|key| {
            key.columns.iter().all(|part| {
                equated.iter().any(|equation| {
                    // UNIQUE lets several NULLs in, so `IS` is one row only where there is none.
                    equation.column.eq_ignore_ascii_case(part)
                        && (equation.strict || table.never_null(part))
                })
            })
        })
}
