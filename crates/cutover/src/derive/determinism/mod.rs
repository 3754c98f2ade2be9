//! Whether a mapping gives the same rows each time, in every release of SQLite.
//!
//! A mapping is derived again and again: by triggers, a scope at a time, in the writer's SQLite;
//! by chunks and by verifications in ours. What it leaves open is answered differently then, and
//! the mirror is found different although nothing is wrong. So it is refused, with the fix in
//! the author's own names, or settled where any answer is as good.
//!
//! - [`values`]: how an expression compares, and whether what compares equal is the same.
//! - [`known`]: what rows that agree on some columns have in common.
//! - [`groups`]: which member of a group stands for it.
//! - [`ties`]: rows that an order leaves open.
//! - [`reals`]: what releases make of real numbers.
//! - [`rules`]: all of them, asked of every SELECT of a mapping.

mod groups;
mod known;
mod open;
mod reals;
mod rules;
#[cfg(test)]
mod tests;
mod ties;
mod values;

pub(crate) use rules::{check, settle};
