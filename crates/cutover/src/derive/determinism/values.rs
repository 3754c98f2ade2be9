//! How an expression compares, and whether values of it that compare equal are the same.

use std::cell::Cell;

use crate::derive::query::{Arm, Item, Query, What};
use crate::schema::{Affinity, Catalog, Column, Table};
use crate::tree::{Expr, Operator, Test, Unary};

/// How many queries are looked into for one mapping; what is not known after that is not
/// taken for granted.
const STEPS: usize = 20_000;

/// Looks at the expressions of one mapping.
pub(super) struct Values<'a> {
    catalog: &'a Catalog,
    left: Cell<usize>,
}

/// Why equal values may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// They compare under this collation.
    Collation(String),
    /// A column without a type holds 1 and 1.0 apart.
    Untyped,
}

impl<'a> Values<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, left: Cell::new(STEPS) }
    }

    /// Whether there is room for one more step.
    pub(super) fn step(&self) -> bool {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }

    pub(super) fn table(&self, item: &Item) -> Option<&'a Table> {
        match &item.what {
            What::Leaf(leaf) => self.catalog.table(leaf.side, &leaf.table),
            _ => None,
        }
    }

    /// The collation by which an expression compares
    /// (<https://www.sqlite.org/datatype3.html#assigning_collating_sequences_from_sql>).
    pub(super) fn collation(&self, arm: &Arm, expr: &Expr) -> String {
        self.own_collation(arm, expr).unwrap_or_else(|| "BINARY".to_owned())
    }

    /// That of either side of a comparison.
    pub(super) fn common_collation(&self, arm: &Arm, left: &Expr, right: &Expr) -> String {
        let explicit = explicit_collation(left).or_else(|| explicit_collation(right));
        explicit
            .or_else(|| self.own_collation(arm, left))
            .or_else(|| self.own_collation(arm, right))
            .unwrap_or_else(|| "BINARY".to_owned())
    }

    fn own_collation(&self, arm: &Arm, expr: &Expr) -> Option<String> {
        explicit_collation(expr).or_else(|| {
            let (alias, column) = column_through_casts(expr)?;
            let item = arm.from.iter().find(|item| item.alias == alias)?;
            match &item.what {
                What::Leaf(_) => Some(self.table(item)?.column(column)?.collation.clone()),
                What::Query(query) => self.collation_of_result(query, query.position(column)?),
                What::Call(..) | What::Step(_) => None,
            }
        })
    }

    fn collation_of_result(&self, query: &Query, position: usize) -> Option<String> {
        query.arms().find_map(|arm| {
            if !self.step() {
                return Some("unknown".to_owned());
            }
            self.own_collation(arm, &arm.columns.get(position)?.expr)
        })
    }

    /// Why equal values of an expression may differ, if they may.
    pub(super) fn doubt(&self, arm: &Arm, expr: &Expr) -> Option<Doubt> {
        let collation = self.collation(arm, expr);
        if !collation.eq_ignore_ascii_case("BINARY") {
            return Some(Doubt::Collation(collation.to_ascii_uppercase()));
        }
        self.may_be_untyped(arm, expr).then_some(Doubt::Untyped)
    }

    fn may_be_untyped(&self, arm: &Arm, expr: &Expr) -> bool {
        let Some((alias, column)) = plain_column(expr) else { return false };
        let Some(item) = arm.from.iter().find(|item| item.alias == alias) else { return false };
        match &item.what {
            What::Leaf(_) => self.table(item).is_some_and(|table| {
                table.column(column).is_some_and(|column| holds_any_class(table, column))
            }),
            What::Query(query) => query.position(column).is_some_and(|position| {
                query.arms().any(|arm| {
                    !self.step()
                        || arm
                            .columns
                            .get(position)
                            .is_some_and(|output| self.may_be_untyped(arm, &output.expr))
                })
            }),
            What::Call(..) | What::Step(_) => false,
        }
    }

    /// The affinity of an expression, where it has one.
    pub(super) fn affinity(&self, arm: &Arm, expr: &Expr) -> Option<Affinity> {
        match expr {
            Expr::Parens(inner) if inner.len() == 1 => self.affinity(arm, &inner[0]),
            Expr::Collate(inner, _) => self.affinity(arm, inner),
            Expr::Cast(_, Some(kind)) => Some(Affinity::of(&kind.name)),
            Expr::Column(alias, column) => {
                let item = arm.from.iter().find(|item| item.alias == alias.as_str())?;
                match &item.what {
                    What::Leaf(_) => Some(self.table(item)?.column(column.as_str())?.affinity),
                    What::Query(query) if self.step() => {
                        let position = query.position(column.as_str())?;
                        self.affinity(&query.first, &query.first.columns.get(position)?.expr)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What a subquery's column is made of, in each of its arms.
    pub(super) fn results<'q>(&self, arm: &'q Arm, expr: &Expr) -> Vec<(&'q Arm, &'q Expr)> {
        let Some((alias, column)) = plain_column(expr) else { return Vec::new() };
        let item = arm.from.iter().find(|item| item.alias == alias);
        let Some(What::Query(query)) = item.map(|item| &item.what) else { return Vec::new() };
        let Some(position) = query.position(column) else { return Vec::new() };
        query.arms().filter_map(|arm| Some((arm, &arm.columns.get(position)?.expr))).collect()
    }

    /// The table's column that an expression is.
    pub(super) fn source(&self, arm: &Arm, expr: &Expr) -> Option<&'a Column> {
        let (alias, column) = plain_column(expr)?;
        let item = arm.from.iter().find(|item| item.alias == alias)?;
        self.table(item)?.column(column)
    }
}

fn holds_any_class(table: &Table, column: &Column) -> bool {
    column.affinity.keeps_all() && (!table.strict || column.declared.eq_ignore_ascii_case("ANY"))
}

/// A COLLATE somewhere in an expression; the first one holds for all of it.
fn explicit_collation(expr: &Expr) -> Option<String> {
    if let Expr::Collate(_, collation) = expr {
        return Some(collation.as_str().to_owned());
    }
    // What a function with a window or of several rows makes is no longer compared so.
    let mut found = None;
    expr.children(&mut |inner| {
        if found.is_none() {
            found = explicit_collation(inner);
        }
    });
    found
}

/// The column that an expression is, for its collation.
fn column_through_casts(expr: &Expr) -> Option<(&str, &str)> {
    match expr {
        Expr::Cast(inner, _) => column_through_casts(inner),
        _ => plain_column(expr).or_else(|| match expr {
            Expr::Parens(inner) if inner.len() == 1 => column_through_casts(&inner[0]),
            Expr::Unary(Unary::Positive, inner) => column_through_casts(inner),
            _ => None,
        }),
    }
}

/// The column that an expression is, as far as its value goes.
pub(super) fn plain_column(expr: &Expr) -> Option<(&str, &str)> {
    match expr {
        Expr::Column(alias, column) => Some((alias.as_str(), column.as_str())),
        Expr::Parens(inner) if inner.len() == 1 => plain_column(&inner[0]),
        Expr::Collate(inner, _) | Expr::Unary(Unary::Positive, inner) => plain_column(inner),
        _ => None,
    }
}

/// Whether an expression takes a column's value; where it is a condition, to compare the
/// column itself is not to take it.
pub(super) fn takes(expr: &Expr, alias: &str, column: &str, condition: bool) -> bool {
    use Operator::{
        And, Equals, Greater, GreaterEquals, Is, IsNot, Less, LessEquals, NotEquals, Or,
    };
    let is = |expr: &Expr| plain_column(expr).is_some_and(|(a, c)| a == alias && c == column);
    let compares = matches!(
        expr,
        Expr::Binary(
            _,
            Equals | Greater | GreaterEquals | Is | IsNot | Less | LessEquals | NotEquals,
            _
        ) | Expr::Test { test: Test::In(_) | Test::Between(..), .. }
            | Expr::Unary(Unary::IsNull | Unary::NotNull, _)
    );
    let connects = matches!(expr, Expr::Binary(_, And | Or, _) | Expr::Parens(_));
    if is(expr) {
        return true;
    }
    let mut found = false;
    expr.children(&mut |inner| {
        let left_alone = condition && compares && is(inner);
        found |= !left_alone && takes(inner, alias, column, condition && (compares || connects));
    });
    found
}
