//! Takes a snapshot of a migration about once a second, on its own thread and connection, and
//! keeps an hour of figures.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cutover::{Engine, JournalEntry, Observer, Options, Snapshot};
use serde::Serialize;

/// Between two looks.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// Between two looks at who holds a lock: a write lasts less than a millisecond, so who writes
/// is seen by looking often.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);

/// Points that are remembered: an hour of them.
const REMEMBERED: usize = 3600;

/// What charts are made of: one look's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Point {
    /// When: RFC 3339, UTC.
    pub(crate) at: String,
    /// Programs' transactions a second that reach the old tables.
    pub(crate) old_per_second: Option<f64>,
    /// The same of the new tables.
    pub(crate) new_per_second: Option<f64>,
    /// The longest that cutover's work held writers off in the minute before, in milliseconds.
    pub(crate) longest_stall_ms: Option<f64>,
    /// Rows a second of the work under way.
    pub(crate) rows_per_second: Option<f64>,
    /// Bytes of the write-ahead log's file.
    pub(crate) wal_bytes: u64,
}

/// The latest snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latest {
    /// The last look, if any succeeded.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    /// What was done by then, oldest first.
    pub(crate) journal: Arc<Vec<JournalEntry>>,
    /// Why the last look failed, if it did. The snapshot is an older one then.
    pub(crate) error: Option<String>,
    /// How many looks there have been.
    pub(crate) looks: u64,
}

/// A thread that looks, until it is dropped.
#[derive(Debug)]
pub(crate) struct Poller {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    latest: Latest,
    points: VecDeque<Point>,
    /// Somebody wants to see at once what they have just done.
    poll_now: bool,
    stop: bool,
}

impl Poller {
    /// Begins to look.
    ///
    /// # Errors
    ///
    /// If the database can't be read, or holds no such migration.
    pub(crate) fn begin(db: &Path, migration: &str, options: Options) -> cutover::Result<Self> {
        let mut observer = Observer::new(Engine::open_to_read(db, options)?, migration);
        let shared = Arc::new(Shared::default());
        let name = migration.to_owned();
        let look = move |observer: &mut Observer| {
            Ok((observer.look()?, observer.engine().history(&name)?))
        };
        shared.saw(look(&mut observer))?;
        let looking = Arc::clone(&shared);
        std::thread::spawn(move || {
            while looking.wait_for_the_next(|| observer.sample()) {
                // `Latest::error` says so.
                let _ = looking.saw(look(&mut observer));
            }
        });
        Ok(Self { shared })
    }

    /// The latest snapshot.
    pub(crate) fn latest(&self) -> Latest {
        self.shared.lock().latest.clone()
    }

    /// The last hour, oldest first.
    pub(crate) fn points(&self) -> Vec<Point> {
        self.shared.lock().points.iter().cloned().collect()
    }

    /// Waits for a look after the first `looks`, for `most` at most, and returns the latest.
    pub(crate) fn wait_for_newer(&self, looks: u64, most: Duration) -> Latest {
        let state = self.shared.lock();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, most, |state| state.latest.looks <= looks && !state.stop)
            .unwrap_or_else(PoisonError::into_inner);
        state.latest.clone()
    }

    /// Has the next look made at once.
    pub(crate) fn poll_now(&self) {
        self.shared.lock().poll_now = true;
        self.shared.changed.notify_all();
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        // It only reads, and may be counting a large table: nobody waits for it.
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, look: cutover::Result<(Snapshot, Vec<JournalEntry>)>) -> cutover::Result<()> {
        let mut state = self.lock();
        state.latest.looks += 1;
        let result = match look {
            Ok((snapshot, journal)) => {
                if state.points.len() == REMEMBERED {
                    state.points.pop_front();
                }
                state.points.push_back(point(&snapshot));
                state.latest.snapshot = Some(Arc::new(snapshot));
                // Those who look keep the one they have while nothing was added to it.
                if *state.latest.journal != journal {
                    state.latest.journal = Arc::new(journal);
                }
                state.latest.error = None;
                Ok(())
            }
            Err(error) => {
                state.latest.error = Some(error.to_string());
                Err(error)
            }
        };
        drop(state);
        self.changed.notify_all();
        result
    }

    /// Whether there is to be a next look; comes back when it is due, and samples meanwhile.
    fn wait_for_the_next(&self, mut sample: impl FnMut()) -> bool {
        let due = Instant::now() + EVERY;
        let mut state = self.lock();
        while !state.stop && !state.poll_now {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let (held, waited) = self
                .changed
                .wait_timeout(state, left.min(SAMPLE_EVERY))
                .unwrap_or_else(PoisonError::into_inner);
            state = held;
            if waited.timed_out() {
                drop(state);
                sample();
                state = self.lock();
            }
        }
        state.poll_now = false;
        !state.stop
    }
}

/// The figures of one look.
pub(crate) fn point(snapshot: &Snapshot) -> Point {
    Point {
        at: snapshot.at.clone(),
        old_per_second: snapshot.writes.old_per_second,
        new_per_second: snapshot.writes.new_per_second,
        longest_stall_ms: snapshot.writes.longest_stall_ms,
        rows_per_second: snapshot.work.as_ref().and_then(|work| work.rows_per_second),
        wal_bytes: snapshot.wal_bytes,
    }
}
