//! The tables whose rows a target's rows follow.

use crate::derive::query::Leaf;
use crate::schema::Table;

/// How a target's rows follow.
#[derive(Debug, Clone)]
pub(crate) struct Direct {
    /// The driver first.
    pub(crate) hubs: Vec<Hub>,
    /// Whether the driver's row may give none though each hub has one: for a condition, or for
    /// what else is joined.
    pub(crate) conditional: bool,
}

/// A table whose rows say which row of the target they make.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    pub(crate) leaf: Leaf,
    /// Its columns that have the value of the target's key, in the order of the key.
    pub(crate) key: Vec<String>,
    /// Whether the target has its row without it: the right of a LEFT JOIN.
    pub(crate) optional: bool,
    /// Whether its rows may go with the driver's, by a foreign key, while the target still has
    /// the row.
    pub(crate) goes_along: bool,
    /// Its columns that decide which row there is, and what is joined.
    pub(crate) moving: Vec<String>,
    /// The target's columns that it has a part in, its key aside.
    pub(crate) gives: Vec<Given>,
}

/// A column of the target.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) column: String,
    /// What it takes from the hub.
    pub(crate) reads: Vec<String>,
    pub(crate) value: Value,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// It is that of the hub's column, which may store and compare values as the target's does.
    Column { name: String, alike: bool },
    /// The mapping computes it.
    Computed,
}

/// Columns of the target that are set together.
pub(crate) type Part<'a> = Vec<&'a Given>;

impl Direct {
    /// The hub that a leaf is.
    pub(crate) fn hub(&self, leaf: &Leaf) -> Option<&Hub> {
        self.hubs.iter().find(|hub| hub.leaf.number == leaf.number)
    }

    /// Whether one write may set a row in several steps, each of which leaves other columns
    /// behind what the mapping gives.
    pub(crate) fn in_steps(&self, table: &Table) -> bool {
        self.hubs.len() > 1 || self.hubs.iter().any(|hub| hub.parts(table).len() > 1)
    }
}

impl Hub {
    /// Whether a column of the target holds the very value of one of its own.
    pub(crate) fn copies(&self, column: &str) -> bool {
        self.gives.iter().any(|given| {
            given.column == column && matches!(given.value, Value::Column { alike: true, .. })
        })
    }

    /// What an UPDATE sets, each part by itself: an index is written anew for each UPDATE that
    /// names its column, changed or not.
    pub(crate) fn parts(&self, target: &Table) -> Vec<Part<'_>> {
        let indexed = |given: &&Given| {
            target.indexes.iter().any(|index| {
                index.columns.is_empty()
                    || index.columns.iter().any(|name| name.eq_ignore_ascii_case(&given.column))
            })
        };
        let (indexed, plain): (Part<'_>, Part<'_>) = self.gives.iter().partition(indexed);
        std::iter::once(plain)
            .chain(indexed.into_iter().map(|given| vec![given]))
            .filter(|part| !part.is_empty())
            .collect()
    }
}
