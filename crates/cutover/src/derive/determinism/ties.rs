//! Rows that an order leaves open.
//!
//! Of rows that tie, row_number() gives one the first number and another the second, as it
//! meets them. What depends on that is refused, unless the keys prove that no rows tie, or the
//! rows that do have the same values wherever it matters.

use super::known::Known;
use super::open::{Open, Settled};
use super::values::{Values, plain_column};
use crate::derive::query::aggregates::is_aggregate;
use crate::derive::query::term::columns_of;
use crate::derive::query::{Arm, What};
use crate::tree::{Bound, Call, Expr, FrameMode, Over, Window};

/// Takes the rows one after the other, whatever their values.
const BY_PLACE: [&str; 4] = ["lag", "lead", "ntile", "row_number"];

/// Takes a value of one of the rows, or all in their order.
const IN_ORDER: [&str; 6] = [
    "first_value",
    "group_concat",
    "json_group_array",
    "json_group_object",
    "last_value",
    "nth_value",
];

/// The same for every row of those that tie.
const BY_RANK: [&str; 4] = ["cume_dist", "dense_rank", "percent_rank", "rank"];

/// Refuses an arm whose answer depends on the order of rows that tie.
pub(super) fn check(values: &Values<'_>, arm: &Arm) -> Settled {
    arm.columns.iter().try_for_each(|output| calls(values, arm, &output.expr))
}

fn calls(values: &Values<'_>, arm: &Arm, expr: &Expr) -> Settled {
    if let Expr::Call(called) = expr {
        call(values, arm, called)?;
    }
    let mut found = Ok(());
    expr.children(&mut |inner| {
        if found.is_ok() {
            found = calls(values, arm, inner);
        }
    });
    found
}

fn call(values: &Values<'_>, arm: &Arm, call: &Call) -> Settled {
    let (function, args) = (call.function(), call.args());
    let name = function.as_str();
    let in_order = IN_ORDER.contains(&name);
    match &call.over {
        Some(Over::Window(window)) if !BY_RANK.contains(&name) => {
            over(values, arm, name, args, window)
        }
        None if in_order && is_aggregate(name, args.len()) => aggregate(values, arm, name, args),
        _ => Ok(()),
    }
}

/// A function over a window.
fn over(values: &Values<'_>, arm: &Arm, name: &str, args: &[Expr], window: &Window) -> Settled {
    let order = window.order_by.iter().map(|term| &term.expr);
    let exprs = window.partition_by.iter().chain(order);
    let seeds = values.seeds(arm, exprs);
    let whole_groups = !BY_PLACE.contains(&name) && takes_whole_groups(window);
    let known = values.known(arm, &seeds);
    let whatever_the_row = !IN_ORDER.contains(&name) || args.iter().all(|arg| known.decides(arg));
    let settled = (whole_groups && whatever_the_row)
        || values.rows_are_unique(arm, &seeds)
        || are_alike(arm, &known);
    if settled {
        return Ok(());
    }
    let order = window.order_by.iter().map(|term| &term.expr);
    Err(open(values, arm, name, &known, order, "its window"))
}

/// Whether rows that tie are all in the frame of a row, or none.
fn takes_whole_groups(window: &Window) -> bool {
    let Some(frame) = &window.frame else { return true };
    let unbounded = matches!(frame.start, Bound::UnboundedPreceding)
        && matches!(frame.end, Some(Bound::UnboundedFollowing));
    frame.mode != FrameMode::Rows || unbounded
}

/// Whether the rows that tie are the same as far as the arm shows any of it: then it doesn't
/// matter which is which.
fn are_alike(arm: &Arm, known: &Known) -> bool {
    let mut columns = arm.columns.iter().flat_map(|output| columns_of(&output.expr));
    arm.group_by.is_empty()
        && !arm.aggregates
        && columns.all(|(alias, column)| known.decides(&Expr::column(&alias, &column)))
}

/// An aggregate that takes the rows of a subquery in its order.
fn aggregate(values: &Values<'_>, arm: &Arm, name: &str, args: &[Expr]) -> Settled {
    let [item] = arm.from.as_slice() else { return Ok(()) };
    let What::Query(query) = &item.what else { return Ok(()) };
    let inner = &query.first;
    // In terms of the subquery.
    let below = |expr: &Expr| {
        let (_, column) = plain_column(expr)?;
        Some(&inner.columns.get(query.position(column)?)?.expr)
    };
    let groups = arm.group_by.iter().filter_map(below);
    let seeds = values.seeds(inner, query.order.iter().chain(groups));
    let mut known = values.known(inner, &seeds);
    let mut arguments = args.iter().flat_map(columns_of).map(|(_, column)| {
        query.position(&column).and_then(|position| inner.columns.get(position))
    });
    let decided = if query.rest.is_empty() {
        values.rows_are_unique(inner, &seeds)
            || arguments.all(|output| output.is_some_and(|output| known.decides(&output.expr)))
    } else {
        // The arms have nothing in common but their result.
        known = Known::default();
        arguments.all(|output| {
            output.is_some_and(|output| {
                let exact = values.doubt(inner, &output.expr).is_none();
                exact && seeds.iter().any(|(seed, _)| *seed == output.expr)
            })
        })
    };
    if decided {
        return Ok(());
    }
    Err(open(values, inner, name, &known, query.order.iter(), "the subquery's"))
}

fn open<'e>(
    values: &Values<'_>,
    arm: &Arm,
    name: &str,
    known: &Known,
    order: impl Iterator<Item = &'e Expr>,
    whose: &str,
) -> Open {
    let order: Vec<&str> =
        order.filter_map(|expr| plain_column(expr).map(|(_, column)| column)).collect();
    let key = arm.from.iter().find_map(|item| {
        let table = values.table(item).filter(|_| !known.has_row(&item.alias))?;
        let all_there = |part: &String| table.never_null(part);
        let mut keys = table.uniques.iter();
        let key = keys.find(|key| key.primary || key.columns.iter().all(all_there))?;
        let missing: Vec<&str> = key
            .columns
            .iter()
            .map(String::as_str)
            .filter(|part| !order.iter().any(|column| column.eq_ignore_ascii_case(part)))
            .collect();
        Some(missing.join(", ")).filter(|missing| !missing.is_empty())
    });
    let by = match order.as_slice() {
        [] => "its order".to_owned(),
        order => format!("ORDER BY {}", order.join(", ")),
    };
    Open {
        word: name.to_owned(),
        reason: format!(
            "{name}() depends on the order of rows that tie: {by} does not order them, so the \
             same rows could give another value each time they are derived"
        ),
        fix: match key {
            Some(key) => format!("add to {whose} ORDER BY columns that no two rows share: {key}"),
            None => format!("add to {whose} ORDER BY columns that no two rows share, all NOT NULL"),
        },
    }
}
