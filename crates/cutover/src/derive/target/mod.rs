//! Tables that are filled by mappings: their keys, their scopes, and what is known of them without
//! looking at a row.

mod build;
mod direct;
mod effects;
mod form;
mod hub;
mod kept;
mod key;
mod key_classes;
mod nulls;
mod scope;
mod single;
mod table;
mod totals;

pub(crate) use build::{targets, undetermined};
pub(crate) use effects::{always_gives, delete_can_change, insert_can_remove};
pub(crate) use hub::{Direct, Hub, Part, Value};
pub(crate) use kept::{Kept, Total, Totals};
pub(crate) use key_classes::keys_to_ask;
pub(crate) use nulls::may_get_null;
pub(crate) use table::{Form, Target, read_tables, scope_columns};
