//! Where a migration stands, for applications that read and write the tables under
//! migration themselves.
//!
//! An application that knows both schemas asks on its own connection, in the very
//! transaction in which it then reads or writes: the answer holds until that
//! transaction ends, because every transition is a write transaction. Every transition
//! also changes the schema, so an application may keep the answer for as long as the schema's
//! version stays the same.

use crate::phase::{Phase, Side};

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
            Phase::ReadNew | Phase::WriteNew | Phase::NewOnly | Phase::Retired => Side::New,
        }
    }

    /// The side that writes enter.
    #[must_use]
    pub fn writes(self) -> Side {
        self.phase.writes_enter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Side::{New, Old};

    #[test]
    fn each_phase_has_its_sides() {
        let sides = |phase, backfilled| {
            let standing = Standing { phase, backfilled };
            (standing.reads(), standing.writes())
        };
        assert_eq!(sides(Phase::Legacy, false), (Old, Old));
        assert_eq!(sides(Phase::DualWrite, true), (Old, Old));
        assert_eq!(sides(Phase::ReadNew, false), (Old, Old));
        assert_eq!(sides(Phase::ReadNew, true), (New, Old));
        assert_eq!(sides(Phase::WriteNew, true), (New, New));
        assert_eq!(sides(Phase::NewOnly, true), (New, New));
        assert_eq!(sides(Phase::Retired, true), (New, New));
    }
}
