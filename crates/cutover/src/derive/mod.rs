//! From a migration and the tables as they are to statements. Pure: nothing here
//! touches a database, and everything the engine runs on one comes from here.

pub(crate) mod by_key;
pub(crate) mod cascades;
pub(crate) mod derived;
mod determinism;
pub(crate) mod dirty;
pub(crate) mod existence;
pub(crate) mod flaw;
pub(crate) mod group;
pub(crate) mod indexes;
pub(crate) mod live;
pub(crate) mod names;
pub(crate) mod no_effect;
pub(crate) mod object;
pub(crate) mod own_values;
pub(crate) mod owned;
pub(crate) mod query;
pub(crate) mod replace_keys;
pub(crate) mod sequences;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod target;
pub(crate) mod typed;

#[cfg(test)]
pub(crate) mod tests;
