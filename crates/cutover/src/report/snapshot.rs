//! What there is to be seen of a migration at one moment: `status`, the dashboard, the web page
//! and the metrics are all rendered from this, and from nothing else.

use serde::{Deserialize, Serialize};

use super::check::Problem;
use super::next::NextAction;
use super::set_aside::Kept;
use super::status::{BackfillStatus, Blocked, TableStatus};
use super::verify::VerifyReport;
use super::writers::Writers;
use crate::error::LeaseHolder;
use crate::phase::{Phase, Writes};

/// Where a migration stands.
///
/// Plain data, read without taking the lease. It counts no large table: what is said of
/// their rows is an estimate, and so is what follows from it. What takes two looks to be told, a rate, is absent in the first one of an [`Observer`](crate::Observer).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The version of this format: a key may be added within it, none changes its meaning.
    pub version: u32,
    /// When it was taken: RFC 3339, UTC.
    pub at: String,
    /// The database's file, as it was named.
    pub database: String,
    /// The migration's name.
    pub migration: String,
    /// Its phase.
    pub phase: Phase,
    /// When that phase began: RFC 3339, UTC.
    pub since: String,
    /// The hash of the migration's text.
    pub hash: String,
    /// The phases it was in, oldest first; the last one is the present.
    pub phases: Vec<PhaseSpan>,
    /// How far the backfill is.
    pub backfill: BackfillStatus,
    /// The work that is under way, if any is.
    pub work: Option<WorkStatus>,
    /// What operators have asked of it.
    pub control: ControlStatus,
    /// The writes of all programs.
    pub writes: WriteStatus,
    /// Who still writes.
    pub writers: Writers,
    /// The last verification, by whatever command.
    pub verification: Option<LastVerification>,
    /// The tables of both sides.
    pub tables: Vec<TableStatus>,
    /// What the old schema is at this moment.
    pub old_schema: OldSchema,
    /// Rows set aside by switches, because the other side could not hold them.
    pub kept: Vec<Kept>,
    /// What was changed in the schema and no longer fits the migration.
    pub drift: Vec<Problem>,
    /// Bytes of the write-ahead log's file; 0 in other journal modes.
    pub wal_bytes: u64,
    /// Bytes of it that were written since the log last began anew. It can't begin anew
    /// while a reader holds a snapshot of it.
    pub wal_pending_bytes: u64,
    /// Bytes of the database, with what waits in the log.
    pub database_bytes: u64,
    /// Of these, what SQLite uses again before the file grows.
    pub unused_bytes: u64,
    /// Bytes that are free on the database's disk; absent where the system doesn't say.
    pub free_bytes: Option<u64>,
    /// Who works on the database at this moment.
    pub lease: Option<LeaseHolder>,
    /// Who worked on it last, where its process ended before its work did. Another command
    /// need not wait for it.
    pub gone: Option<LeaseHolder>,
    /// Commands that would be accepted now.
    pub allowed: Vec<String>,
    /// Commands that would be refused, and why.
    pub blocked: Vec<Blocked>,
    /// The command to give next; none while somebody is at work, at the end, and where only
    /// a change of the database helps: `blocked` and `drift` say which.
    pub next: Vec<NextAction>,
    /// What a rollback would take now; absent where there is none.
    pub rollback: Option<RollbackForecast>,
}

/// A phase that the migration was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhaseSpan {
    /// The phase.
    pub phase: Phase,
    /// When it was entered: RFC 3339, UTC.
    pub since: String,
    /// Who entered it.
    pub actor: String,
    /// By which command.
    pub event: String,
}

/// Long work that is under way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkStatus {
    /// What it is: `backfill`, `catch-up`, `verify`, `repair`, `retire` or `vacuum`.
    pub work: String,
    /// Since when: RFC 3339, UTC.
    pub since: String,
    /// When it was last heard of: RFC 3339, UTC.
    pub at: String,
    /// Rows passed (of `vacuum`: pages).
    pub done: u64,
    /// Rows there are, as far as that is known.
    pub total: u64,
    /// Rows a second over the last few seconds.
    pub rows_per_second: Option<f64>,
    /// Seconds until it is done, at that rate.
    pub eta_seconds: Option<f64>,
    /// Rows of the last chunk.
    pub chunk_rows: u64,
    /// How long the last chunk held the write lock, in milliseconds.
    pub chunk_ms: f64,
    /// Why it stands back or waits, if it does.
    pub waiting: Option<Waiting>,
}

/// Why work stands back or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Waiting {
    /// Programs write: there is a pause after each chunk.
    Writers,
    /// It may do only so many rows a second.
    Pace,
    /// Somebody has paused it.
    Paused,
    /// A program that reads what was there earlier keeps the write-ahead log from being
    /// emptied.
    Reader,
    /// Everything is verified, and the cutover is postponed.
    Postponed,
    /// A hook has not answered yet.
    Hook,
}

impl Waiting {
    const ALL: [Self; 6] =
        [Self::Writers, Self::Pace, Self::Paused, Self::Reader, Self::Postponed, Self::Hook];

    /// The one that is spelled so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|waiting| waiting.name() == name)
    }

    /// As it is spelled in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Writers => "writers",
            Self::Pace => "pace",
            Self::Paused => "paused",
            Self::Reader => "reader",
            Self::Postponed => "postponed",
            Self::Hook => "hook",
        }
    }

    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Writers => "pauses for programs that write",
            Self::Pace => "limited to the rows a second that were set",
            Self::Paused => "paused",
            Self::Reader => "waits for a program that keeps the log from restarting",
            Self::Postponed => "everything is verified; the cutover is postponed",
            Self::Hook => "waits for a hook",
        }
    }
}

/// What operators have asked of the work on a migration, until it is taken back.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ControlStatus {
    /// Chunks wait.
    pub paused: bool,
    /// Writes stay with the side they enter.
    pub postponed: bool,
    /// The pace of all work; absent where each command keeps its own.
    pub pace: Option<PaceStatus>,
    /// Who asked last.
    pub actor: Option<String>,
    /// When: RFC 3339, UTC.
    pub at: Option<String>,
}

/// How hard work presses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaceStatus {
    /// `gentle`, `fast` or `limits`.
    pub pace: String,
    /// How long a chunk may hold the write lock, in milliseconds.
    pub stall_ms: f64,
    /// Rows a second at most.
    pub rows_per_second: Option<u64>,
}

/// What programs write. Counted in transactions, of all programs and to whatever table: which
/// tables a transaction was about can't be told from outside without slowing it down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WriteStatus {
    /// The sides that they enter.
    pub enter: Writes,
    /// Transactions a second that can reach the old tables: those of programs where they
    /// write there, and where the sync carries them there.
    pub old_per_second: Option<f64>,
    /// The same of the new tables.
    pub new_per_second: Option<f64>,
    /// The longest that the work of cutover held writers off at one go in the last
    /// minute, in milliseconds.
    pub longest_stall_ms: Option<f64>,
}

/// A verification that is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastVerification {
    /// When it ended: RFC 3339, UTC.
    pub at: String,
    /// Who ran it.
    pub actor: String,
    /// By which command: `verify`, or the one whose gate it was.
    pub command: String,
    /// Seconds it took.
    pub seconds: f64,
    /// What it found.
    pub report: VerifyReport,
}

/// What the old tables are at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OldSchema {
    /// Programs write it.
    Written,
    /// It is kept in step with the new one.
    Mirror,
    /// It is frozen as it was when `new-only` began.
    Frozen {
        /// Rows it holds.
        rows: u64,
    },
    /// A rollback is bringing it up to date.
    CatchingUp {
        /// Rows it holds.
        rows: u64,
    },
    /// It is retired and being emptied.
    Emptying {
        /// Rows it still holds.
        rows: u64,
    },
    /// It is gone.
    Gone,
}

/// What a rollback of one phase would take now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RollbackForecast {
    /// The phase it would lead to.
    pub to: Phase,
    /// Seconds, about; absent where nothing has been measured yet.
    pub seconds: Option<f64>,
    /// Rows that it would have to compare or bring up to date first.
    pub rows: u64,
    /// What takes the time, in words.
    pub because: String,
}
