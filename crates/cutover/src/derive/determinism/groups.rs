//! Which member of a group stands for it.
//!
//! DISTINCT, GROUP BY, UNION, EXCEPT and INTERSECT make one row of those that compare equal,
//! and min() and max() pick one value of those that do. Where equal values differ, which one
//! it is depends on the order in which they are met.

use super::open::{Open, Settled, Used};
use super::values::{Doubt, Values, plain_column};
use crate::derive::query::aggregates::{is_aggregate, outside_of_groups};
use crate::derive::query::term::bare;
use crate::derive::query::trace::picked;
use crate::derive::query::{Arm, Output, Query};
use crate::schema::{Affinity, Table};
use crate::tree::{Compound, Distinctness, Expr};

/// Refuses an arm that leaves open which value it takes.
pub(super) fn check(
    values: &Values<'_>,
    arm: &Arm,
    table: Option<&Table>,
    used: Used<'_>,
) -> Settled {
    let read = arm.columns.iter().enumerate().filter(|(position, _)| used(*position));
    if arm.distinct {
        let exprs = arm.columns.iter().map(|output| &output.expr);
        let seeds = values.seeds(arm, exprs);
        let known = values.known(arm, &seeds);
        let single = values.rows_are_unique(arm, &seeds);
        for (_, output) in read.clone() {
            let doubt =
                values.doubt(arm, &output.expr).filter(|doubt| matters(doubt, table, output));
            if let Some(doubt) = doubt.filter(|_| !single && !known.decides(&output.expr)) {
                return Err(open(&doubt, &output.expr, "DISTINCT"));
            }
        }
    }
    if arm.aggregates {
        for (_, output) in read.clone() {
            if let Some(column) = outside_of_groups(&output.expr, &arm.group_by) {
                return Err(of_no_row(column));
            }
        }
    }
    if !arm.group_by.is_empty() {
        let known = values.known(arm, &values.seeds(arm, &arm.group_by));
        for (_, output) in read.clone() {
            let look = |group: &Expr| {
                values
                    .doubt(arm, group)
                    .filter(|doubt| matters(doubt, table, output) && !known.decides(group))
            };
            spelling(arm, &output.expr, &look)?;
        }
    }
    for (_, output) in read {
        least(values, arm, &output.expr, &|doubt| matters(doubt, table, output))?;
    }
    Ok(())
}

/// Refuses a UNION and its like over values that may be equal and differ.
pub(super) fn check_compound(
    values: &Values<'_>,
    query: &Query,
    table: Option<&Table>,
    used: Used<'_>,
) -> Settled {
    let set = query.rest.iter().find(|(operator, _)| *operator != Compound::UnionAll);
    let Some((operator, _)) = set else { return Ok(()) };
    for (position, output) in query.first.columns.iter().enumerate() {
        if !used(position) {
            continue;
        }
        let exprs =
            || query.arms().filter_map(move |arm| Some((arm, &arm.columns.get(position)?.expr)));
        for (arm, expr) in exprs() {
            if let Some(doubt) =
                values.doubt(arm, expr).filter(|doubt| matters(doubt, table, output))
            {
                return Err(open(&doubt, expr, &operator.to_string()));
            }
        }
        let reals =
            exprs().filter(|(arm, expr)| values.affinity(arm, expr).is_some_and(Affinity::is_real));
        if ![0, query.rest.len() + 1].contains(&reals.count())
            && matters(&Doubt::Untyped, table, output)
        {
            return Err(open(&Doubt::Untyped, &output.expr, &operator.to_string()));
        }
    }
    Ok(())
}

/// A column that stores numbers makes one of 1 and 1.0.
fn matters(doubt: &Doubt, table: Option<&Table>, output: &Output) -> bool {
    let stored = table.and_then(|table| table.column(&output.name)).map(|column| column.affinity);
    let numeric = stored.is_some_and(Affinity::is_numeric);
    !(numeric && *doubt == Doubt::Untyped)
}

/// Looks for a grouping expression whose spelling a result shows.
fn spelling(arm: &Arm, expr: &Expr, look: &dyn Fn(&Expr) -> Option<Doubt>) -> Settled {
    let mut groups = arm.group_by.iter().filter(|group| bare(group) == bare(expr)).peekable();
    if groups.peek().is_some() {
        // Where one of them is told apart byte by byte, so are all.
        let doubts: Option<Vec<Doubt>> = groups.map(look).collect();
        return match doubts.and_then(|doubts| doubts.into_iter().next()) {
            Some(doubt) => Err(open(&doubt, expr, "GROUP BY")),
            None => Ok(()),
        };
    }
    if picked(arm, expr).is_some() {
        return Ok(());
    }
    if let Expr::Call(call) = expr {
        let (name, args) = (call.function(), call.args());
        if call.over.is_none() && is_aggregate(&name, args.len()) {
            return Ok(());
        }
        // These make the same of every spelling.
        let folded = |argument: &Expr| {
            let group = arm.group_by.iter().find(|group| bare(group) == bare(argument));
            match (group.and_then(look), name.as_str()) {
                (Some(Doubt::Collation(c)), "lower" | "upper" | "length") => c == "NOCASE",
                (Some(Doubt::Collation(c)), "rtrim" | "trim") => c == "RTRIM",
                _ => false,
            }
        };
        if let [argument] = args
            && folded(argument)
        {
            return Ok(());
        }
    }
    let mut found = Ok(());
    expr.children(&mut |inner| {
        if found.is_ok() {
            found = spelling(arm, inner, look);
        }
    });
    found
}

/// Looks for a min() or max() that picks one of several equal values, and for an aggregate over
/// DISTINCT values that shows one.
fn least(values: &Values<'_>, arm: &Arm, expr: &Expr, matters: &dyn Fn(&Doubt) -> bool) -> Settled {
    if let Expr::Call(call) = expr
        && let [value, ..] = call.args()
    {
        let (name, args) = (call.function(), call.args());
        let picks = ["min", "max"].contains(&name.as_str()) && args.len() == 1;
        let shows = call.distinctness == Some(Distinctness::Distinct)
            && is_aggregate(&name, args.len())
            && name != "count";
        let doubt = values.doubt(arm, value).filter(|doubt| {
            matters(doubt) && !(picked(arm, expr).is_some() && *doubt == Doubt::Untyped)
        });
        if let Some(doubt) = doubt.filter(|_| picks || shows) {
            return Err(open_pick(&doubt, value, &name));
        }
    }
    let mut found = Ok(());
    expr.children(&mut |inner| {
        if found.is_ok() {
            found = least(values, arm, inner, matters);
        }
    });
    found
}

/// The author's name of a value.
fn shown(expr: &Expr) -> String {
    plain_column(expr).map_or_else(|| "the expression".to_owned(), |(_, column)| column.to_owned())
}

fn equal_and_other(doubt: &Doubt, column: &str) -> String {
    match doubt {
        Doubt::Collation(collation) if collation == "RTRIM" => {
            format!("{column} compares without spaces at the end (RTRIM): 'a' and 'a ' are equal")
        }
        Doubt::Collation(collation) if collation == "NOCASE" => {
            format!("{column} compares without case (NOCASE): 'a' and 'A' are equal")
        }
        Doubt::Collation(collation) => {
            format!(
                "{column} compares by the collation {collation}, to which different texts may be equal"
            )
        }
        Doubt::Untyped => {
            format!("{column} has no type that makes one of 1 and 1.0, which are equal")
        }
    }
}

fn of_no_row(column: String) -> Open {
    Open {
        reason: format!(
            "{column} is neither grouped by nor aggregated: which row of the group it comes from is not determined"
        ),
        word: column,
        fix: "add it to GROUP BY, or aggregate it with min() or max()".to_owned(),
    }
}

fn open(doubt: &Doubt, expr: &Expr, how: &str) -> Open {
    let column = shown(expr);
    let reason = format!(
        "{}, and which of them {how} keeps is not determined",
        equal_and_other(doubt, &column)
    );
    let fix = match doubt {
        Doubt::Collation(_) => format!(
            "pick one, with min({column} COLLATE BINARY) and GROUP BY {column}; or keep them apart: \
             {column} COLLATE BINARY"
        ),
        Doubt::Untyped => format!("make them equal: CAST({column} AS TEXT), or another type"),
    };
    Open { word: column, reason, fix }
}

fn open_pick(doubt: &Doubt, value: &Expr, function: &str) -> Open {
    let column = shown(value);
    let reason = format!(
        "{}, and which of them {function}() takes is not determined",
        equal_and_other(doubt, &column)
    );
    let fix = match doubt {
        Doubt::Collation(_) => format!("write {function}({column} COLLATE BINARY)"),
        Doubt::Untyped => format!("write {function}(CAST({column} AS TEXT)), or another type"),
    };
    Open { word: column, reason, fix }
}
