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

/// The sides that application writes enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writes {
    /// The old tables alone.
    Old,
    /// Old and new tables at once: each program writes those that it knows.
    Both,
    /// The new tables alone.
    New,
}

impl Writes {
    /// Whether writes enter a side.
    #[must_use]
    pub fn enter(self, side: Side) -> bool {
        match self {
            Self::Old => side == Side::Old,
            Self::Both => true,
            Self::New => side == Side::New,
        }
    }

    /// The side that a program writes which knows both schemas: the one it prefers, where it
    /// has the choice.
    #[must_use]
    pub fn preferring(self, preferred: Side) -> Side {
        match self {
            Self::Old => Side::Old,
            Self::Both => preferred,
            Self::New => Side::New,
        }
    }

    /// The side whose tables have the names that both sides have. Names do not change hands
    /// for `write-both`, where no table is in place.
    pub(crate) fn named_side(self) -> Side {
        self.preferring(Side::Old)
    }

    /// `old`, `both` or `new`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Both => "both",
            Self::New => "new",
        }
    }
}

impl fmt::Display for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Side> for Writes {
    fn from(side: Side) -> Self {
        match side {
            Side::Old => Self::Old,
            Side::New => Self::New,
        }
    }
}

/// Which ways the sync goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Syncs {
    /// From one side to the other, which is the mirror.
    OneWay(Direction),
    /// From each side to the other, as programs write both.
    BothWays,
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
    /// Writes enter both schemas; triggers bring each write to the other one. Optional: only
    /// who asks for it by name enters it.
    WriteBoth,
    /// Writes enter the new schema; triggers keep the old one in step.
    WriteNew,
    /// Writes enter the new schema only; the old one is frozen.
    NewOnly,
    /// The old schema is gone. This cannot be undone.
    Retired,
}

impl Phase {
    /// Every phase, in the order a migration passes through them.
    pub const ALL: [Self; 7] = [
        Self::Legacy,
        Self::DualWrite,
        Self::ReadNew,
        Self::WriteBoth,
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
            Self::WriteBoth => "write-both",
            Self::WriteNew => "write-new",
            Self::NewOnly => "new-only",
            Self::Retired => "retired",
        }
    }

    /// Whether a migration passes it by unless the phase is asked for by name.
    #[must_use]
    pub fn is_optional(self) -> bool {
        self == Self::WriteBoth
    }

    /// The phase after this one, if any.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| *phase > self && !phase.is_optional())
    }

    /// The phase after this one on the way to another.
    #[must_use]
    pub fn next_towards(self, goal: Self) -> Option<Self> {
        if self == Self::ReadNew && goal == Self::WriteBoth { Some(goal) } else { self.next() }
    }

    /// The phase before this one on the way back to another.
    #[must_use]
    pub fn previous_towards(self, goal: Self) -> Option<Self> {
        if self == Self::WriteNew && goal == Self::WriteBoth { Some(goal) } else { self.previous() }
    }

    /// The phase that `rollback` leads to. Dual-write is left by `abort`, not by
    /// a rollback, and `retired` cannot be undone.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        match self {
            Self::Legacy | Self::DualWrite | Self::Retired => None,
            Self::ReadNew => Some(Self::DualWrite),
            Self::WriteBoth | Self::WriteNew => Some(Self::ReadNew),
            Self::NewOnly => Some(Self::WriteNew),
        }
    }

    /// The sides that application writes enter.
    #[must_use]
    pub fn writes(self) -> Writes {
        match self {
            Self::Legacy | Self::DualWrite | Self::ReadNew => Writes::Old,
            Self::WriteBoth => Writes::Both,
            Self::WriteNew | Self::NewOnly | Self::Retired => Writes::New,
        }
    }

    /// Which way the sync triggers go, if there are any in this phase.
    #[must_use]
    pub fn sync(self) -> Option<Syncs> {
        match self {
            Self::DualWrite | Self::ReadNew => Some(Syncs::OneWay(Direction::Forward)),
            Self::WriteBoth => Some(Syncs::BothWays),
            Self::WriteNew => Some(Syncs::OneWay(Direction::Backward)),
            Self::Legacy | Self::NewOnly | Self::Retired => None,
        }
    }

    /// The direction in which one side is what the mapping makes of the other: what `verify`
    /// judges and `repair` applies. In `write-both` the old tables are a view of the new ones,
    /// which may hold more.
    #[must_use]
    pub fn judged(self) -> Option<Direction> {
        self.sync().map(|sync| match sync {
            Syncs::OneWay(direction) => direction,
            Syncs::BothWays => Direction::Backward,
        })
    }

    /// Whether entering this phase by `advance` needs a complete backfill and a
    /// verification of every row, run by that very command.
    #[must_use]
    pub fn is_gated(self) -> bool {
        self >= Self::WriteBoth
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
    "`{0}` is not a phase; the phases are legacy, dual-write, read-new, write-both, \
     write-new, new-only, retired"
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
        assert_eq!(
            names,
            ["legacy", "dual-write", "read-new", "write-both", "write-new", "new-only", "retired"]
        );
        assert!(Phase::ALL.is_sorted());
        for phase in Phase::ALL {
            assert_eq!(phase.name().parse(), Ok(phase));
        }
    }

    #[test]
    fn a_rollback_undoes_an_advance_between_dual_write_and_new_only() {
        for phase in Phase::ALL.into_iter().filter(|phase| !phase.is_optional()) {
            if let Some(previous) = phase.previous() {
                assert_eq!(previous.next(), Some(phase));
            }
        }
        assert_eq!(Phase::DualWrite.previous(), None);
        assert_eq!(Phase::Retired.previous(), None);
        assert_eq!(Phase::Retired.next(), None);
    }

    #[test]
    fn only_who_asks_for_write_both_enters_it() {
        let way = |from: Phase, step: fn(Phase, Phase) -> Option<Phase>, goal: Phase| {
            std::iter::successors(Some(from), |at| step(*at, goal).filter(|_| *at != goal))
                .map(Phase::name)
                .collect::<Vec<_>>()
        };
        let forth = |from, goal| way(from, Phase::next_towards, goal);
        let back = |from, goal| way(from, Phase::previous_towards, goal);
        use Phase::{DualWrite, NewOnly, ReadNew, WriteBoth};
        assert_eq!(forth(DualWrite, WriteBoth), ["dual-write", "read-new", "write-both"]);
        assert_eq!(forth(ReadNew, NewOnly), ["read-new", "write-new", "new-only"]);
        assert_eq!(forth(WriteBoth, NewOnly), ["write-both", "write-new", "new-only"]);
        assert_eq!(back(NewOnly, WriteBoth), ["new-only", "write-new", "write-both"]);
        assert_eq!(back(NewOnly, DualWrite), ["new-only", "write-new", "read-new", "dual-write"]);
        assert_eq!(back(WriteBoth, DualWrite), ["write-both", "read-new", "dual-write"]);
    }

    #[test]
    fn the_mirror_is_never_the_side_that_writes_enter() {
        for phase in Phase::ALL {
            match phase.sync() {
                Some(Syncs::OneWay(direction)) => {
                    assert_eq!(phase.writes(), direction.source().into());
                }
                Some(Syncs::BothWays) => assert_eq!(phase.writes(), Writes::Both),
                None => assert_ne!(phase.writes(), Writes::Both),
            }
            let Some(direction) = phase.judged() else { continue };
            assert!(phase.writes().enter(direction.source()), "{phase}");
        }
    }
}
