//! What a join says of a FROM item's columns.

use super::shape::{Arm, Item, Join};
use super::term::columns_of;
use crate::tree::{Expr, Operator};

/// A column of a FROM item, and what its join equates it with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation<'a> {
    pub(crate) column: &'a str,
    pub(crate) with: &'a Expr,
    /// Whether by `=`. IS also matches NULL.
    pub(crate) strict: bool,
}

/// The columns of an item that its join equates with something outside of it.
pub(crate) fn equated<'a>(item: &'a Item, arm: &'a Arm) -> Vec<Equation<'a>> {
    let mut found: Vec<Equation<'a>> = Vec::new();
    let mut conditions: Vec<&Expr> = item.on.iter().collect();
    if item.join != Join::Left {
        conditions.extend(&arm.filter);
    }
    while let Some(condition) = conditions.pop() {
        match condition {
            Expr::Binary(left, Operator::And, right) => conditions.extend([&**left, &**right]),
            Expr::Parens(inner) => conditions.extend(inner),
            Expr::Binary(left, operator @ (Operator::Equals | Operator::Is), right) => {
                for (one, other) in [(left, right), (right, left)] {
                    if let Expr::Column(alias, column) = &**one
                        && alias.as_str() == item.alias
                        && columns_of(other).iter().all(|(alias, _)| *alias != item.alias)
                    {
                        let strict = *operator == Operator::Equals;
                        found.push(Equation { column: column.as_str(), with: other, strict });
                    }
                }
            }
            _ => {}
        }
    }
    found
}
