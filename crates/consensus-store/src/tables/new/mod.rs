//! `consensus_runs` and `agent_outputs`.
//!
//! What is written here is what the migration would derive from the old rows: a run's
//! timestamp is the earliest of its rows', its flags are those of its latest synthesis,
//! and a run without rows is gone. So the backward mapping loses nothing, and a verification
//! finds no difference.

mod reads;
mod removes;
mod writes;

pub(crate) use self::removes::settle;
pub(crate) use self::writes::{LAST_SYNTHESIS_ID, SEQUENCE};

/// The new tables.
#[derive(Debug)]
pub(crate) struct New;
