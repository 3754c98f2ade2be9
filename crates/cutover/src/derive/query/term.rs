//! Expressions in terms of one leaf's columns.

use crate::tree::Expr;

/// A result column in terms of one leaf's columns, on one path through the
/// arms of the unions below.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    /// The leaf's number; none for a constant.
    pub(crate) leaf: Option<usize>,
    /// Over the leaf's columns, which are written without a qualifier.
    pub(crate) expr: Expr,
    /// How many nodes the expression has.
    pub(super) size: usize,
}

impl Term {
    pub(crate) fn of(leaf: Option<usize>, expr: Expr) -> Self {
        Self { leaf, expr, size: 1 }
    }

    /// The leaf's column, if the term is just that.
    pub(crate) fn bare(&self) -> Option<&str> {
        match &self.expr {
            Expr::Name(name) if self.leaf.is_some() => Some(name.as_str()),
            _ => None,
        }
    }
}

/// An expression without the parentheses and the COLLATE around it.
pub(crate) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Parens(inner) if inner.len() == 1 => bare(&inner[0]),
        Expr::Collate(inner, _) => bare(inner),
        other => other,
    }
}

/// The `(alias, column)` pairs an expression reads, each once.
pub(crate) fn columns_of(expr: &Expr) -> Vec<(String, String)> {
    let mut found = Vec::new();
    expr.visit(&mut |expr| {
        if let Expr::Column(alias, column) = expr {
            let pair = (alias.as_str().to_owned(), column.as_str().to_owned());
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
    });
    found
}
