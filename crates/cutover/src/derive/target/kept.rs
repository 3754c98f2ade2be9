//! What is known of a group of rows, and kept in step without reading it.

use crate::derive::query::{Leaf, Output};
use crate::schema::Table;
use crate::tree::Expr;

/// How the rows of a target follow those of the table that is grouped.
#[derive(Debug, Clone)]
pub(crate) struct Totals {
    pub(crate) leaf: Leaf,
    /// The mapping's condition, over the leaf's columns without a qualifier.
    pub(crate) filter: Option<Expr>,
    pub(crate) kept: Vec<Kept>,
    /// The column of `kept` that can carry the mark of the sync's writes: a number of rows, on
    /// which nothing else depends.
    pub(crate) marked: Option<String>,
}

/// A column of the target that follows.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) column: String,
    /// What the mapping gives for it.
    pub(crate) output: Output,
    pub(crate) of: Total,
}

/// What is known of a group, by a column of its rows.
#[derive(Debug, Clone)]
pub(crate) enum Total {
    /// How many rows it has.
    Rows,
    /// How many of them have a value.
    Count(String),
    /// The sum of the values. Of whole numbers it is exact, whatever their order.
    Sum {
        of: String,
        nullable: bool,
    },
    Extreme {
        of: String,
        least: bool,
        apart: bool,
    },
}

impl Total {
    /// Whether it is NULL in a group that has rows, but no value.
    pub(super) fn may_be_null(&self, table: &Table) -> bool {
        match self {
            Self::Rows | Self::Count(_) => false,
            Self::Sum { of, .. } | Self::Extreme { of, .. } => !table.never_null(of),
        }
    }
}
