//! One file for each class of mapping: its tables, and the statements both ways.

mod filter;
mod grouped;
mod join;
mod merge;
mod normalise;
mod pairs;
mod row_wise;
mod split;
mod totals;
mod window;

use super::builder::Builder;

/// A class of mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Every row becomes one row.
    RowWise,
    /// One table becomes two, by columns.
    Split,
    /// One table becomes two, by rows.
    Filter,
    /// Two tables become one.
    Merge,
    /// Rows of two tables meet in one.
    Join,
    /// Many rows share one, under a surrogate key.
    Normalise,
    /// Each row carries its place among its neighbours.
    Window,
    /// Rows that pair two words pair two surrogate keys.
    Pairs,
    /// Many rows are counted and added up beside them.
    Grouped,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::RowWise,
        Self::Split,
        Self::Filter,
        Self::Merge,
        Self::Join,
        Self::Normalise,
        Self::Window,
        Self::Pairs,
        Self::Grouped,
    ];

    /// Adds tables and mappings of this class.
    pub(crate) fn build(self, builder: &mut Builder<'_>) {
        match self {
            Self::RowWise => row_wise::build(builder),
            Self::Split => split::build(builder),
            Self::Filter => filter::build(builder),
            Self::Merge => merge::build(builder),
            Self::Join => join::build(builder),
            Self::Normalise => normalise::build(builder),
            Self::Window => window::build(builder),
            Self::Pairs => pairs::build(builder),
            Self::Grouped => grouped::build(builder),
        }
        totals::build(builder);
    }
}
