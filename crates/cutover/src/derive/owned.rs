//! Which row of a source a row of a target belongs to, and what the way back reads of it: what a
//! write to the old tables may change in the new ones while programs write both.

use super::query::term::columns_of;
use super::query::{Arm, Item, Join, Leaf, Query, What};
use super::sql::join;
use super::target::Target;
use crate::derive::query::trace::of_row;
use crate::phase::Side;
use crate::tree::{Compound, Expr};

/// Whether each row of the target comes from a row of the source, and goes with it. Otherwise
/// many rows share one.
pub(crate) fn is_owned(target: &Target) -> bool {
    target.sources.iter().all(|source| passes_rows_on(&source.query))
}

fn passes_rows_on(query: &Query) -> bool {
    let drives = |arm: &Arm| {
        let one_each = arm.group_by.is_empty() && !arm.distinct && !arm.aggregates;
        one_each
            && match arm.from.first().map(|item| &item.what) {
                Some(What::Query(inner)) => passes_rows_on(inner),
                _ => true,
            }
    };
    query.rest.iter().all(|(operator, _)| matches!(operator, Compound::UnionAll))
        && query.arms().all(drives)
}

/// A part of the target's key that a leaf gives.
pub(crate) struct KeyPart {
    /// Where it stands in the key.
    pub(crate) position: usize,
    /// Over the leaf's columns.
    expr: Expr,
}

impl KeyPart {
    pub(crate) fn of_row(&self, row: &str) -> String {
        of_row(&self.expr, row)
    }
}

/// What a target's column gets from one row of a leaf.
pub(crate) struct OfRow(Expr);

impl OfRow {
    pub(crate) fn of(&self, row: &str) -> String {
        match &self.0 {
            Expr::Name(_) | Expr::Literal(_) => of_row(&self.0, row),
            other => format!("({})", of_row(other, row)),
        }
    }
}

/// What each of the target's columns gets from one row of a leaf alone; none if one gets something
/// from elsewhere.
pub(crate) fn of_one_row(target: &Target, leaf: &Leaf) -> Option<Vec<OfRow>> {
    let [source] = target.sources.as_slice() else { return None };
    let of = |output| from_leaf(&source.query, output, leaf.number).map(OfRow);
    (0..target.columns.len()).map(of).collect()
}

/// The parts of the target's key that come from one row of a leaf, or are the same for all; none
/// where the row gives no part.
pub(crate) fn key_parts(target: &Target, query: &Query, leaf: &Leaf) -> Vec<KeyPart> {
    let part = |(position, column): (usize, &String)| {
        let output = target.columns.iter().position(|name| name == column)?;
        let expr = from_leaf(query, output, leaf.number)?;
        Some(KeyPart { position, expr })
    };
    let parts: Vec<KeyPart> = target.key.columns.iter().enumerate().filter_map(part).collect();
    let reads = |part: &KeyPart| {
        let mut reads = false;
        part.expr.visit(&mut |part| reads |= matches!(part, Expr::Name(_)));
        reads
    };
    if parts.iter().any(reads) { parts } else { Vec::new() }
}

/// A result column over the columns of one leaf alone, in the arm that reads it.
fn from_leaf(query: &Query, output: usize, leaf: usize) -> Option<Expr> {
    let arm = query.arms().find(|arm| arm.from.iter().any(|item| item.holds(leaf)))?;
    let item = arm.from.iter().find(|item| item.holds(leaf))?;
    let expr = &arm.columns.get(output)?.expr;
    if columns_of(expr).iter().any(|(alias, _)| *alias != item.alias) {
        return None;
    }
    let of_leaf = |column: &str| match &item.what {
        What::Leaf(_) => Some(Expr::name(column)),
        What::Query(inner) => from_leaf(inner, inner.position(column)?, leaf),
        What::Call(..) | What::Step(_) => None,
    };
    let (mut expr, mut whole) = (expr.clone(), true);
    expr.visit_mut(&mut |part| {
        if let Expr::Column(_, column) = &*part {
            match of_leaf(column.as_str()) {
                Some(own) => *part = own,
                None => whole = false,
            }
        }
    });
    whole.then_some(expr)
}

/// What the way back reads of a new table.
pub(crate) struct ReadBack {
    columns: Vec<String>,
    /// Whether an old row is there without a row of the table: the right of a LEFT JOIN.
    pub(crate) optional: bool,
}

impl ReadBack {
    pub(crate) fn of(target: &Target, backward: &[Target]) -> Self {
        let mut found = Self { columns: Vec::new(), optional: false };
        for (source, leaf) in backward.iter().flat_map(Target::leaves) {
            if leaf.side == Side::New && leaf.table == target.table.name {
                found.columns.extend(source.query.columns_of(leaf.number));
                found.optional |= source.query.arms().any(|arm| {
                    let right = |item: &Item| item.join == Join::Left && item.holds(leaf.number);
                    arm.from.iter().any(right)
                });
            }
        }
        found
    }

    pub(crate) fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name.eq_ignore_ascii_case(column))
    }
}

/// The new tables that give the rows of an old one, for messages.
pub(crate) fn givers(target: &Target) -> String {
    let mut names: Vec<&str> = target.leaves().map(|(_, leaf)| leaf.table.as_str()).collect();
    names.dedup();
    join(&names, " and ", |name| (*name).to_owned())
}
