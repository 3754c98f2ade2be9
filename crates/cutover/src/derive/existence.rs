//! Whether a mapping gives a row for a scope, asked without making the row.
//!
//! What decides it is whether the tables have a row that leads to one: not what the row holds,
//! how often it is there, or in what order. So expressions, groups, windows and what is joined
//! only for its values are left out. A group of many rows is not read to know that it is there.

use super::derived::{Part, Place, leaf_of};
use super::query::term::columns_of;
use super::query::{Arm, Join, Output, Query, What};
use crate::derive::target::Target;
use crate::tree::{Compound, Expr, Literal};

/// Whether the mapping gives the row of a scope, its values given by SQL expressions. `None`
/// where a scope may have several rows, or only the rows tell.
pub(crate) fn is_given(target: &Target, value: &dyn Fn(usize) -> String) -> Option<String> {
    let [source] = target.sources.as_slice() else { return None };
    if !target.single || !target.keyed_by_scope() || !target.scope_is_in_key() {
        return None;
    }
    let parts: Vec<String> = arms(&source.query)?
        .into_iter()
        .map(|arm| {
            let leaf = |leaf: &_| leaf_of(target, source, leaf, Place::LIVE, Part::Scope(value));
            format!("EXISTS ({})", Query::of(arm).render(&leaf))
        })
        .collect();
    match parts.as_slice() {
        [only] => Some(only.clone()),
        _ => Some(format!("({})", parts.join(" OR "))),
    }
}

/// Statements of which one gives a row where the query does.
fn arms(query: &Query) -> Option<Vec<Arm>> {
    let unites =
        |(operator, _): &(Compound, Arm)| matches!(operator, Compound::Union | Compound::UnionAll);
    if query.recursion.is_some() || !query.rest.iter().all(unites) {
        return None;
    }
    let mut found = Vec::new();
    for arm in query.arms() {
        found.extend(rows_of(arm)?);
    }
    Some(found)
}

fn rows_of(arm: &Arm) -> Option<Vec<Arm>> {
    if arm.having.is_some() || (arm.aggregates && arm.group_by.is_empty()) {
        return None;
    }
    if let ([item], None) = (arm.from.as_slice(), &arm.filter)
        && let What::Query(inner) = &item.what
    {
        return arms(inner);
    }
    let mut arm = arm.clone();
    let one = Expr::Literal(Literal::Number("1".to_owned()));
    arm.columns = vec![Output { expr: one, name: "v".to_owned() }];
    arm.distinct = false;
    arm.aggregates = false;
    arm.group_by.clear();
    arm.partitions.clear();
    drop_optional(&mut arm);
    Some(vec![arm])
}

/// What is joined by LEFT JOIN takes no row away. It is needed where a condition reads it.
pub(super) fn drop_optional(arm: &mut Arm) {
    while let Some(last) = arm.from.last().filter(|item| item.join == Join::Left) {
        let reads = |expr: &Expr| columns_of(expr).iter().any(|(alias, _)| *alias == last.alias);
        if arm.filter.as_ref().is_some_and(reads) {
            break;
        }
        arm.from.pop();
    }
}
