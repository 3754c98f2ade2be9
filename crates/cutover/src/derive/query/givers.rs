//! What decides whether a query gives a row: its statements without what only fills the row.

use super::shape::{Arm, Join, Output, Query, What};
use super::term::columns_of;
use crate::tree::{Compound, Expr, Literal};

/// Statements of which one gives a row where the query does.
pub(crate) fn givers(query: &Query) -> Option<Vec<Arm>> {
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
        return givers(inner);
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
pub(crate) fn drop_optional(arm: &mut Arm) {
    while let Some(last) = arm.from.last().filter(|item| item.join == Join::Left) {
        let reads = |expr: &Expr| columns_of(expr).iter().any(|(alias, _)| *alias == last.alias);
        if arm.filter.as_ref().is_some_and(reads) {
            break;
        }
        arm.from.pop();
    }
}
