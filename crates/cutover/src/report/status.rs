//! Parts of what is told of where a migration stands.

use serde::Serialize;
use serde_json::Value;

use super::fix::Fix;
use crate::phase::{Phase, Side};

/// A migration that a database holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The migration's name.
    pub migration: String,
    /// The phase it is in.
    pub phase: Phase,
    /// When that began: RFC 3339, UTC.
    pub since: String,
    /// Whether there is anything left to do.
    pub state: ListedState,
    /// The hash of the file's text.
    pub hash: String,
}

/// Whether a migration that a database holds is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListedState {
    /// It is not over.
    UnderWay,
    /// It reached `retired`.
    Retired,
    /// It was aborted.
    Aborted,
}

impl ListedState {
    /// As it is shown, and written in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnderWay => "under-way",
            Self::Retired => "retired",
            Self::Aborted => "aborted",
        }
    }
}

/// How far the backfill is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BackfillStatus {
    /// Whether every source row has its image.
    pub complete: bool,
    /// Source rows passed.
    pub done: u64,
    /// Source rows in all.
    pub total: u64,
}

/// One table of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// The side it is on.
    pub side: Side,
    /// Its name.
    pub table: String,
    /// Its rows. Up to 2,000 are counted; of more see `estimated`.
    pub rows: u64,
    /// Whether `rows` is an estimate, from the rowids that are in use. A table without rowids is
    /// counted. In JSON only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Whether application writes to it are accepted in this phase.
    pub writable: bool,
}

/// A command that would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The command.
    pub action: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub fix: Fix,
}

/// One line of a migration's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Stable and unique in the database, ascending.
    pub id: i64,
    /// The migration's name.
    pub migration: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Who, as given by the operator.
    pub actor: String,
    /// What was done, such as `advance` or `backfill-complete`.
    pub event: String,
    /// The phase before.
    pub before: Phase,
    /// The phase after.
    pub after: Phase,
    /// Figures of the event, as JSON.
    pub detail: Value,
}
