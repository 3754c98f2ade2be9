//! A changed row, and the mappings that read its table.

use crate::derive::names::Names;
use crate::derive::query::Leaf;
use crate::derive::replace_keys::Replaces;
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::phase::Side;
use crate::schema::Catalog;

/// One use of the table that changes.
pub(super) struct Use<'a> {
    pub(super) target: &'a Target,
    pub(super) source: &'a Source,
    pub(super) leaf: &'a Leaf,
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
}
