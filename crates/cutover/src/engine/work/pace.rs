//! How large a chunk is and how long the pause after it: a pure decision from what
//! the last chunk took. Chunks go by time, because rows differ in size.

use std::time::Duration;

use crate::pace::{Limits, Pace};
use crate::report::{PaceStatus, Waiting};

/// Adapts the number of rows in a chunk to the time a chunk may take.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    pace: Pace,
    rows: u64,
    /// Rows in a chunk at most.
    most: u64,
    /// How long nobody else has written.
    quiet: Duration,
    /// Whether the last pause was as long as it was because only so many rows a second are
    /// wanted.
    capped: bool,
}

/// Others count as writing until they have been quiet for so long.
const QUIET_AFTER: Duration = Duration::from_millis(400);

/// How long a chunk may hold the write lock while others write.
pub(crate) const CHUNK_BESIDE_WRITERS: Duration = Duration::from_millis(3);

/// The same while nobody does, and where nobody asks for room. In longer chunks there is no
/// gain: what they write would no longer fit into the connection's cache.
pub(crate) const CHUNK_ALONE: Duration = Duration::from_millis(15);

/// Rows in the first chunk, before anything is known of their size.
const FIRST_ROWS: u64 = 64;
const MOST_ROWS: u64 = 50_000;

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, rows: FIRST_ROWS, most: MOST_ROWS, quiet: QUIET_AFTER, capped: false }
    }

    /// Takes on another pace.
    pub(crate) fn set(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Whether there is a pause after each chunk, for others who write.
    pub(crate) fn stands_back(&self) -> bool {
        self.pace != Pace::Fast && self.quiet < QUIET_AFTER
    }

    /// Why there is a pause after each chunk, if there is.
    pub(crate) fn waits(&self) -> Option<Waiting> {
        match () {
            () if self.capped => Some(Waiting::Pace),
            () if self.stands_back() => Some(Waiting::Writers),
            () => None,
        }
    }

    /// Begins with another table, whose rows may be of another size.
    pub(crate) fn begin(&mut self) {
        self.rows = self.rows.min(FIRST_ROWS);
        self.most = MOST_ROWS;
    }

    /// Rows in the next chunk.
    pub(crate) fn rows(&self) -> u64 {
        match self.pace {
            // A few chunks a second at least, so that a low ceiling is no stop-and-go.
            Pace::Limited(Limits { rows_per_second: Some(most), .. }) => {
                self.rows.min((most / 4).max(1))
            }
            _ => self.rows,
        }
    }

    /// Learns from a chunk of `rows`, and says how long to stand back before the next.
    /// `others` tells whether another connection has written since the last chunk.
    pub(crate) fn after(&mut self, rows: u64, took: Duration, others: bool) -> Duration {
        self.quiet = if others { Duration::ZERO } else { self.quiet + took };
        let others = self.quiet < QUIET_AFTER;
        let mut pause = self.adapt(took, others);
        self.capped = false;
        if let Pace::Limited(Limits { rows_per_second: Some(most), .. }) = self.pace {
            let due = Duration::from_secs_f64(rows as f64 / most.max(1) as f64);
            let due = due.saturating_sub(took);
            self.capped = due > pause;
            pause = pause.max(due);
        }
        self.quiet += pause;
        pause
    }

    fn adapt(&mut self, took: Duration, others: bool) -> Duration {
        let target = self.target(others);
        let factor = target.as_secs_f64() / took.as_secs_f64().max(1e-6);
        // Grows at most twofold, so that one quick chunk does not make a long one.
        // From the rows that were asked for: under a ceiling these are fewer than would fit.
        let scaled = self.rows() as f64 * factor.clamp(0.1, 2.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small range"
        )]
        let rows = scaled.clamp(1.0, self.most as f64) as u64;
        self.rows = rows;
        match (self.pace, others) {
            (Pace::Fast, _) | (_, false) => Duration::ZERO,
            // As long as the chunk itself: a writer finds the lock free half of the time.
            (Pace::Gentle | Pace::Limited(_), true) => {
                took.clamp(Duration::from_millis(3), Duration::from_millis(10))
            }
        }
    }

    /// Learns how much the log grew by a chunk for which so many rows were asked, so that none
    /// makes it grow by much more than `limit` at one go.
    pub(crate) fn wrote(&mut self, rows: u64, bytes: u64, limit: u64) {
        let fitting = u128::from(rows) * u128::from(limit) / u128::from(bytes.max(1));
        self.most = u64::try_from(fitting).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        self.rows = self.rows.min(self.most);
    }

    /// Learns from a chunk that only read. With a write-ahead log a reader holds nobody
    /// off, so there is no pause: a chunk is short only so that the log can be
    /// checkpointed, and writers of a rollback-journal database get their turn.
    pub(crate) fn after_read(&mut self, took: Duration) {
        self.adapt(took, false);
    }

    /// How long a chunk may hold the write lock.
    fn target(&self, others: bool) -> Duration {
        match (self.pace, others) {
            (Pace::Limited(Limits { stall: Some(stall), .. }), _) => stall,
            (Pace::Fast, _) | (_, false) => CHUNK_ALONE,
            (_, true) => CHUNK_BESIDE_WRITERS,
        }
    }
}

/// How long to wait between two looks at something that others have to end.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    const LONGEST: Duration = Duration::from_millis(64);

    pub(crate) fn new() -> Self {
        Self { next: Duration::from_millis(1) }
    }

    /// The next pause: twice the last one, up to a limit.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }

    /// Whether the pauses have become as long as they get.
    pub(crate) fn is_slow(&self) -> bool {
        self.next == Self::LONGEST
    }
}

/// Stands back for a moment, so that others get the lock.
pub(crate) fn pacer_sleep(pause: Duration) {
    if !pause.is_zero() {
        std::thread::sleep(pause);
    }
}

/// A pace as it is reported: while programs write.
pub(crate) fn paces(pace: Pace) -> PaceStatus {
    let (name, stall, rows_per_second) = match pace {
        Pace::Gentle => ("gentle", CHUNK_BESIDE_WRITERS, None),
        Pace::Fast => ("fast", CHUNK_ALONE, None),
        Pace::Limited(Limits { stall, rows_per_second }) => {
            ("limits", stall.unwrap_or(CHUNK_BESIDE_WRITERS), rows_per_second)
        }
    };
    PaceStatus { pace: name.to_owned(), stall_ms: stall.as_secs_f64() * 1000.0, rows_per_second }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_shrink_at_once_and_grow_step_by_step() {
        let mut pacer = Pacer::new(Pace::Gentle);
        pacer.after(1, CHUNK_BESIDE_WRITERS / 4, true);
        assert_eq!(pacer.rows(), FIRST_ROWS * 2);
        pacer.after(1, Duration::from_millis(30), true);
        assert_eq!(pacer.rows(), FIRST_ROWS * 2 / 10);
        // Quiet for a moment is not quiet.
        assert_eq!(pacer.after(1, Duration::from_millis(3), false), Duration::from_millis(3));
        pacer.after(1, QUIET_AFTER, false);
        assert_eq!(pacer.after(1, Duration::from_millis(3), false), Duration::ZERO);
    }

    #[test]
    fn chunks_are_bounded_by_what_they_write() {
        let mut pacer = Pacer::new(Pace::Fast);
        // It may have been a smaller one than the next would be.
        pacer.after(1, Duration::from_micros(1), false);
        assert_eq!(pacer.rows(), FIRST_ROWS * 2);
        pacer.wrote(FIRST_ROWS, 10_000, 1_000);
        assert_eq!(pacer.rows(), FIRST_ROWS / 10);
        pacer.after(1, Duration::from_micros(1), false);
        assert_eq!(pacer.rows(), FIRST_ROWS / 10);
        // Rows become smaller.
        pacer.wrote(FIRST_ROWS / 10, 100, 1_000);
        pacer.after(1, Duration::from_micros(1), false);
        assert_eq!(pacer.rows(), FIRST_ROWS / 10 * 2);
        pacer.wrote(1, u64::MAX, 1);
        assert_eq!(pacer.rows(), 1);
        // What is known of one table says nothing of the next.
        pacer.begin();
        for _ in 0..9 {
            pacer.after(1, Duration::from_micros(1), false);
        }
        assert!(pacer.rows() > FIRST_ROWS);
        pacer.begin();
        assert_eq!(pacer.rows(), FIRST_ROWS);
    }

    #[test]
    fn it_stands_back_only_for_others() {
        let mut pacer = Pacer::new(Pace::Gentle);
        assert_eq!(pacer.after(1, Duration::from_millis(3), false), Duration::ZERO);
        assert_eq!(pacer.after(1, Duration::from_millis(3), true), Duration::from_millis(3));
        assert_eq!(Pacer::new(Pace::Fast).after(1, Duration::from_millis(3), true), Duration::ZERO);
    }

    #[test]
    fn a_ceiling_is_kept_whatever_the_chunks_are() {
        let limits = Limits { rows_per_second: Some(100), stall: None };
        let mut pacer = Pacer::new(Pace::Limited(limits));
        let (mut rows, mut took) = (0, Duration::ZERO);
        while took < Duration::from_secs(20) {
            let (chunk, held) = (pacer.rows(), Duration::from_millis(1));
            assert!(chunk <= 25);
            rows += chunk;
            took += held + pacer.after(chunk, held, rows % 3 == 0);
        }
        assert!((1_900..=2_050).contains(&rows), "{rows}");
        // Without it chunks grow again step by step, from what they were.
        pacer.set(Pace::Gentle);
        assert!((25..=50).contains(&pacer.rows()), "{}", pacer.rows());
    }

    #[test]
    fn a_stall_of_ones_own_is_aimed_at() {
        let stall = Duration::from_millis(6);
        let limits = Limits { stall: Some(stall), rows_per_second: None };
        let mut pacer = Pacer::new(Pace::Limited(limits));
        // A row takes 10 microseconds.
        for _ in 0..40 {
            let took = Duration::from_micros(10) * u32::try_from(pacer.rows()).unwrap();
            pacer.after(pacer.rows(), took, true);
        }
        assert!((550..=650).contains(&pacer.rows()), "{}", pacer.rows());
    }

    #[test]
    fn it_never_stops() {
        let mut pacer = Pacer::new(Pace::Gentle);
        for _ in 0..50 {
            pacer.after(1, Duration::from_secs(1), true);
        }
        assert_eq!(pacer.rows(), 1);
    }

    #[test]
    fn looks_become_rarer() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..9).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert!(backoff.is_slow() && !Backoff::new().is_slow());
    }
}
