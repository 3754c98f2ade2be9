//! Brings a mapping's SELECT into the form of [`query`](super): every name resolved against the
//! tables as they are, or refused with its place.
//!
//! - [`select`]: SELECTs and their parts
//! - [`items`]: what stands in a FROM clause
//! - [`members`]: tables, and members of WITH clauses
//! - [`columns`]: what the names in an expression stand for
//! - [`windows`]: windows that are defined apart from the call

mod columns;
mod items;
mod members;
mod select;
mod visible;
mod windows;

pub(in crate::derive) use select::normalise;
