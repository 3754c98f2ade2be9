//! Where a mapping may give NULL.

use super::table::Target;
use crate::derive::query::trace::trace;
use crate::schema::Catalog;

/// Whether the mapping could give NULL where the target has none.
pub(crate) fn may_get_null(target: &Target, column: &str, catalog: &Catalog) -> bool {
    if !target.table.never_null(column) {
        return false;
    }
    let Some(position) = target.columns.iter().position(|name| name == column) else {
        return true;
    };
    !comes_from_no_null(target, position, catalog)
}

/// Whether every value of a column is that of a source column which holds no NULL. A trace
/// stops at the optional side of a LEFT JOIN, where NULL comes from.
fn comes_from_no_null(target: &Target, position: usize, catalog: &Catalog) -> bool {
    target.sources.iter().all(|source| {
        let leaves = source.query.leaves();
        trace(&source.query, position).is_some_and(|terms| {
            terms.iter().all(|term| {
                leaves
                    .iter()
                    .find(|leaf| Some(leaf.number) == term.leaf)
                    .and_then(|leaf| catalog.table(leaf.side, &leaf.table))
                    .zip(term.bare())
                    .is_some_and(|(table, name)| {
                        table.column(name).is_some_and(|column| table.never_null(&column.name))
                    })
            })
        })
    })
}
