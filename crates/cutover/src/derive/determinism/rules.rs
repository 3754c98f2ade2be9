//! The rules, asked of every SELECT of a mapping.

use super::groups;
use super::open::{Open, Settled, Used};
use super::values::{self, Values};
use super::{reals, ties};
use crate::derive::flaw::Flaw;
use crate::derive::query::trace::picked;
use crate::derive::query::{Arm, Query, What};
use crate::migration::Mapping;
use crate::schema::{Catalog, Table};
use crate::tree::{Expr, Name};

/// Makes min() and max() of a grouping expression pick one of its spellings: all of them are
/// equal under its own collation, so that any is right, and the first one met is another each
/// time.
pub(crate) fn settle(query: &mut Query, catalog: &Catalog) {
    for arm in query.arms_mut() {
        for item in &mut arm.from {
            if let What::Query(query) = &mut item.what {
                settle(query, catalog);
            }
        }
    }
    let values = Values::new(catalog);
    for arm in query.arms_mut() {
        let whole = arm.clone();
        for output in &mut arm.columns {
            output.expr.visit_mut(&mut |expr| {
                let Some(group) = picked(&whole, expr) else { return };
                if values.doubt(&whole, group).is_none() {
                    return;
                }
                if let Expr::Call(call) = expr {
                    for value in call.args_mut() {
                        let spelling = Box::new(value.clone());
                        *value = Expr::Collate(spelling, Name::plain("BINARY"));
                    }
                }
            });
        }
    }
}

/// Refuses a mapping into `table` whose answer is not one.
pub(crate) fn check(
    mapping: &Mapping,
    query: &Query,
    table: &Table,
    catalog: &Catalog,
) -> Result<(), Flaw> {
    let values = Values::new(catalog);
    let checked = check_query(&values, query, Some(table), &|_| true);
    checked.map_err(|Open { word, reason, fix }| Flaw::cant_keep(mapping, &word, reason, fix))
}

/// `table` is what stores the result, where nothing is around the query.
fn check_query(
    values: &Values<'_>,
    query: &Query,
    table: Option<&Table>,
    used: Used<'_>,
) -> Settled {
    for arm in query.arms() {
        for item in &arm.from {
            if let What::Query(inner) = &item.what {
                let read = |position: usize| {
                    inner
                        .first
                        .columns
                        .get(position)
                        .is_some_and(|output| is_read(arm, &item.alias, &output.name))
                };
                check_query(values, inner, None, &read)?;
            }
        }
        groups::check(values, arm, table, used)?;
        ties::check(values, arm)?;
        reals::check(values, arm, table)?;
    }
    groups::check_compound(values, query, table, used)
}

/// Whether an arm takes a column's value, rather than only compare it.
fn is_read(arm: &Arm, alias: &str, column: &str) -> bool {
    let mut exprs: Vec<&Expr> = arm.columns.iter().map(|output| &output.expr).collect();
    exprs.extend(&arm.group_by);
    exprs.extend(&arm.having);
    let taken = exprs.into_iter().any(|expr| values::takes(expr, alias, column, false));
    let conditions = arm.filter.iter().chain(arm.from.iter().filter_map(|item| item.on.as_ref()));
    let arguments = arm.from.iter().flat_map(|item| match &item.what {
        What::Call(_, arguments) => arguments.as_slice(),
        _ => &[],
    });
    taken
        || conditions.into_iter().any(|expr| values::takes(expr, alias, column, true))
        || arguments.into_iter().any(|expr| values::takes(expr, alias, column, false))
}
