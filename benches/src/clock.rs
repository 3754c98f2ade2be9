//! The two clocks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What a figure is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Time as it passes.
    Wall,
    /// The time that this thread had a processor. On a busy machine it is steadier, and it
    /// leaves out what the thread waited for.
    Cpu,
}

impl Clock {
    /// The time since some fixed moment.
    pub fn now(self) -> Duration {
        let time = clock_gettime(match self {
            Clock::Wall => ClockId::Monotonic,
            Clock::Cpu => ClockId::ThreadCPUTime,
        });
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
    }
}
