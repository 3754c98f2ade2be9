//! Functions whose value depends on the order of the rows.
//!
//! SQL gives rows in no order unless it is told to. What such a function then
//! gives depends on the plan that SQLite picks, and the plan of a trigger, which
//! derives one key, isn't that of the backfill, which derives a range. The mirror
//! would be found different although nothing is wrong.

use turso_parser::ast::{
    Expr, FromClause, FunctionTail, Name, OneSelect, Over, Select, SelectTable, Window, WindowDef,
};

use super::fault::Checked;
use super::refuse;
use super::syntax::{name, place};
use super::tokens::Statement;
use super::withs::{Meaning, Withs};

/// Aggregates that take the rows as they come.
const AGGREGATES: [&str; 3] = ["group_concat", "json_group_array", "json_group_object"];

/// Window functions that count or pick rows by their place.
const WINDOW: [&str; 7] =
    ["first_value", "lag", "last_value", "lead", "nth_value", "ntile", "row_number"];

/// How the rows of one SELECT come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'e> {
    /// They all come from one subquery that is ordered.
    ordered: bool,
    windows: &'e [WindowDef],
}

impl<'e> Rows<'e> {
    /// How the rows come that a SELECT reads.
    pub(super) fn of(select: &'e OneSelect, withs: &Withs<'e>) -> Self {
        let OneSelect::Select { from, window_clause, .. } = select else {
            return Self { ordered: false, windows: &[] };
        };
        let only = from.as_ref().and_then(|from| only_subquery(from, withs));
        let ordered = only.is_some_and(|select| !select.order_by.is_empty());
        Self { ordered, windows: window_clause }
    }

    /// Whether a call is over a window that is ordered.
    fn orders(&self, tail: &FunctionTail) -> bool {
        match &tail.over_clause {
            None => false,
            Some(Over::Name(base)) => self.named_orders(base),
            Some(Over::Window(window)) => self.window_orders(window),
        }
    }

    fn window_orders(&self, window: &Window) -> bool {
        !window.order_by.is_empty()
            || window.base.as_ref().is_some_and(|base| self.named_orders(base))
    }

    fn named_orders(&self, base: &Name) -> bool {
        // A window may build on one defined before it, never on itself.
        let same = |other: &WindowDef| name(&other.name).eq_ignore_ascii_case(name(base));
        let Some(at) = self.windows.iter().position(same) else {
            return false;
        };
        let before = Self { windows: &self.windows[..at], ..*self };
        before.window_orders(&self.windows[at].window)
    }
}

/// The subquery, or the member of a WITH clause, that a FROM clause reads and nothing else.
pub(super) fn only_subquery<'e>(from: &'e FromClause, withs: &Withs<'e>) -> Option<&'e Select> {
    match &*from.select {
        _ if !from.joins.is_empty() => None,
        SelectTable::Select(select, _) => Some(select),
        SelectTable::Table(table, ..) if table.db_name.is_none() => {
            match withs.meaning(name(&table.name)) {
                Meaning::Member(member) => Some(&member.select),
                Meaning::Step | Meaning::Itself | Meaning::Table => None,
            }
        }
        _ => None,
    }
}

/// Refuses a call whose value depends on an order that nothing sets.
pub(super) fn check(statement: &Statement<'_>, expr: &Expr, rows: &Rows<'_>) -> Checked {
    let Expr::FunctionCall { name: called, filter_over: tail, .. } = expr else {
        return Ok(());
    };
    let is_in = |list: &[&str]| list.iter().any(|known| name(called).eq_ignore_ascii_case(known));
    if rows.orders(tail) {
        return Ok(());
    }
    let fix = if is_in(&WINDOW) {
        "add ORDER BY to its window, by columns that no two rows share"
    } else if is_in(&AGGREGATES) && tail.over_clause.is_some() {
        "add ORDER BY to its window"
    } else if is_in(&AGGREGATES) && !rows.ordered {
        "read the rows from an ordered subquery: FROM (SELECT … ORDER BY …)"
    } else {
        return Ok(());
    };
    Err(refuse::unordered(place(statement, called), name(called), fix))
}
