//! What random writes on a scratch copy found.

use serde::Serialize;

use super::verify::Difference;
use crate::phase::Direction;

/// What `check --fuzz` found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FuzzReport {
    /// Statements run, both directions together.
    pub statements: u64,
    /// With it, the same database and the same version, everything comes out the same.
    pub seed: u64,
    /// Whether the mirror never diverged and no write of a program was disturbed.
    pub ok: bool,
    /// Rows of the database that the scratch copy began with.
    pub rows: u64,
    /// Statements that failed without our machinery just as with it.
    pub failed: u64,
    /// Statements that the sync refused because the other schema can't hold their rows.
    pub refused: u64,
    /// Why it refused them, the most frequent reason first.
    pub refusals: Vec<FuzzRefusal>,
    /// Statements on the old tables whose rows the new ones took, but do not give back as
    /// they were. No divergence: the gate to `write-new` refuses until they are repaired.
    pub lossy: u64,
    /// The first of those.
    pub loss: Option<FuzzLoss>,
    /// What limits this run, if something does.
    pub notes: Vec<String>,
    /// The first failure, shrunk; the run ends with it.
    pub failure: Option<FuzzFailure>,
}

/// Writes that were refused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FuzzRefusal {
    /// What the program that writes is told.
    pub reason: String,
    /// How many.
    pub statements: u64,
    /// One of them.
    pub example: String,
}

/// A write whose rows do not come back from the new tables as they were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FuzzLoss {
    /// The statement.
    pub statement: String,
    /// A row that does not come back.
    pub difference: Difference,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FuzzFault {
    /// The mirror differs from what the mapping gives.
    Mirror,
    /// The tables written to are not what they are in a database without our machinery.
    Source,
    /// A statement succeeded where it fails without our machinery, or tells the program
    /// something else.
    Outcome,
    /// A live view does not give the old table's rows.
    LiveView,
}

/// The smallest script found that shows a failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FuzzFailure {
    /// `forward`: the writes enter the old tables, in `read-new`; `backward`: the new
    /// ones, in `write-new`.
    pub direction: Direction,
    /// What is wrong.
    pub fault: FuzzFault,
    /// What is wrong, in words.
    pub reason: String,
    /// Makes the database that the migration is started on.
    pub setup: Vec<String>,
    /// The writes of a program, once the migration is in the phase.
    pub script: Vec<String>,
    /// A row that differs, where rows do.
    pub difference: Option<Difference>,
}
