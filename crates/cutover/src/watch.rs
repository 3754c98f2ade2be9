//! How a long operation tells its caller where it is, and learns that it should
//! stop. The library itself never prints and never handles signals.

use crate::phase::{Direction, Phase};

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
    /// Comparing and mending one direction.
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

/// Receives events of a long operation and may ask it to stop.
pub trait Watch {
    /// Something happened. Called often: between chunks.
    fn event(&mut self, event: &Event);

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
