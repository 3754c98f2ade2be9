//! The store, on real files.
//!
//! - [`phases`]: every call in every phase, beside a store that no migration touches.
//! - [`write_path_cutover`], [`read_path_migration`]: the behaviours under whose names
//!   such a cutover was first tested.
//! - [`faults`]: what a hand-made dual write got wrong, one test each.
//! - [`opening`]: which files are opened, made, refused.
//! - [`ids`]: none is given out twice.
//! - [`errors`]: each error is told apart.
//! - [`sharing`]: callers on many threads, commits they share, tasks of a runtime.
//! - `support`: files, migrations, comparisons.

mod errors;
mod faults;
mod ids;
mod opening;
mod phases;
mod read_path_migration;
mod sharing;
mod support;
mod write_path_cutover;
