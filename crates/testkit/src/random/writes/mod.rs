//! Kinds of write beside the ordinary ones, one file each: what programs do seldom, and sync
//! machinery forgets. A new kind is a new file, a feature by which it can be left out, and an
//! entry in [`KINDS`].

mod alike;
mod exchanges;
mod rowids;

use super::spec::Feature;
use super::statement::Writer;

/// A kind of write.
pub(super) struct Kind {
    pub(super) feature: Feature,
    /// How often it is chosen, of a hundred writes.
    pub(super) percent: u8,
    /// Writes it: a statement, or several that make one transaction; none where the table has
    /// nothing for it.
    pub(super) write: fn(&mut Writer<'_>) -> Option<Vec<String>>,
}

/// All of them. Together they may take less than a hundred percent.
pub(super) const KINDS: &[Kind] = &[rowids::KIND, alike::KIND, exchanges::KIND];
