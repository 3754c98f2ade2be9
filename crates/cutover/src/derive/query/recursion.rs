//! Recursive queries that stay within a scope.
//!
//! A step derives rows from those of the step before and from tables. Restricted to a
//! scope, such a query gives that scope's rows only if no step leaves it: the step passes
//! the scope's column on as it is, and whatever table it joins, it joins by an equality
//! with that column. Then each table may be restricted by its own column of the equality,
//! and a row of it touches the scope that this column names.
//!
//! The rows of a step are a set that grows with the tables: joins are inner, nothing
//! aggregates. So a row that is inserted takes nothing away, and one that is deleted
//! changes nothing that is left.

use super::shape::{Arm, Item, Join, Query, What};
use crate::derive::query::term::Term;
use crate::tree::{Expr, Operator};

/// The item of an arm that is the rows of the step before, if it has one.
pub(crate) fn step_before(arm: &Arm) -> Option<&Item> {
    arm.from.iter().find(|item| matches!(item.what, What::Step(_)))
}

/// Whether an arm is a step that the rest of this file may be asked about.
pub(crate) fn is_plain_step(arm: &Arm) -> bool {
    let plain = |item: &Item| item.join != Join::Left && !matches!(item.what, What::Query(_));
    step_before(arm).is_some()
        && arm.from.iter().all(plain)
        && !arm.distinct
        && arm.group_by.is_empty()
        && !arm.aggregates
        && arm.partitions.is_empty()
}

/// The terms of a result column in a step: one for each table it joins, and none if the
/// step may leave the column's value.
pub(crate) fn trace_step(query: &Query, arm: &Arm, column: usize) -> Option<Vec<Term>> {
    let before = step_before(arm)?;
    let carried = (before.alias.as_str(), query.first.columns.get(column)?.name.as_str());
    let equal = columns_equal_to(arm, carried);
    let passed_on = reference(&arm.columns.get(column)?.expr)?;
    if !same(passed_on, carried) && !equal.iter().any(|other| same(*other, passed_on)) {
        return None;
    }
    arm.from
        .iter()
        .filter_map(|item| match &item.what {
            What::Leaf(leaf) => Some((item, leaf)),
            _ => None,
        })
        .map(|(item, leaf)| {
            let (_, column) = equal.iter().find(|(alias, _)| *alias == item.alias)?;
            Some(Term::of(Some(leaf.number), Expr::name(column)))
        })
        .collect()
}

/// The columns that every row of an arm has equal to this one.
fn columns_equal_to<'a>(arm: &'a Arm, carried: (&str, &str)) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    let mut conditions: Vec<&Expr> =
        arm.from.iter().filter_map(|item| item.on.as_ref()).chain(&arm.filter).collect();
    while let Some(condition) = conditions.pop() {
        match condition {
            Expr::Binary(left, Operator::And, right) => conditions.extend([&**left, &**right]),
            Expr::Parens(inner) if inner.len() == 1 => conditions.push(&inner[0]),
            Expr::Binary(left, Operator::Equals | Operator::Is, right) => {
                for (one, other) in [(left, right), (right, left)] {
                    if let (Some(one), Some(other)) = (reference(one), reference(other))
                        && same(one, carried)
                    {
                        found.push(other);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn reference(expr: &Expr) -> Option<(&str, &str)> {
    match expr {
        Expr::Column(alias, column) => Some((alias.as_str(), column.as_str())),
        _ => None,
    }
}

fn same(one: (&str, &str), other: (&str, &str)) -> bool {
    one.0 == other.0 && one.1.eq_ignore_ascii_case(other.1)
}
