//! How hard long work may press.

use std::time::Duration;

/// How hard a backfill, a verification or a repair may press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pace {
    /// Chunks of a few milliseconds, and room for other writers between them.
    #[default]
    Gentle,
    /// As fast as the disk allows; other writers may wait for tens of milliseconds.
    Fast,
    /// Like `Gentle`, within limits of one's own.
    Limited(Limits),
}

/// Limits of a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a chunk may hold the write lock, about; as `Gentle` has it, if absent.
    pub stall: Option<Duration>,
    /// Rows a second at most, over a second or so; no limit, if absent.
    pub rows_per_second: Option<u64>,
}
