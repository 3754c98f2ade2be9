//! The triggers that keep the tables in step and refuse what would break that, as SQL.

pub(crate) mod both;
mod builtins;
mod changed;
mod checks;
mod conflict;
mod content;
mod dialect;
mod direct;
pub(crate) mod freeze;
pub(crate) mod guard;
mod in_the_way;
pub(crate) mod mark;
mod presence;
mod procedure;
mod replaced;
pub(crate) mod seen;
pub(crate) mod sync;
pub(crate) mod tombstone;
mod totals;
pub(crate) mod touched;
mod turn;

pub(crate) use dialect::event;

#[cfg(test)]
mod tests;
