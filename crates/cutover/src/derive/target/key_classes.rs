//! Keys that a mapping may give as values which their column stores as others: `id || ''` for an
//! INTEGER key gives '1', and 1 is stored. Such a key is not found again by its value, and '1' and
//! '01' become one.

use std::cell::Cell;

use super::table::Target;
use crate::derive::query::{Arm, Item, Query, What};
use crate::schema::{Affinity, Catalog};
use crate::tree::{Call, Expr, Literal, Operator, Unary};

/// The key's columns for which the statement alone doesn't tell that its values are stored as they
/// are: the rows have to be asked.
pub(crate) fn keys_to_ask<'t>(
    target: &'t Target,
    catalog: &Catalog,
) -> Vec<(&'t String, Affinity)> {
    let mut found = Vec::new();
    for (position, name) in target.columns.iter().enumerate() {
        let Some(column) = target.column(name) else { continue };
        if column.affinity.keeps_all() || !target.key.columns.contains(name) {
            continue;
        }
        let asked = Classes { catalog, key: column.affinity, left: Cell::new(STEPS) };
        if !target.sources.iter().all(|source| asked.column(&source.query, position)) {
            found.push((name, column.affinity));
        }
    }
    found
}

/// How many expressions are looked at: a column of a subquery may be used twice by the next one.
const STEPS: usize = 2_000;

/// Functions that give a text, whatever they are given.
const TEXTS: [&str; 16] = [
    "char",
    "date",
    "datetime",
    "format",
    "group_concat",
    "hex",
    "lower",
    "ltrim",
    "printf",
    "quote",
    "replace",
    "rtrim",
    "strftime",
    "time",
    "trim",
    "upper",
];

/// Functions that give a number.
const NUMBERS: [&str; 14] = [
    "abs",
    "avg",
    "count",
    "dense_rank",
    "instr",
    "length",
    "ntile",
    "rank",
    "round",
    "row_number",
    "sign",
    "sum",
    "total",
    "unicode",
];

/// What is known of the classes of expressions, for a key of this affinity.
struct Classes<'c> {
    catalog: &'c Catalog,
    key: Affinity,
    left: Cell<usize>,
}

impl Classes<'_> {
    /// Whether every value of a result column is stored as it is.
    fn column(&self, query: &Query, position: usize) -> bool {
        query
            .arms()
            .all(|arm| arm.columns.get(position).is_some_and(|output| self.fits(arm, &output.expr)))
    }

    fn fits(&self, arm: &Arm, expr: &Expr) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        match expr {
            Expr::Parens(inner) if inner.len() == 1 => self.fits(arm, &inner[0]),
            Expr::Collate(inner, _) => self.fits(arm, inner),
            Expr::Cast(_, Some(kind)) => self.stores(Affinity::of(&kind.name)),
            Expr::Literal(Literal::Number(_) | Literal::True | Literal::False) => self.number(),
            Expr::Literal(Literal::Text(_)) => self.text(),
            Expr::Literal(Literal::Null | Literal::Blob(_)) => true,
            Expr::Unary(Unary::Positive, inner) => self.fits(arm, inner),
            Expr::Unary(..) | Expr::Test { .. } => self.number(),
            Expr::Binary(_, Operator::Concat | Operator::ArrowText, _) => self.text(),
            Expr::Binary(_, Operator::Arrow, _) => false,
            Expr::Binary(..) => self.number(),
            Expr::Call(call) => self.call(arm, call),
            Expr::Column(alias, column) => {
                let item = arm.from.iter().find(|item| item.alias == alias.as_str());
                item.is_some_and(|item| self.of_item(item, column.as_str()))
            }
            _ => false,
        }
    }

    fn of_item(&self, item: &Item, column: &str) -> bool {
        match &item.what {
            What::Leaf(leaf) => self
                .catalog
                .table(leaf.side, &leaf.table)
                .and_then(|table| table.column(column))
                .is_some_and(|column| self.stores(column.affinity)),
            What::Query(query) => {
                query.position(column).is_some_and(|position| self.column(query, position))
            }
            What::Call(..) | What::Step(_) => false,
        }
    }

    fn call(&self, arm: &Arm, call: &Call) -> bool {
        let function = call.function();
        let all = |args: &[Expr]| args.iter().all(|arg| self.fits(arm, arg));
        match function.as_str() {
            "coalesce" | "ifnull" | "max" | "min" | "lag" | "lead" | "first_value"
            | "last_value" => all(call.args()),
            "nullif" => all(&call.args()[..call.args().len().min(1)]),
            "iif" => all(call.args().get(1..).unwrap_or_default()),
            name if TEXTS.contains(&name) => self.text(),
            name if NUMBERS.contains(&name) => self.number(),
            _ => false,
        }
    }

    /// Whether a value of such a column is stored as it is. A column for numbers may hold texts:
    /// none that is a number.
    fn stores(&self, other: Affinity) -> bool {
        (other.is_text() && self.text()) || (other.is_numeric() && self.number())
    }

    fn number(&self) -> bool {
        self.key.is_numeric()
    }

    fn text(&self) -> bool {
        self.key.is_text()
    }
}
