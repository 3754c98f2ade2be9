//! How long a connection waits for a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a connection's busy handler goes by.
#[derive(Debug, Clone)]
pub(super) struct Patience(Arc<AtomicU64>);

/// Between two looks at a lock. SQLite's own handler sleeps up to 100 ms at a time, and would
/// hardly ever be awake when busy programs leave the lock free.
const STEP: Duration = Duration::from_micros(300);

impl Patience {
    /// Has a connection wait for a lock at most so long.
    pub(super) fn install(
        conn: &mut rusqlite::Connection,
        most: Duration,
    ) -> rusqlite::Result<Self> {
        let patience = Self(Arc::new(AtomicU64::new(micros(most))));
        let most = Arc::clone(&patience.0);
        let mut since = Instant::now();
        conn.busy_handler(Some(move |attempts| {
            if attempts == 0 {
                since = Instant::now();
            }
            let waits = since.elapsed() < Duration::from_micros(most.load(Ordering::Relaxed));
            if waits {
                std::thread::sleep(STEP);
            }
            waits
        }))?;
        Ok(patience)
    }

    /// Does something without waiting for any lock.
    pub(super) fn without<T>(&self, work: impl FnOnce() -> T) -> T {
        let most = self.0.swap(0, Ordering::Relaxed);
        let result = work();
        self.0.store(most, Ordering::Relaxed);
        result
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
