//! The consensus store: where multi-agent coding tools keep what their agents
//! said and what was made of it.
//!
//! - [`LEGACY_SCHEMA`]: the tables as they lie on users' disks.
//! - [`MIGRATION`]: how they become `consensus_runs` and `agent_outputs`, and back.
//! - `sample` (feature of the same name): legacy databases to try it on.

#[cfg(feature = "sample")]
pub mod sample;
mod schema;

pub use schema::{LEGACY_SCHEMA, MIGRATION, MIGRATION_NAME};
