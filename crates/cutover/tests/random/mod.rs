//! Random migrations: tables, mappings of every class, rows and writes, made from a seed
//! and run through the phases beside a twin.
//!
//! - `run`: a case on its way, and what must be true after each step.
//! - `operate`: what its operator does, and what must come of it.
//! - `lockstep`: a statement on the database and on the twin.
//! - `reference`: the twin, and the mappings executed on it by SQLite alone.
//! - `write_both`: both sides are written at once.
//! - `rows`: what a database holds.
//! - `failure`: which promises there are.
//! - `campaign`: many cases, and what is shown of one that fails.
//!
//! The cases themselves are made by `testkit::random`.
//!
//! `CUTOVER_RANDOM_CASES` and `CUTOVER_RANDOM_SEED` make the run longer, or another one.
#![expect(clippy::print_stderr, reason = "an open-ended run tells what it finds at once")]

mod between;
mod campaign;
mod failure;
mod lockstep;
mod operate;
mod reference;
mod rows;
mod run;
mod write_both;
