//! Tables that are filled by mappings: their keys, their scopes, and what is known of them without
//! looking at a row.

mod build;
mod effects;
mod key;
mod scope;
mod single;
mod table;

pub(crate) use build::{targets, undetermined};
pub(crate) use effects::{always_gives, delete_can_change, insert_can_remove};
pub(crate) use single::equated;
pub(crate) use table::{Target, read_tables, scope_columns};
