//! From a migration and the tables as they are to statements. Pure: nothing here
//! touches a database, and everything the engine runs on one comes from here.

mod builtins;
mod checks;
mod conflict;
pub(crate) mod derived;
mod determinism;
mod dirty;
pub(crate) mod flaw;
pub(crate) mod freeze;
pub(crate) mod guard;
pub(crate) mod indexes;
pub(crate) mod live;
pub(crate) mod names;
pub(crate) mod object;
pub(crate) mod procedure;
pub(crate) mod query;
mod replaced;
pub(crate) mod sequences;
pub(crate) mod sql;
pub(crate) mod sync;
pub(crate) mod target;
pub(crate) mod tombstone;
pub(crate) mod touched;
mod typed;
mod unmoved;

#[cfg(test)]
mod tests;
