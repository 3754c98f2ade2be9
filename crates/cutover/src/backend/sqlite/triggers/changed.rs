//! A changed row, and the mappings that read its table.

use crate::derive::names::Names;
use crate::derive::query::Leaf;
use crate::derive::replace_keys::Replaces;
use crate::derive::source::Source;
use crate::derive::target::{Direct, Form, Hub, Target, Totals};
use crate::phase::Side;
use crate::schema::Catalog;

/// One use of the table that changes.
pub(super) struct Use<'a> {
    pub(super) target: &'a Target,
    pub(super) source: &'a Source,
    pub(super) leaf: &'a Leaf,
    pub(super) follows: Follows<'a>,
    /// The keys by which a REPLACE removes a row whose scope would not be derived again.
    pub(super) replaces: Replaces<'a>,
}

/// The table that changes.
pub(super) struct Changed<'a> {
    pub(super) names: Names,
    pub(super) migration: &'a str,
    pub(super) catalog: &'a Catalog,
    pub(super) name: &'a str,
    pub(super) side: Side,
    pub(super) uses: Vec<Use<'a>>,
    /// Whether programs write the other side as well, whose triggers write this one.
    pub(super) in_turn: bool,
}

/// How a target follows one of the tables it comes from.
#[derive(Clone, Copy)]
pub(super) enum Follows<'a> {
    /// The touched scopes are derived again at each change.
    Derived,
    /// Its rows follow those of the table, row by row.
    Row(&'a Direct, &'a Hub),
    /// Its rows are there as long as something gives them.
    Presence,
    /// Its rows follow by what the table's rows bring to their groups.
    Totals(&'a Totals),
}

impl<'a> Follows<'a> {
    pub(super) fn of(target: &'a Target, leaf: &Leaf) -> Self {
        match &target.form {
            Form::Presence => Self::Presence,
            Form::RowByRow(direct) => {
                direct.hub(leaf).map_or(Self::Derived, |hub| Self::Row(direct, hub))
            }
            Form::Totals(totals) => Self::Totals(totals.as_ref()),
            Form::Derived => Self::Derived,
        }
    }

    pub(super) fn hub(self) -> Option<&'a Hub> {
        match self {
            Self::Row(_, hub) => Some(hub),
            Self::Derived | Self::Presence | Self::Totals(_) => None,
        }
    }
}

impl Use<'_> {
    pub(super) fn hub(&self) -> Option<(&Direct, &Hub)> {
        match self.follows {
            Follows::Row(direct, hub) => Some((direct, hub)),
            Follows::Derived | Follows::Presence | Follows::Totals(_) => None,
        }
    }

    pub(super) fn totals(&self) -> Option<&Totals> {
        match self.follows {
            Follows::Totals(totals) => Some(totals),
            Follows::Derived | Follows::Presence | Follows::Row(..) => None,
        }
    }

    /// The columns of the table that the mapping reads.
    pub(super) fn columns(&self) -> Vec<String> {
        self.source.query.columns_of(self.leaf.number)
    }

    pub(super) fn is_presence(&self) -> bool {
        matches!(self.follows, Follows::Presence)
    }

    pub(super) fn is_derived(&self) -> bool {
        matches!(self.follows, Follows::Derived)
    }

    /// Whether a row that goes can only take the target's row along, and changes no other.
    pub(super) fn only_takes_along(&self) -> bool {
        match self.follows {
            Follows::Derived | Follows::Totals(_) => false,
            Follows::Row(_, hub) => !hub.optional,
            Follows::Presence => true,
        }
    }
}

/// Names, each once, in order.
pub(super) fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
