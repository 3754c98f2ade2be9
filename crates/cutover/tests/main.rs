//! The library from outside. One binary holds all of it:
//! `cargo test -p cutover --test main random`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

/// What they found, as a few statements each.
mod found;
/// Groups that are counted and added up, beside what the mapping gives.
mod groups;
/// No file imports itself over others.
mod imports;
/// Random migrations, made from a seed and compared with a twin.
mod random;
/// Any text at all as a migration file.
mod reader;
/// What the sources may name, and where.
mod wall;
