//! How a long operation tells its caller where it is, and learns that it should
//! stop. The library itself never prints and never handles signals.

use crate::error::Result;
use crate::phase::{Direction, Phase};
use crate::report::{Difference, Snapshot};

/// Something a long operation did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A piece of work begins, of about this many rows.
    Began {
        /// What it is.
        work: Work,
        /// Rows it will pass, as far as that is known.
        total: u64,
    },
    /// More rows were passed.
    Advanced {
        /// Rows passed since the work began, including those of an earlier call
        /// that was interrupted.
        done: u64,
    },
    /// The work stands still: the write-ahead log has reached its limit, and a program that
    /// still reads what was there earlier keeps it from being emptied. It goes on when that
    /// program's read ends. Told once for each wait.
    Waiting {
        /// Bytes in the log.
        log_bytes: u64,
    },
    /// The work stands still, because an operator has asked for it.
    Paused,
    /// It goes on.
    Resumed,
    /// Everything is verified, and the cutover waits until somebody says when.
    Postponed,
    /// A verification that goes on has compared these rows.
    Rechecked {
        /// Rows compared in this round; in the first, all of them.
        rows: u64,
        /// Differences found since it began.
        differences: u64,
    },
    /// The piece of work that began last is done.
    Finished,
    /// A phase was entered, in one transaction.
    Entered {
        /// The phase.
        phase: Phase,
        /// How long the write lock was held, in milliseconds.
        held_ms: f64,
    },
}

/// The kinds of long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Work {
    /// The proof on a snapshot.
    Check,
    /// Creating an index.
    Index,
    /// Filling the mirror.
    Backfill,
    /// Comparing one direction.
    Verify(Direction),
    /// Comparing and repairing one direction.
    Repair(Direction),
    /// Bringing the old side up to date before a rollback from `new-only`.
    CatchUp,
    /// Emptying retired tables.
    Retire,
    /// Random writes on a scratch copy: statements, not rows.
    Fuzz,
    /// Giving free pages back to the disk; counted in pages.
    Vacuum,
}

impl Work {
    /// As it is called in reports and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Index => "index",
            Self::Backfill => "backfill",
            Self::Verify(_) => "verify",
            Self::Repair(_) => "repair",
            Self::CatchUp => "catch-up",
            Self::Retire => "retire",
            Self::Fuzz => "fuzz",
            Self::Vacuum => "vacuum",
        }
    }
}

/// Gives where the migration stands.
pub type Look<'a> = &'a mut dyn FnMut() -> Result<Snapshot>;

/// Whether a transition may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// Not yet: ask again.
    Wait,
    /// It may not. It is refused, and changes nothing.
    Stop {
        /// Why not.
        reason: String,
    },
}

/// Receives events of a long operation and may ask it to stop.
pub trait Watch {
    /// Something happened. Called often: between chunks.
    fn event(&mut self, event: &Event);

    /// Asked before a transition is made, when everything else allows it; asked again and again
    /// while the answer is [`Verdict::Wait`]. `look` gives where the migration stands.
    ///
    /// # Errors
    ///
    /// Those of `look`; the transition is not made then.
    fn before(&mut self, to: Phase, look: Look<'_>) -> Result<Verdict> {
        let _ = (to, look);
        Ok(Verdict::Go)
    }

    /// Told after a transition was made.
    fn after(&mut self, from: Phase, look: Look<'_>) {
        let _ = (from, look);
    }

    /// Whether [`difference`](Self::difference) is to be told every row that a verification
    /// finds to differ. The directions are compared one after the other then.
    fn wants_differences(&self) -> bool {
        false
    }

    /// A verification found a row that differs.
    fn difference(&mut self, difference: &Difference) {
        let _ = difference;
    }

    /// Whether the operation should stop at the end of the present chunk. It then
    /// fails with [`Error::Interrupted`](crate::Error::Interrupted) and loses nothing.
    fn interrupted(&mut self) -> bool {
        false
    }
}

/// Watches nothing and never interrupts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn event(&mut self, _: &Event) {}
}
