//! What looks at more than one row.

use crate::derive::query::term::bare;
use crate::tree::{Args, Call, Expr, Over};

/// Whether a call aggregates: `min` and `max` do with one argument only
/// (<https://www.sqlite.org/lang_aggfunc.html>).
pub(crate) fn is_aggregate(name: &str, args: usize) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "min" | "max" => args == 1,
        "avg" | "count" | "group_concat" | "sum" | "total" | "json_group_array"
        | "json_group_object" => true,
        _ => false,
    }
}

/// Whether an expression aggregates rows (window functions do not).
pub(crate) fn contains_aggregate(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit(&mut |expr| {
        if let Expr::Call(call) = expr {
            found |= call.over.is_none()
                && (call.args == Args::Star || is_aggregate(call.name.as_str(), call.args().len()));
        }
    });
    found
}

/// A column in an expression that is neither one of the grouping expressions nor in an
/// aggregate.
pub(crate) fn outside_of_groups(expr: &Expr, group_by: &[Expr]) -> Option<String> {
    // `c` is settled where it is grouped by with every one of its spellings.
    let grouped = |expr: &Expr| group_by.iter().any(|group| bare(group) == bare(expr));
    match expr {
        _ if grouped(expr) => None,
        Expr::Column(_, column) => Some(column.as_str().to_owned()),
        Expr::Call(call)
            if call.over.is_none() && is_aggregate(call.name.as_str(), call.args().len()) =>
        {
            None
        }
        _ => {
            let mut found = None;
            expr.children(&mut |inner| {
                if found.is_none() {
                    found = outside_of_groups(inner, group_by);
                }
            });
            found
        }
    }
}

/// Whether an expression holds a window function.
pub(crate) fn contains_window(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit(&mut |expr| {
        found |= matches!(expr, Expr::Call(Call { over: Some(Over::Window(_)), .. }));
    });
    found
}
