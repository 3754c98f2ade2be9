//! Which scopes of a target a change to one row of a leaf can touch.

use super::query::{Arm, Join, Leaf, Query, What};
use super::sql::{ident, join};
use super::target::{Source, holds};
use super::trace::{Term, columns_of, of_row};

/// Where the changed rows are read from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// The one row `NEW` or `OLD` of a trigger.
    Trigger(&'a str),
    /// One row with unknown values, to look at the query plan.
    Unknown,
    /// The rows of the leaf's table that meet a condition over its columns.
    Where(&'a str),
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

/// Where the scope's columns come from, if all come from this leaf.
fn own_terms<'s>(source: &'s Source, leaf: &Leaf) -> Option<&'s [Term]> {
    let number = leaf.number;
    let own = |term: &Term| term.leaf.is_none_or(|found| found == number);
    source
        .paths
        .iter()
        .find(|terms| terms.iter().all(own) && terms.iter().any(|term| term.leaf == Some(number)))
        .map(Vec::as_slice)
}

/// The changed row itself says which scope it belongs to.
fn direct(terms: &[Term], leaf: &Leaf, rows: Rows<'_>) -> String {
    match rows {
        Rows::Trigger(row) => {
            format!("SELECT {}", join(terms, ", ", |term| of_row(&term.expr, row)))
        }
        Rows::Unknown => format!("SELECT {}", join(terms, ", ", |_| "?".to_owned())),
        Rows::Where(condition) => format!(
            "SELECT {} FROM {} AS x WHERE {condition}",
            join(terms, ", ", |term| of_row(&term.expr, "x")),
            ident(&leaf.table)
        ),
    }
}

/// The scope comes from other tables: the mapping's own joins lead to it, with
/// the changed row in the place of the leaf. What depends on the whole scope
/// (grouping, DISTINCT) is left out: a superset of the touched scopes does no harm.
fn joined(source: &Source, leaf: &Leaf, rows: Rows<'_>) -> Option<String> {
    let arm =
        source.query.arms().find(|arm| arm.from.iter().any(|item| holds(item, leaf.number)))?;
    let arm = reduce(arm, leaf.number, &source.scope_positions)?;
    let number = leaf.number;
    let sql = Query::of(arm).render(&|found| {
        if found.number != number {
            return ident(&found.table);
        }
        match rows {
            Rows::Trigger(row) => {
                let columns =
                    join(&found.columns, ", ", |column| format!("{row}.{0} AS {0}", ident(column)));
                format!("(SELECT {columns})")
            }
            Rows::Unknown => {
                format!(
                    "(SELECT {})",
                    join(&found.columns, ", ", |column| format!("? AS {}", ident(column)))
                )
            }
            Rows::Where(condition) => {
                format!("(SELECT * FROM {} AS x WHERE {condition})", ident(&found.table))
            }
        }
    });
    Some(sql)
}

/// The arm with only the scope's columns as its result, and every part that could
/// hide a touched scope taken out.
fn reduce(arm: &Arm, number: usize, columns: &[usize]) -> Option<Arm> {
    let mut arm = arm.clone();
    arm.columns = columns
        .iter()
        .map(|position| arm.columns.get(*position).cloned())
        .collect::<Option<_>>()?;
    arm.distinct = true;
    arm.group_by.clear();
    arm.having = None;
    arm.aggregates = false;
    arm.partitions.clear();
    let position = arm.from.iter().position(|item| holds(item, number))?;
    if let What::Query(query) = &mut arm.from[position].what {
        **query = only_arm_with(query, number)?;
    }
    if arm.from[position].join == Join::Left {
        // A row of the optional side appears or goes: what it matched is touched,
        // whatever a WHERE says of the row with NULLs that stands in for it.
        arm.from[position].join = Join::Inner;
        arm.filter = None;
        let needed = arm
            .columns
            .iter()
            .flat_map(|output| columns_of(&output.expr))
            .filter_map(|(alias, _)| arm.from.iter().position(|item| item.alias == alias))
            .max()
            .unwrap_or(0);
        arm.from.truncate(needed.max(position) + 1);
    }
    Some(arm)
}

/// A subquery reduced to the arm that reads the leaf. One that aggregates is not
/// supported: its result for a single row is not what the others join with. Nor is a
/// recursive one, whose other steps the row may begin or end.
fn only_arm_with(query: &Query, number: usize) -> Option<Query> {
    let arm = query.arms().find(|arm| arm.from.iter().any(|item| holds(item, number)))?;
    let aggregated = arm.aggregates || !arm.group_by.is_empty() || !arm.partitions.is_empty();
    let optional = arm.from.iter().any(|item| item.join == Join::Left && holds(item, number));
    if aggregated || optional || query.recursion.is_some() {
        return None;
    }
    let mut arm = arm.clone();
    // Result names come from the first arm of a compound.
    for (output, shown) in arm.columns.iter_mut().zip(&query.first.columns) {
        output.name.clone_from(&shown.name);
    }
    let position = arm.from.iter().position(|item| holds(item, number))?;
    if let What::Query(inner) = &mut arm.from[position].what {
        **inner = only_arm_with(inner, number)?;
    }
    Some(Query::of(arm))
}
