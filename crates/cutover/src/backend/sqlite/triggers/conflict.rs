//! When a row that is about to be written conflicts with another on a unique key: the
//! condition under which a REPLACE removes that other row.
//!
//! It is asked in a BEFORE trigger, where NEW is not yet what the table will hold: a REPLACE
//! puts the DEFAULT of a NOT NULL column in the place of NULL only afterwards
//! (<https://www.sqlite.org/lang_conflict.html>), what a generated column will be is not
//! computed in an UPDATE unless the trigger reads what it is computed from, and a rowid that
//! SQLite is to choose is -1.

use crate::derive::sql::{ident, join, text};
use crate::schema::{Check, Column, ConflictKey, Keyed, Table};
use crate::tree::{Expr, Literal, Test};

/// The rows `x` of the table that the row in NEW conflicts with on a key, as a condition. An
/// UPDATE does not conflict with the row that it changes.
pub(crate) fn conflict(table: &Table, key: &ConflictKey, update: bool) -> String {
    let column = |name: &str| new_value(table, name);
    let mut conditions = equal(table, key, &column, &|expression| over_new(table, expression));
    if update {
        let own =
            join(&table.identity(), " AND ", |column| format!("x.{0} IS OLD.{0}", ident(column)));
        conditions.push(format!("NOT ({own})"));
    }
    conditions.join(" AND ")
}

/// Whether a row `x` of the table agrees on a key with a row of stored columns under that
/// alias, whose values have yet to be stored.
pub(crate) fn agree(table: &Table, key: &ConflictKey, alias: &str) -> String {
    let value = |name: &str| of_stored(table, name, alias);
    let column = |name: &str| format!("+{}", value(name).unwrap_or_else(|| "NULL".to_owned()));
    equal(table, key, &column, &|expression| over_values(table, expression, &value)).join(" AND ")
}

/// That a row `x` of the table and another have the same key, and are both among the rows that the
/// key is about. `column` and `over` give the other's values.
fn equal(
    table: &Table,
    key: &ConflictKey,
    column: &dyn Fn(&str) -> String,
    over: &dyn Fn(&Check) -> String,
) -> Vec<String> {
    let parts = key.parts.iter().map(|part| {
        let collate = part
            .collation
            .as_ref()
            .map_or_else(String::new, |name| format!(" COLLATE {}", ident(name)));
        match &part.value {
            Keyed::Column(name) => format!("x.{}{collate} = {}", ident(name), column(name)),
            Keyed::Expression(expression) => {
                format!("({}){collate} = ({})", over_row(table, expression, "x"), over(expression))
            }
        }
    });
    let mut conditions: Vec<String> = parts.collect();
    if let Some(condition) = &key.condition {
        conditions.push(format!("({})", over_row(table, condition, "x")));
        conditions.push(format!("({})", over(condition)));
    }
    conditions
}

/// A column in terms of the stored columns of a row.
fn of_stored(table: &Table, name: &str, alias: &str) -> Option<String> {
    let column = table.column(name)?;
    Some(match &column.computed {
        Some(from) => {
            format!("({})", over(from, &|name| of_stored(table, name, alias)))
        }
        None => format!("{alias}.{}", ident(&column.name)),
    })
}

/// Whether a key is the rowid, which in a BEFORE INSERT trigger may be one that SQLite is yet
/// to choose.
pub(crate) fn is_rowid(table: &Table, key: &ConflictKey) -> bool {
    let rowids = table.rowid_names();
    matches!(key.columns().as_deref(), Some([only]) if rowids.contains(only))
}

/// What tells a row that is inserted from others, as a text that its BEFORE and its AFTER
/// trigger make alike: the key it conflicts on, and its values there, as far as they are the
/// same before and after.
pub(crate) fn insert_tag(table: &Table, key: &ConflictKey) -> String {
    let number = table.conflict_keys.iter().position(|other| other == key).unwrap_or_default();
    let watched = |column: &String| table.column(column).is_some_and(is_defaulted);
    let certain = key.parts.iter().filter_map(|part| match &part.value {
        Keyed::Column(column) => {
            let from = bases(table, column);
            (!from.iter().any(watched)).then(|| format!("quote({})", new_value(table, column)))
        }
        Keyed::Expression(_) => None,
    });
    let parts: Vec<String> = std::iter::once(text(&format!("i{number}"))).chain(certain).collect();
    parts.join(" || ',' || ")
}

/// What tells the row in OLD from others, for as long as the statement that updates it runs.
pub(crate) fn update_tag(table: &Table) -> String {
    let identity = table.identity();
    let values = join(&identity, " || ',' || ", |column| format!("quote(OLD.{})", ident(column)));
    if identity.is_empty() { "'u'".to_owned() } else { format!("'u' || {values}") }
}

/// What tells a row `x` of the table from others.
pub(crate) fn row_tag(table: &Table) -> String {
    join(&table.identity(), " || ',' || ", |column| format!("quote(x.{})", ident(column)))
}

/// The stored columns that a column's value comes from.
fn bases(table: &Table, column: &str) -> Vec<String> {
    match table.column(column) {
        Some(Column { computed: Some(from), .. }) => from.columns.clone(),
        _ => vec![column.to_owned()],
    }
}

/// Whether a REPLACE puts the column's DEFAULT in the place of NULL.
fn is_defaulted(column: &Column) -> bool {
    column.not_null && column.default.is_some()
}

/// What a column will hold of the row in NEW.
fn new_value(table: &Table, column: &str) -> String {
    let plain = format!("NEW.{}", ident(column));
    match table.column(column) {
        Some(Column { computed: Some(from), .. }) => format!("({})", over_new(table, from)),
        Some(found @ Column { default: Some(default), .. })
            if is_defaulted(found) && !table.is_rowid_alias(column) =>
        {
            format!("coalesce({plain}, {default})")
        }
        _ => plain,
    }
}

/// An expression over a row of the table under that alias.
pub(crate) fn over_row(table: &Table, expression: &Check, alias: &str) -> String {
    over(expression, &|name| {
        table.column(name).map(|column| format!("{alias}.{}", ident(&column.name)))
    })
}

/// An expression over the row in NEW.
pub(crate) fn over_new(table: &Table, expression: &Check) -> String {
    over_values(table, expression, &|name| {
        table.column(name).map(|column| new_value(table, &column.name))
    })
}

/// An expression over values that have yet to be stored. They compare without a type, so they get
/// their columns' affinity by a CAST, where that leaves the value as it is.
pub(crate) fn over_values(
    table: &Table,
    expression: &Check,
    plain: &dyn Fn(&str) -> Option<String>,
) -> String {
    if !compares(&expression.expr) {
        return over(expression, plain);
    }
    let mut survive: Vec<String> = Vec::new();
    for name in &expression.columns {
        let (Some(value), Some(affinity)) =
            (plain(name), table.column(name).and_then(|column| column.affinity.cast_to()))
        else {
            continue;
        };
        let condition = match affinity {
            "TEXT" => format!("typeof({value}) <> 'blob'"),
            _ => format!("typeof({value}) NOT IN ('text', 'blob')"),
        };
        if !survive.contains(&condition) {
            survive.push(condition);
        }
    }
    let typed = over(expression, &|name| {
        let value = plain(name)?;
        Some(match table.column(name).and_then(|column| column.affinity.cast_to()) {
            Some(affinity) => format!("CAST({value} AS {affinity})"),
            None => value,
        })
    });
    let plain = over(expression, plain);
    if survive.is_empty() {
        return plain;
    }
    format!("CASE WHEN {} THEN {typed} ELSE {plain} END", survive.join(" AND "))
}

/// Whether an expression compares anything, so that its columns' affinities matter.
fn compares(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit(&mut |part| {
        found |= match part {
            Expr::Binary(_, operator, _) => operator.is_comparison(),
            Expr::Test { test: Test::Between(..) | Test::In(_), .. } | Expr::Case(_) => true,
            _ => false,
        };
    });
    found
}

/// An expression with each of its columns written so. A name that is no column stays: it may
/// be TRUE, or a text in the wrong quotes.
fn over(expression: &Check, column: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expr = expression.expr.clone();
    expr.visit_mut(&mut |expr| {
        if let Expr::Name(name) = &*expr
            && let Some(written) = column(name.as_str())
        {
            *expr = Expr::Literal(Literal::Written(written));
        }
    });
    expr.to_string()
}
