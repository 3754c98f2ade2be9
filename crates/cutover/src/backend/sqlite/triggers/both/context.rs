//! What every part needs to know.

use crate::derive::names::Names;
use crate::derive::target::Target;
use crate::schema::Catalog;

/// The migration, on a particular database.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub(super) forward: &'a [Target],
    pub(super) backward: &'a [Target],
    pub(super) names: Names,
    pub(super) migration: &'a str,
    pub(super) catalog: &'a Catalog,
}
