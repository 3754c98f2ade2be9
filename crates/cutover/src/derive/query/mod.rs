//! A mapping's SELECT in a form that is easy to reason about and to rewrite.
//!
//! Invariants, established by [`normalise`]:
//! - every FROM item has an alias that is unique in the mapping, and every column
//!   reference is `alias.column`: no name can be captured when a part is moved;
//! - there are no CTEs (but a recursive one is a query that says so), named windows, `*`,
//!   USING or references to result aliases;
//! - joins are a flat list from left to right, each INNER or LEFT.

pub(crate) mod aggregates;
pub(crate) mod equated;
pub(crate) mod givers;
pub(crate) mod normalise;
pub(super) mod recursion;
pub(crate) mod reduce;
mod shape;
mod size;
pub(crate) mod term;
pub(crate) mod trace;

pub(crate) use shape::{Arm, Item, Join, Leaf, Output, Query, RenderLeaf, What};
