//! Which scopes of a target a change to one row of a leaf can touch.

use crate::derive::query::reduce::reduce;
use crate::derive::query::term::Term;
use crate::derive::query::trace::of_row;
use crate::derive::query::{Leaf, Query};
use crate::derive::source::Source;
use crate::derive::sql::{ident, join};
use crate::schema::Table;

/// In how many places besides its own a changed row is tried where a mapping reads a table
/// several times: each doubles the statement.
const PLACES_OF_A_ROW: usize = 3;

/// Where the changed rows are read from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// The one row `NEW` or `OLD` of a trigger.
    Trigger(&'a str),
    /// One row with unknown values, to look at the query plan; they compare as those of the
    /// table do, if it is given: else no index with another collation would be used.
    Unknown(Option<&'a Table>),
    /// The rows of the leaf's table that meet a condition over its columns.
    Where(&'a str),
    /// Rows with the columns of the leaf's table that were there before, as a table expression.
    Gone(&'a str),
    /// Rows with the columns of the leaf's table, as a table expression.
    From(&'a str),
}

/// A SELECT that gives the scopes touched by the rows: one column for each scope
/// column, in order. `None` if it can't be told.
pub(crate) fn touched(source: &Source, leaf: &Leaf, rows: Rows<'_>) -> Option<String> {
    match own_terms(source, leaf) {
        Some(terms) => Some(direct(terms, leaf, rows)),
        None => joined(source, leaf, rows),
    }
}

/// The one scope that the row `NEW` or `OLD` of a trigger touches, value by value, where
/// the row itself says which it is.
pub(crate) fn scope_of(source: &Source, leaf: &Leaf, row: &str) -> Option<Vec<String>> {
    let terms = own_terms(source, leaf)?;
    Some(terms.iter().map(|term| of_row(&term.expr, row)).collect())
}

/// Where the scope's columns come from, if all come from this leaf or are equated with its own.
pub(crate) fn own_terms<'s>(source: &'s Source, leaf: &Leaf) -> Option<&'s [Term]> {
    let number = leaf.number;
    let own = |term: &Term| term.leaf.is_none_or(|found| found == number);
    source
        .paths
        .iter()
        .find(|terms| terms.iter().all(own) && terms.iter().any(|term| term.leaf == Some(number)))
        .map(Vec::as_slice)
        .or_else(|| {
            let beside = source.beside.iter().find(|(found, _)| *found == number);
            beside.map(|(_, terms)| terms.as_slice())
        })
}

/// The changed row itself says which scope it belongs to.
fn direct(terms: &[Term], leaf: &Leaf, rows: Rows<'_>) -> String {
    match rows {
        Rows::Trigger(row) => {
            format!("SELECT {}", join(terms, ", ", |term| of_row(&term.expr, row)))
        }
        Rows::Unknown(_) => format!("SELECT {}", join(terms, ", ", |_| "?".to_owned())),
        Rows::Where(condition) => format!(
            "SELECT {} FROM {} AS x WHERE {condition}",
            join(terms, ", ", |term| of_row(&term.expr, "x")),
            ident(&leaf.table)
        ),
        Rows::Gone(rows) | Rows::From(rows) => {
            format!("SELECT {} FROM {rows} AS x", join(terms, ", ", |term| of_row(&term.expr, "x")))
        }
    }
}

/// The scope comes from other tables: the mapping's own joins lead to it, with
/// the changed row in the place of the leaf. What depends on the whole scope
/// (grouping, DISTINCT) is left out: a superset of the touched scopes does no harm.
fn joined(source: &Source, leaf: &Leaf, rows: Rows<'_>) -> Option<String> {
    let arm =
        source.query.arms().find(|arm| arm.from.iter().any(|item| item.holds(leaf.number)))?;
    let arm = reduce(arm, leaf, &source.scope_positions)?;
    let query = Query::of(arm);
    // The mapping may read the table more than once, and what was there before a row went
    // had that row in any of these places. The table itself no longer has it.
    let mut others: Vec<usize> = Vec::new();
    if matches!(rows, Rows::Trigger("OLD") | Rows::Gone(_)) {
        let same = |found: &&&Leaf| found.table == leaf.table && found.side == leaf.side;
        others = query.leaves().iter().filter(same).map(|found| found.number).collect();
        others.retain(|number| *number != leaf.number);
    }
    if others.len() > PLACES_OF_A_ROW {
        return None;
    }
    let places = (0..1_usize << others.len()).map(|chosen| {
        let is_row = |number: usize| {
            number == leaf.number
                || others
                    .iter()
                    .enumerate()
                    .any(|(n, other)| *other == number && chosen & (1 << n) != 0)
        };
        query.render(&|found| {
            if is_row(found.number) { changed(found, rows) } else { ident(&found.table) }
        })
    });
    Some(places.collect::<Vec<_>>().join(" UNION "))
}

/// Stands for `NEW.column`, which has the column's collation.
fn unknown(table: Option<&Table>, column: &str) -> String {
    match table.and_then(|table| table.column(column)) {
        Some(column) if !column.is_binary() => format!("? COLLATE {}", ident(&column.collation)),
        _ => "?".to_owned(),
    }
}

/// The rows of a leaf that changed, as a table expression.
fn changed(leaf: &Leaf, rows: Rows<'_>) -> String {
    let values = |value: &dyn Fn(&str) -> String| {
        join(&leaf.columns, ", ", |column| format!("{} AS {}", value(column), ident(column)))
    };
    match rows {
        Rows::Trigger(row) => {
            format!("(SELECT {})", values(&|column| format!("{row}.{}", ident(column))))
        }
        Rows::Unknown(table) => format!("(SELECT {})", values(&|column| unknown(table, column))),
        Rows::Where(condition) => {
            format!("(SELECT * FROM {} AS x WHERE {condition})", ident(&leaf.table))
        }
        Rows::Gone(rows) | Rows::From(rows) => format!("(SELECT * FROM {rows} AS x)"),
    }
}
