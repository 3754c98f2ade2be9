//! The consensus store and its migration, on real files. One binary holds all of it:
//! `cargo test -p consensus-store --test main store::phases`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

/// The migration file as it is written, run by several SQLites.
mod migration;
/// The sample data.
mod sample;

/// Every call of the store, in every phase.
mod store;
/// Import and export.
mod transfer;

/// Many processes at once.
mod load;
