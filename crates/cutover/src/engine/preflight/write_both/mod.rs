//! What could stand in the way of `write-both`, where writes enter both sides at once: one
//! question a file.

mod constraints;
mod failing_triggers;
mod in_place;
mod notes;
mod possible;
mod writing_triggers;

pub(crate) use self::possible::{obstacles, write_both};
