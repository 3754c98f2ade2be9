//! Where a result column of a mapping comes from, and whether the mapping may be
//! restricted by it.
//!
//! A restriction `column = constant` on the result may be moved down to the
//! leaves only if nothing on the way looks at rows outside of it: below a GROUP
//! BY it must be a grouping column, below a window function a partitioning one,
//! and it can't come from the optional side of a LEFT JOIN (there it would turn
//! a match into a NULL row instead of dropping it). A trace exists only where
//! that holds, so whoever has a trace may filter by it.

use turso_parser::ast::{Expr, Name};

use super::normalise::{contains_aggregate, contains_window};
use super::query::{Arm, Join, Query, What};
use super::recursion::{step_before, trace_step};
use super::sql::ident;
use crate::migration::walk::{Subqueries, visit_exprs_mut};

/// A result column in terms of one leaf's columns, on one path through the
/// arms of the unions below.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    /// The leaf's number; none for a constant.
    pub(crate) leaf: Option<usize>,
    /// Over the leaf's columns, which are written without a qualifier.
    pub(crate) expr: Expr,
}

impl Term {
    /// The leaf's column, if the term is just that.
    pub(crate) fn bare(&self) -> Option<&str> {
        match &self.expr {
            Expr::Id(name) if self.leaf.is_some() => Some(name.as_str()),
            _ => None,
        }
    }
}

/// The terms of a result column, one for each path; none if it can't be traced.
pub(crate) fn trace(query: &Query, column: usize) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    for arm in query.arms() {
        terms.extend(match step_before(arm) {
            Some(_) => trace_step(query, arm, column)?,
            None => trace_expr(arm, &arm.columns.get(column)?.expr)?,
        });
    }
    Some(terms)
}

/// The terms of an expression of an arm.
pub(crate) fn trace_expr(arm: &Arm, expr: &Expr) -> Option<Vec<Term>> {
    if contains_aggregate(expr) || contains_window(expr) {
        return None;
    }
    let terms = origin(arm, expr)?;
    let constant = terms.iter().all(|term| term.leaf.is_none());
    let among = |exprs: &[Expr]| {
        constant || exprs.iter().any(|expr| origin(arm, expr).as_ref() == Some(&terms))
    };
    if !arm.group_by.is_empty() {
        if !among(&arm.group_by) {
            return None;
        }
    } else if arm.aggregates {
        return None;
    }
    arm.partitions.iter().all(|partition| among(partition)).then_some(terms)
}

/// As [`trace_expr`], without asking whether a filter may pass this arm.
fn origin(arm: &Arm, expr: &Expr) -> Option<Vec<Term>> {
    let mut paths = 1;
    let mut references = Vec::new();
    for (alias, column) in columns_of(expr) {
        let terms = origin_of_column(arm, &alias, &column)?;
        paths = paths.max(terms.len());
        references.push(((alias, column), terms));
    }
    (0..paths)
        .map(|path| {
            let mut leaf = None;
            for (_, terms) in &references {
                // Several paths pair up only where they come from the same union.
                let term = terms.get(path)?;
                match (leaf, term.leaf) {
                    (_, None) => {}
                    (None, found) => leaf = found,
                    (Some(one), Some(other)) if one == other => {}
                    (Some(_), Some(_)) => return None,
                }
            }
            let mut composed = expr.clone();
            visit_exprs_mut(&mut composed, Subqueries::Skip, &mut |expr| {
                if let Expr::Qualified(alias, column) = &*expr
                    && let Some((_, terms)) = references
                        .iter()
                        .find(|((a, c), _)| a == alias.as_str() && c == column.as_str())
                {
                    *expr = parenthesise(&terms[path].expr);
                }
            });
            Some(Term { leaf, expr: composed })
        })
        .collect()
}

fn origin_of_column(arm: &Arm, alias: &str, column: &str) -> Option<Vec<Term>> {
    let item = arm.from.iter().find(|item| item.alias == alias)?;
    if item.join == Join::Left {
        return None;
    }
    match &item.what {
        What::Leaf(leaf) => Some(vec![Term {
            leaf: Some(leaf.number),
            expr: Expr::Id(Name::from_string(ident(column))),
        }]),
        What::Query(query) => trace(query, query.position(column)?),
        What::Call(..) | What::Step(_) => None,
    }
}

/// A composed expression keeps its meaning inside another one.
fn parenthesise(expr: &Expr) -> Expr {
    match expr {
        Expr::Id(_) | Expr::Literal(_) | Expr::FunctionCall { .. } | Expr::Parenthesized(_) => {
            expr.clone()
        }
        other => Expr::Parenthesized(vec![Box::new(other.clone())]),
    }
}

/// The `(alias, column)` pairs an expression reads, each once.
pub(crate) fn columns_of(expr: &Expr) -> Vec<(String, String)> {
    let mut found = Vec::new();
    visit_exprs_mut(&mut expr.clone(), Subqueries::Skip, &mut |expr| {
        if let Expr::Qualified(alias, column) = expr {
            let pair = (alias.as_str().to_owned(), column.as_str().to_owned());
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
    });
    found
}

/// An expression over a leaf's columns, for one row of it: `NEW.`, `OLD.` or an
/// alias before every column.
pub(crate) fn of_row(expr: &Expr, row: &str) -> String {
    let mut expr = expr.clone();
    visit_exprs_mut(&mut expr, Subqueries::Skip, &mut |expr| {
        if let Expr::Id(column) = &*expr {
            *expr = Expr::Qualified(
                Name::exact(row.to_owned()),
                Name::from_string(ident(column.as_str())),
            );
        }
    });
    expr.to_string()
}
