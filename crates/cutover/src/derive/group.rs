//! What the rows of a group tell where a target follows groups by what a row brings or takes
//! away, as SQL.

use super::derived::{Part, Place, leaf_of};
use super::query::{Output, Query};
use super::sql::ident;
use crate::derive::target::{Target, Totals};
use crate::tree::{Expr, Literal};

/// The values of a scope, by position.
pub(crate) type Scope<'a> = &'a dyn Fn(usize) -> String;

/// Numbers beyond this, and their negatives, are added up anew. Of as many rows as a table can
/// have, smaller ones don't overflow in any order: SQLite refuses a sum that does on its way.
const LARGE: i64 = 1 << 32;

/// What the mapping gives for an output in a group: the group is read.
pub(crate) fn read(target: &Target, output: &Output, scope: Scope<'_>) -> String {
    let mut arm = target.sources[0].query.first.clone();
    arm.columns = vec![output.clone()];
    arm.group_by.clear();
    format!(
        "({})",
        Query::of(arm).render(&|leaf| {
            let table = Place::LIVE.table(leaf.side, &leaf.table);
            leaf_of(target, &target.sources[0], leaf, table, Part::Scope(scope))
        })
    )
}

/// Whether a group has a row whose value is no number that is added up without reading the
/// others. There is an index of those alone.
pub(crate) fn has_odd(target: &Target, totals: &Totals, of: &str, scope: Scope<'_>) -> String {
    let source = &target.sources[0];
    let table = Place::LIVE.table(totals.leaf.side, &totals.leaf.table);
    let rows = leaf_of(target, source, &totals.leaf, table, Part::Scope(scope));
    format!("EXISTS (SELECT 1 FROM {rows} AS o WHERE {})", is_odd(&format!("o.{}", ident(of))))
}

/// Whether a value is none that is simply added: neither NULL nor a whole number of moderate
/// size. This is also the condition of the index.
pub(crate) fn is_odd(value: &str) -> String {
    format!(
        "{value} IS NOT NULL AND (typeof({value}) <> 'integer' OR {value} NOT BETWEEN -{LARGE} AND {LARGE})"
    )
}

/// A condition over the columns of a row, that it is true.
pub(crate) fn holds(condition: &Expr, row: &str) -> String {
    format!("(({}) IS TRUE)", super::query::trace::of_row(condition, row))
}

/// The least integer, which a column for exact numbers keeps apart from the real that equals it.
pub(crate) fn is_least_of_all(value: &str) -> String {
    let least = Expr::Literal(Literal::Number(i64::MIN.to_string()));
    format!("{value} = {least}")
}
