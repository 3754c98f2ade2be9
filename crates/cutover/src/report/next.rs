//! What to do next: a command as data, and why it is the one to give.

use serde::{Deserialize, Serialize};

use super::command::Command;
use crate::phase::Phase;

/// A command on a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Begin it.
    Start,
    /// Fill the mirror.
    Backfill,
    /// Compare every row.
    Verify,
    /// Bring the mirror in step.
    Repair,
    /// Go one phase on.
    Advance,
    /// Go one phase back.
    Rollback,
    /// Leave the migration.
    Abort,
    /// Let paused work go on.
    Resume,
    /// Let a postponed cutover happen.
    Unpostpone,
}

impl Action {
    /// As it is spelled on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Backfill => "backfill",
            Self::Verify => "verify",
            Self::Repair => "repair",
            Self::Advance => "advance",
            Self::Rollback => "rollback",
            Self::Abort => "abort",
            Self::Resume => "resume",
            Self::Unpostpone => "unpostpone",
        }
    }
}

/// Why a command is the one to give next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Because {
    /// The migration has not started.
    NotStarted,
    /// The new tables are not filled.
    NotFilled,
    /// The new tables are filled: the live views can answer from them.
    Filled,
    /// The new tables can take the writes as soon as the programs can write them.
    ReadsMoved,
    /// Old and new programs can write at once.
    BothCanWrite,
    /// Both sides take writes: old and new programs write at once.
    BothWrite,
    /// The new tables take the writes.
    WritesMoved,
    /// The old tables are frozen.
    Frozen,
    /// Triggers or views are missing, or a flag was left up.
    Drift,
    /// The last verification found rows of the mirror that differ.
    Differences,
    /// The last verification found old rows that can't be rebuilt from the new tables.
    NotLossless,
    /// What stands in the way has to be changed in the database; or the migration be left.
    InTheWay,
    /// The frozen tables are not what they were.
    FrozenChanged,
    /// An earlier command was interrupted.
    Interrupted,
    /// Somebody has paused the work.
    Paused,
    /// Somebody has postponed the cutover.
    Postponed,
}

/// The command to give next. It would be accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// The command.
    pub action: Action,
    /// The phase it would lead to, of a transition.
    pub to: Option<Phase>,
    /// Why this one.
    pub because: Because,
}

impl NextAction {
    /// The command to give.
    #[must_use]
    pub fn command(&self) -> Command {
        match (self.action, self.to) {
            (Action::Advance, Some(Phase::Retired)) => {
                Command::Retire { backup: self.because != Because::Interrupted }
            }
            (Action::Advance, Some(to)) if to.is_optional() => Command::advance_to(to),
            (Action::Advance, _) => Command::ADVANCE,
            (Action::Rollback, _) => Command::ROLLBACK,
            (Action::Start, _) => Command::Start,
            (Action::Backfill, _) => Command::Backfill,
            (Action::Verify, _) => Command::Verify,
            (Action::Repair, _) => Command::Repair,
            (Action::Abort, _) => Command::ABORT,
            (Action::Resume, _) => Command::Resume,
            (Action::Unpostpone, _) => Command::Unpostpone,
        }
    }
}
