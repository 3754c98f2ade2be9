//! How long a chunk may take and how long the pause after it is: a pure decision from who else
//! uses the database, and from the pace that operators ask for.

use std::time::Duration;

use super::chunk_size::ChunkSize;
use crate::backend::sqlite::other_processes::OpenedBy;
use crate::pace::{Limits, Pace};
use crate::report::{PaceStatus, Waiting};

/// How long others count as writing after they were last seen to.
const QUIET_AFTER: Duration = Duration::from_millis(400);

/// How long a chunk may hold the write lock beside programs.
pub(crate) const CHUNK_BESIDE_PROGRAMS: Duration = Duration::from_millis(2);

/// The same with `Fast`, and where it can't be told whether a program waits.
pub(crate) const CHUNK_FAST: Duration = Duration::from_millis(10);

/// The same where there is no program. In longer chunks there is no gain: what they write would
/// no longer fit into the connection's cache.
const CHUNK_ALONE: Duration = Duration::from_millis(15);

/// The pause after a chunk. A program that waits as SQLite does sleeps for 1 ms at first, then
/// for longer and longer, so a shorter pause is one that it sleeps through.
pub(crate) const PAUSE: Duration = Duration::from_micros(2_200);
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// The same beside transactions that read first, which fail where a chunk comes between: the
/// lock is held for a small part of the time, and for no longer than most of them take.
const CHUNK_BESIDE_READ_FIRST: Duration = Duration::from_millis(1);
const PAUSE_BESIDE_READ_FIRST: Duration = Duration::from_millis(8);

/// How much longer work takes beside programs: the chunks and the pauses.
pub(crate) const BESIDE_PROGRAMS: f64 =
    1.0 + PAUSE.as_micros() as f64 / CHUNK_BESIDE_PROGRAMS.as_micros() as f64;

/// Who else uses the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    /// Nobody.
    Alone,
    /// It can't be told, and nobody has written for a while.
    Unseen,
    /// Programs that have it open, or that have just written.
    Programs,
    /// The same, in transactions that read first.
    ReadFirst,
}

/// What was seen of others since the last chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) opened_by: OpenedBy,
    /// Another connection has written.
    pub(crate) wrote: bool,
    /// Transactions that read before they write are common.
    pub(crate) read_first: bool,
}

/// Adapts the number of rows in a chunk to the time a chunk may take.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    pace: Pace,
    size: ChunkSize,
    opened_by: OpenedBy,
    read_first: bool,
    /// How long nobody else has written.
    quiet: Duration,
    /// Whether the last pause was as long as it was because only so many rows a second are
    /// wanted.
    capped: bool,
}

impl Pacer {
    /// Begins gently, unless nobody is there.
    pub(crate) fn new(pace: Pace, opened_by: OpenedBy) -> Self {
        let size = ChunkSize::new();
        Self { pace, size, opened_by, read_first: false, quiet: QUIET_AFTER, capped: false }
    }

    /// For work on a copy of our own.
    pub(crate) fn unhindered() -> Self {
        Self::new(Pace::Fast, OpenedBy::Nobody)
    }

    /// For work that only reads. With a write-ahead log it holds nobody off, and a chunk is
    /// short only so that the log can be checkpointed. Without one it holds off who commits.
    pub(crate) fn reading(pace: Pace, has_log: bool) -> Self {
        Self::new(pace, if has_log { OpenedBy::Nobody } else { OpenedBy::Somebody })
    }

    /// Takes on another pace.
    pub(crate) fn set(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Whether there are programs.
    pub(crate) fn has_company(&self) -> bool {
        matches!(self.company(), Company::Programs | Company::ReadFirst)
    }

    /// Whether there are programs that need room.
    pub(crate) fn stands_back(&self) -> bool {
        self.pace != Pace::Fast && self.has_company()
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
        self.size.begin();
    }

    /// Rows in the next chunk.
    pub(crate) fn rows(&self) -> u64 {
        match self.pace {
            // A few chunks a second at least, so that a low ceiling is no stop-and-go.
            Pace::Limited(Limits { rows_per_second: Some(most), .. }) => {
                self.size.rows().min((most / 4).max(1))
            }
            _ => self.size.rows(),
        }
    }

    /// Learns from a chunk of `rows`, and says how long to stand back before the next. `took` is
    /// how long it held the lock, `worked` the part of that which depends on its rows.
    pub(crate) fn after(
        &mut self,
        rows: u64,
        took: Duration,
        worked: Duration,
        seen: Seen,
    ) -> Duration {
        self.opened_by = seen.opened_by;
        self.read_first = seen.read_first;
        self.quiet = if seen.wrote { Duration::ZERO } else { self.quiet + took };
        let company = self.company();
        // From the rows that were asked for: under a ceiling these are fewer than would fit.
        self.size.learn(self.rows(), worked, self.target(company));
        let mut pause = self.pause(took, company);
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

    fn company(&self) -> Company {
        match self.opened_by {
            OpenedBy::Somebody if self.read_first => Company::ReadFirst,
            OpenedBy::Somebody => Company::Programs,
            _ if self.quiet < QUIET_AFTER => Company::Programs,
            OpenedBy::Unknown => Company::Unseen,
            OpenedBy::Nobody => Company::Alone,
        }
    }

    /// Learns how much the log grew by a chunk for which so many rows were asked, so that none
    /// makes it grow by much more than `limit` at one go.
    pub(crate) fn wrote(&mut self, rows: u64, bytes: u64, limit: u64) {
        self.size.wrote(rows, bytes, limit);
    }

    /// Learns from a chunk after which there is no pause. Who waits to commit in a database
    /// without a write-ahead log needs none: SQLite lets no reader begin before it.
    pub(crate) fn after_read(&mut self, took: Duration) {
        self.size.learn(self.rows(), took, self.target(self.company()));
    }

    /// How long a chunk may hold the write lock.
    fn target(&self, company: Company) -> Duration {
        match (self.pace, company) {
            (Pace::Limited(Limits { stall: Some(stall), .. }), _) => stall,
            (_, Company::Alone) => CHUNK_ALONE,
            (Pace::Fast, _) | (_, Company::Unseen) => CHUNK_FAST,
            (_, Company::Programs) => CHUNK_BESIDE_PROGRAMS,
            (_, Company::ReadFirst) => CHUNK_BESIDE_READ_FIRST,
        }
    }

    /// No shorter than the chunk where programs are to have room: who comes at any time finds
    /// the lock free half of the time.
    fn pause(&self, took: Duration, company: Company) -> Duration {
        match (self.pace, company) {
            (_, Company::Alone) => Duration::ZERO,
            (Pace::Fast, _) => PAUSE,
            (_, Company::Unseen) => (took / 2).clamp(PAUSE, LONGEST_PAUSE),
            (Pace::Gentle | Pace::Limited(_), Company::Programs) => {
                took.clamp(PAUSE, LONGEST_PAUSE)
            }
            (Pace::Gentle | Pace::Limited(_), Company::ReadFirst) => {
                (took * 8).clamp(PAUSE_BESIDE_READ_FIRST, LONGEST_PAUSE * 2)
            }
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
        Pace::Gentle => ("gentle", CHUNK_BESIDE_PROGRAMS, None),
        Pace::Fast => ("fast", CHUNK_FAST, None),
        Pace::Limited(Limits { stall, rows_per_second }) => {
            ("limits", stall.unwrap_or(CHUNK_BESIDE_PROGRAMS), rows_per_second)
        }
    };
    PaceStatus { pace: name.to_owned(), stall_ms: stall.as_secs_f64() * 1000.0, rows_per_second }
}

#[cfg(test)]
mod tests {
    use super::super::chunk_size::FIRST_ROWS;
    use super::*;

    const ALONE: Seen = Seen { opened_by: OpenedBy::Nobody, wrote: false, read_first: false };
    const OPEN: Seen = Seen { wrote: false, opened_by: OpenedBy::Somebody, read_first: false };
    const BLIND: Seen = Seen { opened_by: OpenedBy::Unknown, wrote: false, read_first: false };
    const CHUNK: Duration = CHUNK_BESIDE_PROGRAMS;

    /// After a chunk of which all depends on its rows.
    fn after(pacer: &mut Pacer, rows: u64, took: Duration, seen: Seen) -> Duration {
        pacer.after(rows, took, took, seen)
    }

    fn pacer(pace: Pace, seen: Seen) -> Pacer {
        Pacer::new(pace, seen.opened_by)
    }

    #[test]
    fn it_begins_with_room_for_who_has_the_file_open() {
        let mut gentle = pacer(Pace::Gentle, OPEN);
        assert!(gentle.stands_back());
        assert_eq!(after(&mut gentle, 1, CHUNK, OPEN), PAUSE);
        assert_eq!(after(&mut pacer(Pace::Gentle, ALONE), 1, CHUNK, ALONE), Duration::ZERO);
        // Somebody comes: the very next chunk is followed by a pause, and is no longer.
        let mut pacer = pacer(Pace::Gentle, ALONE);
        for _ in 0..20 {
            let took = Duration::from_micros(10) * u32::try_from(pacer.rows()).unwrap();
            after(&mut pacer, 1, took, ALONE);
        }
        let alone = pacer.rows();
        assert_eq!(after(&mut pacer, 1, CHUNK_ALONE, OPEN), CHUNK_ALONE);
        assert!(pacer.rows() < alone / 7, "{} of {alone}", pacer.rows());
    }

    #[test]
    fn a_pause_is_no_shorter_than_the_chunk_nor_than_the_first_sleeps_of_sqlite() {
        for took in [1, 10, 100, 1_000, 2_000, 4_000, 9_000].map(Duration::from_micros) {
            for pace in [Pace::Gentle, Pace::Limited(Limits::default())] {
                let pause = after(&mut pacer(pace, OPEN), 1, took, OPEN);
                assert!(pause >= took && pause >= PAUSE, "{pause:?} after {took:?}");
            }
            for seen in [OPEN, BLIND] {
                assert_eq!(after(&mut pacer(Pace::Fast, seen), 1, took, seen), PAUSE);
            }
            let pause = after(&mut pacer(Pace::Gentle, BLIND), 1, took, BLIND);
            assert!(pause >= took / 2 && pause >= PAUSE, "{pause:?} after {took:?}");
        }
    }

    #[test]
    fn transactions_that_read_first_get_most_of_the_time() {
        let read_first = Seen { read_first: true, ..OPEN };
        let mut pacer = pacer(Pace::Gentle, OPEN);
        for took in [1, 2, 5].map(Duration::from_millis) {
            assert!(after(&mut pacer, 1, took, read_first) >= took * 8);
        }
        // A row takes 10 microseconds.
        for _ in 0..20 {
            let took = Duration::from_micros(10) * u32::try_from(pacer.rows()).unwrap();
            after(&mut pacer, 1, took, read_first);
        }
        assert!((90..=110).contains(&pacer.rows()), "{}", pacer.rows());
        assert_eq!(after(&mut pacer, 1, CHUNK, OPEN), PAUSE);
        pacer.set(Pace::Fast);
        assert_eq!(after(&mut pacer, 1, CHUNK_FAST, read_first), PAUSE);
    }

    #[test]
    fn a_commit_that_waits_for_the_disk_makes_no_chunk_small() {
        let mut pacer = pacer(Pace::Gentle, BLIND);
        let wrote = Seen { wrote: true, ..BLIND };
        for _ in 0..20 {
            let worked = Duration::from_micros(10) * u32::try_from(pacer.rows()).unwrap();
            let held = worked + Duration::from_millis(15);
            assert_eq!(pacer.after(1, held, worked, wrote), held);
        }
        assert!((190..=210).contains(&pacer.rows()), "{}", pacer.rows());
    }

    #[test]
    fn a_connection_that_is_not_seen_is_one_that_has_written() {
        for seen in [ALONE, BLIND] {
            let mut pacer = pacer(Pace::Gentle, seen);
            after(&mut pacer, 1, CHUNK, Seen { wrote: true, ..seen });
            assert!(pacer.stands_back());
            // Quiet for a moment is not quiet.
            after(&mut pacer, 1, CHUNK, seen);
            assert!(pacer.stands_back());
            after(&mut pacer, 1, QUIET_AFTER, seen);
            assert!(!pacer.stands_back());
        }
    }

    #[test]
    fn a_ceiling_is_kept_whatever_the_chunks_are() {
        let limits = Limits { rows_per_second: Some(100), stall: None };
        let mut pacer = pacer(Pace::Limited(limits), ALONE);
        let (mut rows, mut took) = (0, Duration::ZERO);
        while took < Duration::from_secs(20) {
            let (chunk, held) = (pacer.rows(), Duration::from_millis(1));
            assert!(chunk <= 25);
            rows += chunk;
            took += held + after(&mut pacer, chunk, held, Seen { wrote: rows % 3 == 0, ..ALONE });
        }
        assert!((1_900..=2_050).contains(&rows), "{rows}");
        // Without it chunks grow again step by step, from what they were.
        pacer.set(Pace::Gentle);
        assert!((25..=64).contains(&pacer.rows()), "{}", pacer.rows());
    }

    #[test]
    fn a_stall_of_ones_own_is_aimed_at() {
        let stall = Duration::from_millis(6);
        let limits = Limits { stall: Some(stall), rows_per_second: None };
        let mut pacer = pacer(Pace::Limited(limits), OPEN);
        // A row takes 10 microseconds.
        for _ in 0..40 {
            let took = Duration::from_micros(10) * u32::try_from(pacer.rows()).unwrap();
            after(&mut pacer, 1, took, OPEN);
        }
        assert!((550..=650).contains(&pacer.rows()), "{}", pacer.rows());
        pacer.begin();
        assert_eq!(pacer.rows(), FIRST_ROWS);
    }

    #[test]
    fn looks_become_rarer() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..9).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert!(backoff.is_slow() && !Backoff::new().is_slow());
    }
}
