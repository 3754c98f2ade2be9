//! A mapping with one leaf standing for a changed row, reduced to what leads from there to
//! the scopes.
//!
//! What is left must give every scope in which the row, before or after the change, could
//! make a difference. More does no harm: each is derived again from state. So whatever
//! could hide a scope goes, conditions on what may or may not be there above all.

use super::shape::{Arm, Item, Join, Leaf, Output, Query, What};
use crate::derive::query::term::columns_of;
use crate::derive::query::trace::picked;
use crate::tree::{Expr, Operator};

/// The arm with only the scope's columns (`columns` are their places) as its result.
pub(crate) fn reduce(arm: &Arm, leaf: &Leaf, columns: &[usize]) -> Option<Arm> {
    let whole = arm;
    let mut arm = whole.clone();
    arm.columns = columns
        .iter()
        .map(|position| {
            let output = whole.columns.get(*position)?;
            let expr = picked(whole, &output.expr).unwrap_or(&output.expr).clone();
            Some(Output { expr, ..output.clone() })
        })
        .collect::<Option<_>>()?;
    arm.distinct = true;
    arm.group_by.clear();
    arm.having = None;
    arm.aggregates = false;
    arm.partitions.clear();
    let position = arm.from.iter().position(|item| item.holds(leaf.number))?;
    if let What::Query(query) = &mut arm.from[position].what {
        **query = only_arm_with(query, leaf.number)?;
    }
    let unsure = unsure(&arm, position, leaf);
    if arm.from[position].join == Join::Left {
        // A row of the optional side appears or goes: what it matched is touched,
        // whatever a condition says of the row with NULLs that stands in for it.
        arm.from[position].join = Join::Inner;
        arm.filter = None;
        let needed = arm
            .columns
            .iter()
            .flat_map(|output| columns_of(&output.expr))
            .filter_map(|(alias, _)| arm.from.iter().position(|item| item.alias == alias))
            .max()
            .unwrap_or(0);
        arm.from.truncate(needed.max(position) + 1);
    }
    let own = arm.from[position].alias.clone();
    arm.from.retain(|item| item.alias == own || !unsure.contains(&item.alias));
    for item in &mut arm.from {
        // What the row itself was joined by still holds of it.
        let doubted: Vec<String> =
            unsure.iter().filter(|alias| item.alias != own || **alias != own).cloned().collect();
        item.on = item.on.take().and_then(|on| without(on, &doubted));
    }
    arm.filter = arm.filter.take().and_then(|filter| without(filter, &unsure));
    let lost = |(alias, _): &(String, String)| !arm.from.iter().any(|item| item.alias == *alias);
    let needs_lost =
        arm.columns.iter().flat_map(|output| columns_of(&output.expr)).any(|c| lost(&c));
    (!needs_lost).then_some(arm)
}

/// The aliases of items that may be there with a row or with NULLs, before the change and
/// after it: the leaf itself if it is joined optionally, what reads the same table so, and
/// what depends on one of these.
fn unsure(arm: &Arm, position: usize, leaf: &Leaf) -> Vec<String> {
    let same_table = |item: &Item| match &item.what {
        What::Leaf(found) => found.table == leaf.table && found.side == leaf.side,
        What::Query(query) => {
            query.leaves().iter().any(|found| found.table == leaf.table && found.side == leaf.side)
        }
        What::Call(..) | What::Step(_) => false,
    };
    let mut unsure: Vec<String> = Vec::new();
    for (place, item) in arm.from.iter().enumerate() {
        let reads: Vec<&Expr> = match &item.what {
            What::Call(_, arguments) => arguments.iter().collect(),
            _ => item.on.iter().filter(|_| item.join == Join::Left).collect(),
        };
        let depends = reads.iter().any(|expr| mentions(expr, &unsure));
        let optional = item.join == Join::Left && (place == position || same_table(item));
        if optional || (place != position && depends) {
            unsure.push(item.alias.clone());
        }
    }
    unsure
}

/// A condition without those of its parts that mention one of these aliases.
fn without(condition: Expr, aliases: &[String]) -> Option<Expr> {
    match condition {
        Expr::Binary(left, Operator::And, right) => {
            match (without(*left, aliases), without(*right, aliases)) {
                (Some(left), Some(right)) => Some(Expr::binary(left, Operator::And, right)),
                (one, other) => one.or(other),
            }
        }
        condition => (!mentions(&condition, aliases)).then_some(condition),
    }
}

fn mentions(expr: &Expr, aliases: &[String]) -> bool {
    columns_of(expr).iter().any(|(alias, _)| aliases.contains(alias))
}

/// A subquery reduced to the arm that reads the leaf. One that aggregates is not
/// supported: its result for a single row is not what the others join with. Nor is a
/// recursive one, whose other steps the row may begin or end.
fn only_arm_with(query: &Query, number: usize) -> Option<Query> {
    let arm = query.arms().find(|arm| arm.from.iter().any(|item| item.holds(number)))?;
    let aggregated = arm.aggregates || !arm.group_by.is_empty() || !arm.partitions.is_empty();
    let optional = arm.from.iter().any(|item| item.join == Join::Left && item.holds(number));
    if aggregated || optional || query.recursion.is_some() {
        return None;
    }
    let mut arm = arm.clone();
    // Result names come from the first arm of a compound.
    for (output, shown) in arm.columns.iter_mut().zip(&query.first.columns) {
        output.name.clone_from(&shown.name);
    }
    let position = arm.from.iter().position(|item| item.holds(number))?;
    if let What::Query(inner) = &mut arm.from[position].what {
        **inner = only_arm_with(inner, number)?;
    }
    Some(Query::of(arm))
}
