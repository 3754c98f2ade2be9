//! The lifecycle of a migration: which phases there are, in which order, and
//! which side is authoritative in each.
//!
//! Pure: nothing here reads a database. The order is pinned by a test, because
//! it is written into databases by name and scripts depend on it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The schema that exists before the migration.
    Old,
    /// The schema that the migration creates.
    New,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Old, Self::New];

    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// The qualifier by which a migration file names this side: `old` or `new`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which way rows are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Old rows give new rows.
    Forward,
    /// New rows give old rows.
    Backward,
}

impl Direction {
    /// Both directions, forward first.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// The side that is read.
    #[must_use]
    pub fn source(self) -> Side {
        match self {
            Self::Forward => Side::Old,
            Self::Backward => Side::New,
        }
    }

    /// The side that is filled.
    #[must_use]
    pub fn target(self) -> Side {
        self.source().other()
    }

    /// `forward` or `backward`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a migration stands. The state lives in the database, so that every
/// process sees a change at its next statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Nothing of the migration exists; programs use the old schema.
    Legacy,
    /// Writes enter the old schema; triggers keep the new one in step.
    DualWrite,
    /// As dual-write, and reads are answered from the new schema.
    ReadNew,
    /// Writes enter the new schema; triggers keep the old one in step.
    WriteNew,
    /// Writes enter the new schema only; the old one is frozen.
    NewOnly,
    /// The old schema is gone. This cannot be undone.
    Retired,
}

impl Phase {
    /// Every phase, in the order a migration passes through them.
    pub const ALL: [Self; 6] = [
        Self::Legacy,
        Self::DualWrite,
        Self::ReadNew,
        Self::WriteNew,
        Self::NewOnly,
        Self::Retired,
    ];

    /// The name stored in the database and used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::DualWrite => "dual-write",
            Self::ReadNew => "read-new",
            Self::WriteNew => "write-new",
            Self::NewOnly => "new-only",
            Self::Retired => "retired",
        }
    }

    /// The phase after this one, if any.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| *phase > self)
    }

    /// The phase that `rollback` leads to. Dual-write is left by `abort`, not by
    /// a rollback, and `retired` cannot be undone.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        match self {
            Self::Legacy | Self::DualWrite | Self::Retired => None,
            Self::ReadNew => Some(Self::DualWrite),
            Self::WriteNew => Some(Self::ReadNew),
            Self::NewOnly => Some(Self::WriteNew),
        }
    }

    /// The side that application writes enter.
    #[must_use]
    pub fn writes_enter(self) -> Side {
        if self < Self::WriteNew { Side::Old } else { Side::New }
    }

    /// The direction of the sync triggers, if there are any in this phase.
    #[must_use]
    pub fn sync(self) -> Option<Direction> {
        match self {
            Self::DualWrite | Self::ReadNew => Some(Direction::Forward),
            Self::WriteNew => Some(Direction::Backward),
            Self::Legacy | Self::NewOnly | Self::Retired => None,
        }
    }

    /// Whether entering this phase by `advance` needs a complete backfill and a
    /// verification of every row, run by that very command.
    #[must_use]
    pub fn is_gated(self) -> bool {
        self >= Self::WriteNew
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no phase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a phase; the phases are legacy, dual-write, read-new, write-new, new-only, retired"
)]
pub struct UnknownPhase(pub String);

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.name() == text)
            .ok_or_else(|| UnknownPhase(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and their order are written into databases and into scripts.
    #[test]
    fn order_is_pinned() {
        let names: Vec<_> = Phase::ALL.iter().map(|phase| phase.name()).collect();
        assert_eq!(names, ["legacy", "dual-write", "read-new", "write-new", "new-only", "retired"]);
        assert!(Phase::ALL.is_sorted());
        for phase in Phase::ALL {
            assert_eq!(phase.name().parse(), Ok(phase));
        }
    }

    #[test]
    fn a_rollback_undoes_an_advance_between_dual_write_and_new_only() {
        for phase in Phase::ALL {
            if let Some(previous) = phase.previous() {
                assert_eq!(previous.next(), Some(phase));
            }
        }
        assert_eq!(Phase::DualWrite.previous(), None);
        assert_eq!(Phase::Retired.previous(), None);
        assert_eq!(Phase::Retired.next(), None);
    }

    #[test]
    fn the_mirror_is_never_the_side_that_writes_enter() {
        for phase in Phase::ALL {
            if let Some(direction) = phase.sync() {
                assert_eq!(direction.source(), phase.writes_enter());
            }
        }
    }
}
