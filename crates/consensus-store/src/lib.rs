//! The consensus store keeps the outputs of agents and their syntheses in one SQLite file that any
//! number of programs share.
//!
//! ```
//! use consensus_store::{NewArtifact, NewSynthesis, Stage, Store};
//!
//! # fn main() -> consensus_store::Result<()> {
//! # let dir = tempfile::tempdir().expect("a directory");
//! # let path = dir.path().join("consensus.db");
//! let store = Store::open(&path)?;
//! for agent in ["claude", "gemini"] {
//!     let artifact = NewArtifact::new("SPEC-42", Stage::Plan, agent, r#"{"steps": 3}"#)
//!         .response_text("first the tests, then …")
//!         .run_id("run-7");
//!     store.store_artifact(&artifact)?;
//! }
//! store.store_synthesis(
//!     &NewSynthesis::new("SPEC-42", Stage::Plan, "# Plan\n…", "ok")
//!         .artifacts_count(2)
//!         .run_id("run-7"),
//! )?;
//!
//! let outputs = store.query_artifacts("SPEC-42", &Stage::Plan)?;
//! assert_eq!(outputs.len(), 2);
//! assert_eq!(outputs[0].agent_name, "gemini"); // the latest first
//! let latest = store.query_latest_synthesis("SPEC-42", &Stage::Plan)?;
//! assert_eq!(latest.map(|synthesis| synthesis.status).as_deref(), Some("ok"));
//! # Ok(())
//! # }
//! ```
//!
//! # Two schemas, one store
//!
//! Files that lie on users' disks hold `consensus_artifacts` and `consensus_synthesis`
//! ([`LEGACY_SCHEMA`]); new files hold `consensus_runs` and `agent_outputs`. A store opens
//! either, and moves from one to the other while programs use it, also those that know
//! nothing of it: that is [`MIGRATION`], an ordinary migration of the [`cutover`] engine,
//! begun by [`Store::migration`] or `consensus migrate start`. Each call of the store
//! learns in its own transaction where the rows are, so a caller never learns of a phase.
//!
//! ```
//! use consensus_store::{LEGACY_SCHEMA, NewArtifact, Stage, Store};
//! use cutover::{AdvanceOptions, Phase, Silent, StartOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("consensus.db");
//! # rusqlite::Connection::open(&path)?.execute_batch(LEGACY_SCHEMA)?;
//! let store = Store::open(&path)?; // an old file
//! store.store_artifact(&NewArtifact::new("SPEC-42", Stage::Plan, "claude", "{}"))?;
//!
//! let mut migration = store.migration()?;
//! migration.start(StartOptions::default(), &mut Silent)?;
//! let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
//! migration.advance(&to, &mut Silent)?;
//!
//! // The same store, on the new tables now.
//! assert_eq!(store.query_artifacts("SPEC-42", &Stage::Plan)?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - A call that returned is committed, and every later call of any program sees it.
//! - A call that failed did nothing. [`Error`] says which failure it was and what to do.
//! - A write is one transaction. Callers on many threads share commits; a caller alone
//!   pays nothing for that.
//! - A run is what the caller says it is ([`NewArtifact::run_id`]), never a moment in time.
//!
//! # Features
//!
//! - `tokio`: `AsyncStore`, whose calls never block the runtime.
//! - `sample`: legacy databases to try things on.
#![warn(missing_docs)]

mod artifact;
#[cfg(feature = "tokio")]
mod async_store;
mod connection;
mod error;
mod fault;
mod kept;
mod layout;
mod migration;
mod options;
mod readers;
mod reports;
mod retention;
#[cfg(feature = "sample")]
pub mod sample;
mod schema;
mod stage;
mod stats;
mod store;
mod synthesis;
mod tables;
mod time;
mod transfer;
mod writer;

pub use artifact::{Artifact, NewArtifact};
#[cfg(feature = "tokio")]
pub use async_store::AsyncStore;
pub use error::{Error, Result};
pub use migration::StoreMigration;
pub use options::{Options, Synchronous};
pub use reports::{Deleted, Exported, Imported, StageSummary, Stats};
pub use retention::Compact;
pub use schema::{LEGACY_SCHEMA, MIGRATION, MIGRATION_NAME};
pub use stage::Stage;
pub use store::Store;
pub use synthesis::{NewSynthesis, Synthesis};
pub use time::CreatedAt;
pub use transfer::ImportOptions;
