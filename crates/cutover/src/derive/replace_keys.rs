//! The keys by which a REPLACE removes a row whose scope nothing else derives again.

use super::cascades::cascades_onto_itself;
use super::no_effect::insert_has_no_effect;
use super::query::Leaf;
use crate::derive::source::Source;
use crate::derive::target::{Hub, Target, always_gives};
use crate::schema::{Catalog, ConflictKey, Keyed, Table};

/// The keys of a leaf's table by which a REPLACE removes a row whose scope the AFTER trigger
/// of the new row does not derive again by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replaces<'a> {
    pub(crate) by_insert: Vec<&'a ConflictKey>,
    pub(crate) by_update: Vec<&'a ConflictKey>,
}

impl Replaces<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_insert.is_empty() && self.by_update.is_empty()
    }
}

/// Our own writes to a target never replace anything, so there are none for a leaf that is
/// one.
pub(crate) fn replaces<'a>(
    target: &Target,
    source: &Source,
    leaf: &Leaf,
    catalog: &'a Catalog,
    hub: Option<&Hub>,
) -> Replaces<'a> {
    let table = catalog.table(leaf.side, &leaf.table);
    let Some(table) = table.filter(|_| leaf.side != target.direction.target()) else {
        return Replaces::default();
    };
    let keys = || table.conflict_keys.iter();
    // Where a group is as it was, or follows by what its rows bring, the AFTER trigger does not
    // derive it again, and one of its rows may be gone.
    let counts = target.totals().is_some();
    let leaves = counts || insert_has_no_effect(target, source, leaf, catalog).is_some();
    let cascades = cascades_onto_itself(table, catalog);
    // A row that takes the place of another of its key sets what that one had set.
    let seen = |key: &ConflictKey| hub.is_some_and(|hub| is_over(key, &hub.key));
    let read = source.query.columns_of(leaf.number);
    Replaces {
        by_insert: keys()
            .filter(|key| !seen(key) && (leaves || !same_scope(source, leaf, key)))
            .collect(),
        by_update: keys()
            .filter(|key| {
                !seen(key)
                    && (counts
                        || cascades
                        || !same_scope(source, leaf, key)
                        || !reads(&read, key, table))
            })
            .collect(),
    }
}

/// Whether a key is over exactly these columns, as they compare themselves.
fn is_over(key: &ConflictKey, columns: &[String]) -> bool {
    key.condition.is_none()
        && key.parts.iter().all(|part| part.collation.is_none())
        && key.columns().is_some_and(|own| {
            own.len() == columns.len()
                && own
                    .iter()
                    .all(|name| columns.iter().any(|other| other.eq_ignore_ascii_case(name)))
        })
}

/// Whether rows that agree on a key are of one scope, and each gives a row in it: then it is
/// derived again for the new row, and the image of the one that went with it.
fn same_scope(source: &Source, leaf: &Leaf, key: &ConflictKey) -> bool {
    let in_key = |bare: &str| {
        key.parts.iter().any(|part| match &part.value {
            Keyed::Column(column) => part.collation.is_none() && column.eq_ignore_ascii_case(bare),
            Keyed::Expression(_) => false,
        })
    };
    always_gives(&source.query, leaf.number)
        && source.paths.iter().any(|terms| {
            terms.iter().all(|term| {
                term.leaf.is_none()
                    || (term.leaf == Some(leaf.number) && term.bare().is_some_and(in_key))
            })
        })
}

/// Whether a mapping that reads these columns notices every UPDATE that makes a row conflict
/// on a key.
fn reads(columns: &[String], key: &ConflictKey, table: &Table) -> bool {
    let read = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    key.watched().iter().all(|name| {
        let computed = table.column(name).and_then(|column| column.computed.as_ref());
        read(name) || computed.is_some_and(|from| from.columns.iter().all(read))
    })
}
