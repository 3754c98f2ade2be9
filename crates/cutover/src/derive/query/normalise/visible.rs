//! What the names in one SELECT stand for.

use crate::derive::query::shape::Output;

use crate::tree::{Name, Window};

/// A FROM item as the expressions of its SELECT see it.
pub(super) struct Visible {
    /// The unique alias it was given.
    pub(super) alias: String,
    /// The name the author knows it by.
    pub(super) shown: Option<String>,
    pub(super) columns: Vec<String>,
    /// Columns that a USING merged into those of an item further left.
    pub(super) merged: Vec<String>,
    /// Whether it is a table-valued function.
    pub(super) call: bool,
}

/// What the names in one SELECT stand for.
pub(super) struct Names<'a> {
    pub(super) visible: &'a [Visible],
    /// Result aliases; they yield to real columns.
    pub(super) results: &'a [Output],
    pub(super) windows: &'a [(Name, Window)],
}
