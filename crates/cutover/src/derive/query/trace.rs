//! Where a result column of a mapping comes from, and whether the mapping may be
//! restricted by it.
//!
//! A restriction `column = constant` on the result may be moved down to the
//! leaves only if nothing on the way looks at rows outside of it: below a GROUP
//! BY it must be a grouping column, below a window function a partitioning one,
//! and it can't come from the optional side of a LEFT JOIN (there it would turn
//! a match into a NULL row instead of dropping it). A trace exists only where
//! that holds, so whoever has a trace may filter by it.

use crate::derive::query::aggregates::{contains_aggregate, contains_window};
use crate::derive::query::recursion::{step_before, trace_step};
use crate::derive::query::shape::{Arm, Join, Query, What};
use crate::derive::query::term::{Term, bare, columns_of};
use crate::tree::{Call, Expr, Name};
use std::cell::Cell;

/// The terms of a result column, one for each path; none if it can't be traced.
pub(crate) fn trace(query: &Query, column: usize) -> Option<Vec<Term>> {
    Tracer::new().trace(query, column)
}

/// The terms of an expression of an arm.
pub(crate) fn trace_expr(arm: &Arm, expr: &Expr) -> Option<Vec<Term>> {
    Tracer::new().trace_expr(arm, expr)
}

/// The grouping expression that an expression picks a member of: `min(c)` or `max(c)` of a `c`
/// that is grouped by is equal to `c`, whichever of the spellings of a group it is.
pub(crate) fn picked<'a>(arm: &'a Arm, expr: &Expr) -> Option<&'a Expr> {
    let Expr::Call(call @ Call { filter: None, over: None, .. }) = bare(expr) else { return None };
    let [value] = call.args() else { return None };
    let picks = ["min", "max"].contains(&call.function().as_str());
    arm.group_by.iter().find(|group| picks && bare(group) == bare(value))
}

/// How much of a query a trace may look at: each use of a column leads to what it is made of
/// anew, so that thirty subqueries which use each other's columns twice are a billion terms.
const STEPS: usize = 20_000;

/// A trace under way.
struct Tracer {
    /// What is left of [`STEPS`].
    left: Cell<usize>,
}

impl Tracer {
    fn new() -> Self {
        Self { left: Cell::new(STEPS) }
    }

    fn spend(&self, steps: usize) -> Option<()> {
        self.left.set(self.left.get().checked_sub(steps)?);
        Some(())
    }

    fn trace(&self, query: &Query, column: usize) -> Option<Vec<Term>> {
        let mut terms = Vec::new();
        for arm in query.arms() {
            self.spend(1)?;
            terms.extend(match step_before(arm) {
                Some(_) => trace_step(query, arm, column)?,
                None => self.trace_expr(arm, &arm.columns.get(column)?.expr)?,
            });
        }
        Some(terms)
    }

    fn trace_expr(&self, arm: &Arm, expr: &Expr) -> Option<Vec<Term>> {
        if let Some(group) = picked(arm, expr) {
            return self.trace_expr(arm, group);
        }
        if contains_aggregate(expr) || contains_window(expr) {
            return None;
        }
        let terms = self.origin(arm, expr)?;
        let constant = terms.iter().all(|term| term.leaf.is_none());
        let among = |exprs: &[Expr]| {
            constant || exprs.iter().any(|expr| self.origin(arm, expr).as_ref() == Some(&terms))
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

    /// As [`trace_expr`](Self::trace_expr), without asking whether a filter may pass this arm.
    fn origin(&self, arm: &Arm, expr: &Expr) -> Option<Vec<Term>> {
        let mut paths = 1;
        let mut references = Vec::new();
        for (alias, column) in columns_of(expr) {
            self.spend(1)?;
            let terms = self.origin_of_column(arm, &alias, &column)?;
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
                let mut size = 0;
                composed.visit_mut(&mut |expr| {
                    size += 1;
                    if let Expr::Column(alias, column) = &*expr
                        && let Some((_, terms)) = references
                            .iter()
                            .find(|((a, c), _)| a == alias.as_str() && c == column.as_str())
                    {
                        size += terms[path].size;
                        // What is too large to be looked at is not built either.
                        if size <= self.left.get() {
                            *expr = parenthesise(&terms[path].expr);
                        }
                    }
                });
                self.spend(size)?;
                Some(Term { leaf, expr: composed, size })
            })
            .collect()
    }

    fn origin_of_column(&self, arm: &Arm, alias: &str, column: &str) -> Option<Vec<Term>> {
        let item = arm.from.iter().find(|item| item.alias == alias)?;
        if item.join == Join::Left {
            return None;
        }
        match &item.what {
            What::Leaf(leaf) => Some(vec![Term::of(Some(leaf.number), Expr::name(column))]),
            What::Query(query) => self.trace(query, query.position(column)?),
            What::Call(..) | What::Step(_) => None,
        }
    }
}

/// A composed expression keeps its meaning inside another one.
fn parenthesise(expr: &Expr) -> Expr {
    match expr {
        Expr::Name(_) | Expr::Literal(_) | Expr::Call(_) | Expr::Parens(_) => expr.clone(),
        other => Expr::Parens(vec![other.clone()]),
    }
}

/// An expression over a leaf's columns, for one row of it: `NEW.`, `OLD.` or an
/// alias before every column.
pub(crate) fn of_row(expr: &Expr, row: &str) -> String {
    let mut expr = expr.clone();
    expr.visit_mut(&mut |expr| {
        if let Expr::Name(column) = &*expr {
            *expr = Expr::Column(Name::plain(row), Name::quoted(column.as_str()));
        }
    });
    expr.to_string()
}
