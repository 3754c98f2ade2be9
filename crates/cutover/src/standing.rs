//! Where a migration stands, for applications that read and write the tables under
//! migration themselves.
//!
//! An application that knows both schemas asks on its own connection, in the very
//! transaction in which it then reads or writes: the answer holds until that
//! transaction ends, because every transition is a write transaction. Every transition
//! also changes the schema, so an application may keep the answer for as long as the schema's
//! version stays the same.

use crate::phase::{Phase, Side, Writes};

/// Where a migration stands, as [`STANDING`](crate::STANDING) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The phase.
    pub phase: Phase,
    /// Whether every old row has its image in the new tables.
    pub backfilled: bool,
}

impl Standing {
    /// The side that answers reads: what the live views read, too.
    #[must_use]
    pub fn reads(self) -> Side {
        match self.phase {
            Phase::Legacy | Phase::DualWrite => Side::Old,
            Phase::ReadNew if !self.backfilled => Side::Old,
            // The old tables show just what the new ones give, and cost nothing to read.
            Phase::WriteBoth => Side::Old,
            Phase::ReadNew | Phase::WriteNew | Phase::NewOnly | Phase::Retired => Side::New,
        }
    }

    /// The sides that writes enter. A program that knows both schemas writes the one it
    /// prefers: see [`Writes::preferring`].
    #[must_use]
    pub fn writes(self) -> Writes {
        self.phase.writes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Side::{New, Old};
    use crate::phase::Writes;

    #[test]
    fn each_phase_has_its_sides() {
        let sides = |phase, backfilled| {
            let standing = Standing { phase, backfilled };
            (standing.reads(), standing.writes())
        };
        assert_eq!(sides(Phase::Legacy, false), (Old, Writes::Old));
        assert_eq!(sides(Phase::DualWrite, true), (Old, Writes::Old));
        assert_eq!(sides(Phase::ReadNew, false), (Old, Writes::Old));
        assert_eq!(sides(Phase::ReadNew, true), (New, Writes::Old));
        assert_eq!(sides(Phase::WriteBoth, true), (Old, Writes::Both));
        assert_eq!(sides(Phase::WriteNew, true), (New, Writes::New));
        assert_eq!(sides(Phase::NewOnly, true), (New, Writes::New));
        assert_eq!(sides(Phase::Retired, true), (New, Writes::New));
    }
}
