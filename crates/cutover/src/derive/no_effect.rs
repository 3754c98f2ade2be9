//! When a change can't make a difference: conditions under which a re-derivation
//! is left out.
//!
//! They rest on the mirror holding what the mapping gave before the change, which
//! the guards see to. A condition that can't be sure says no, and the scope is
//! re-derived from state as always.

use super::derived::is_zero;
use super::query::trace::{of_row, trace_expr};
use super::query::{Arm, Leaf, Output, What};
use super::sql::{any, equality, ident, join};
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::schema::{Catalog, Column, Table};
use crate::tree::{Call, Expr, Literal};

/// Where the new row of an INSERT leaves a grouped target as it is: its group is
/// there, and no `min` or `max` of it is beaten. As a condition that is true then.
pub(crate) fn insert_has_no_effect(
    target: &Target,
    source: &Source,
    leaf: &Leaf,
    catalog: &Catalog,
) -> Option<String> {
    let arm = &source.query.first;
    let grouped = source.query.rest.is_empty()
        && !arm.group_by.is_empty()
        && arm.having.is_none()
        && arm.partitions.is_empty()
        && arm.from.len() == 1
        && target.single;
    if !grouped {
        return None;
    }
    let mut conditions = Vec::new();
    for output in &arm.columns {
        if arm.group_by.contains(&output.expr) {
            continue;
        }
        conditions.extend(contribution(target, arm, output, leaf, catalog)?);
    }
    let scope = direct_scope(target, source, leaf, "NEW", "t")?;
    conditions.insert(0, scope);
    Some(format!(
        "EXISTS (SELECT 1 FROM {} AS t WHERE {})",
        ident(&target.table.name),
        conditions.join(" AND ")
    ))
}

/// The target's rows (`held`) of the scope that a row of the leaf belongs to, where
/// the row itself says which.
pub(crate) fn direct_scope(
    target: &Target,
    source: &Source,
    leaf: &Leaf,
    row: &str,
    held: &str,
) -> Option<String> {
    let terms = source.paths.iter().find(|terms| {
        terms.iter().all(|term| term.leaf.is_none_or(|number| number == leaf.number))
            && terms.iter().any(|term| term.leaf == Some(leaf.number))
    })?;
    let pairs: Vec<_> = target.scope.iter().zip(terms).collect();
    Some(join(&pairs, " AND ", |(name, term)| {
        let operator = equality(&target.table, name);
        format!("{held}.{} {operator} {}", ident(name), of_row(&term.expr, row))
    }))
}

/// What an aggregated column asks of the new row: nothing if this leaf always
/// gives it NULL, that it is not beaten if it is a `min` or `max`. `None` if the
/// row may change it otherwise.
fn contribution(
    target: &Target,
    arm: &Arm,
    output: &Output,
    leaf: &Leaf,
    catalog: &Catalog,
) -> Option<Option<String>> {
    let Expr::Call(call @ Call { distinctness: None, filter: None, over: None, .. }) = &output.expr
    else {
        return None;
    };
    let [argument] = call.args() else { return None };
    let value = value_of(arm, argument, leaf)?;
    let function = call.function();
    let ignores_null = ["min", "max", "count", "sum", "total", "avg", "group_concat"];
    if value == "NULL" && ignores_null.contains(&function.as_str()) {
        return Some(None);
    }
    let better = match function.as_str() {
        "min" | "max" => function,
        _ => return None,
    };
    let column = target.column(&output.name)?;
    // Of values that compare equal and are not the same, which is the least depends on the
    // order in which they are met.
    if !column.is_binary() || column.affinity.keeps_all() {
        return None;
    }
    if !stored_as_it_is(arm, argument, leaf, column, catalog) {
        return None;
    }
    let held = format!("t.{}", ident(&output.name));
    // With two arguments min and max compare as they do over rows.
    Some(Some(format!(
        "(({held} IS NOT NULL AND {better}({held}, {value}) IS {held}) OR ({value}) IS NULL)"
    )))
}

/// Whether the values of an argument are what the target's column stores: a value
/// that is converted on its way in compares otherwise than it did before.
fn stored_as_it_is(
    arm: &Arm,
    argument: &Expr,
    leaf: &Leaf,
    column: &Column,
    catalog: &Catalog,
) -> bool {
    let numeric = column.affinity.is_numeric();
    let Some(expr) = below(arm, argument, leaf) else { return false };
    match &expr {
        Expr::Column(_, name) => catalog
            .table(leaf.side, &leaf.table)
            .and_then(|table| table.column(name.as_str()))
            .is_some_and(|source| {
                source.affinity.stores_like(column.affinity)
                    && source.collation.eq_ignore_ascii_case(&column.collation)
            }),
        other => numeric && gives_numbers(other),
    }
}

/// Whether an expression gives numbers or NULL, whatever its operands are.
fn gives_numbers(expr: &Expr) -> bool {
    use crate::tree::Operator::{Add, Divide, Modulus, Multiply, Subtract};
    match expr {
        Expr::Binary(_, Add | Subtract | Multiply | Divide | Modulus, _) => true,
        Expr::Literal(literal) => matches!(literal, Literal::Number(_) | Literal::Null),
        Expr::Parens(inner) => inner.iter().all(gives_numbers),
        Expr::Case(case) => case.results().all(gives_numbers),
        _ => false,
    }
}

/// The expression behind a column of the grouped rows, in the arm that reads the leaf.
fn below(arm: &Arm, expr: &Expr, leaf: &Leaf) -> Option<Expr> {
    let Expr::Column(alias, column) = expr else { return None };
    let item = arm.from.iter().find(|item| item.alias == alias.as_str())?;
    match &item.what {
        What::Leaf(_) => Some(expr.clone()),
        // A row may lead to others, step by step: what it gives itself does not tell.
        What::Query(query) if query.recursion.is_some() => None,
        What::Query(query) => {
            let position = query.position(column.as_str())?;
            // In every arm: the value held may come from any of them.
            let numbers = query
                .arms()
                .all(|arm| arm.columns.get(position).is_some_and(|o| gives_numbers(&o.expr)));
            let inner = query.arms().find(|arm| arm.from.iter().any(|i| i.holds(leaf.number)))?;
            let expr = &inner.columns.get(position)?.expr;
            let alike = query.arms().all(|arm| {
                arm.columns.get(position).is_some_and(|o| matches!(o.expr, Expr::Column(..)))
            });
            // Bare columns of several tables could differ in type; one table's can't.
            let same_table = query.leaves().iter().all(|other| other.table == leaf.table);
            (numbers || (alike && same_table)).then(|| expr.clone())
        }
        What::Call(..) | What::Step(_) => None,
    }
}

/// A column of the grouped rows, for the new row of the leaf: the leaf is what is
/// grouped, or one arm of a union that passes its rows on one by one.
fn value_of(arm: &Arm, expr: &Expr, leaf: &Leaf) -> Option<String> {
    let Expr::Column(alias, column) = expr else { return None };
    let item = arm.from.iter().find(|item| item.alias == alias.as_str())?;
    match &item.what {
        What::Leaf(_) => Some(format!("NEW.{}", ident(column.as_str()))),
        // A row may lead to others, step by step: what it gives itself does not tell.
        What::Query(query) if query.recursion.is_some() => None,
        What::Query(query) => {
            let position = query.position(column.as_str())?;
            let inner = query.arms().find(|arm| arm.from.iter().any(|i| i.holds(leaf.number)))?;
            let passes_rows_on = inner.from.len() == 1
                && matches!(inner.from[0].what, What::Leaf(_))
                && inner.group_by.is_empty()
                && inner.partitions.is_empty()
                && !inner.aggregates;
            let terms = trace_expr(inner, &inner.columns.get(position)?.expr)?;
            match terms.as_slice() {
                [term] if passes_rows_on => Some(of_row(&term.expr, "NEW")),
                _ => None,
            }
        }
        What::Call(..) | What::Step(_) => None,
    }
}

/// Whether an UPDATE changed a column that the mapping reads: true then. 0.0 and -0.0 can't be
/// told apart, so a zero always matters.
pub(crate) fn update_matters(columns: &[String], table: Option<&Table>) -> String {
    let column = |name: &String| table.and_then(|table| table.column(name));
    let keeps = |name: &&String| column(name).is_none_or(|column| column.affinity.keeps_all());
    let zeros = columns.iter().filter(keeps).map(|name| is_zero(&format!("NEW.{}", ident(name))));
    let changed = columns.iter().map(|name| changed(name, table));
    any(&changed.chain(zeros).collect::<Vec<_>>())
}

/// Whether an UPDATE changed one of these columns, as far as SQL can tell.
pub(crate) fn is_changed(columns: &[String], table: &Table) -> String {
    any(&columns.iter().map(|name| changed(name, Some(table))).collect::<Vec<_>>())
}

/// Values that are not the same can compare equal: 'a' and 'A' under NOCASE, 1 and 1.0 in a
/// column without a type, and the least integer and the real it overflows to in one that
/// stores integers.
fn changed(name: &str, table: Option<&Table>) -> String {
    let quoted = ident(name);
    let column = table.and_then(|table| table.column(name));
    let collate = if column.is_some_and(Column::is_binary) { "" } else { " COLLATE BINARY" };
    let one_class = column.is_some_and(|column| {
        column.affinity.tells_classes() || table.is_some_and(|table| table.is_rowid_alias(name))
    });
    let mut changed = format!("OLD.{quoted} IS NOT NEW.{quoted}{collate}");
    if !one_class {
        changed += &format!(" OR typeof(OLD.{quoted}) <> typeof(NEW.{quoted})");
    }
    changed
}
