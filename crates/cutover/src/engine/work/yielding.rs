//! Whether a chunk waits for programs that are in a transaction which has read and may write:
//! a pure decision.
//!
//! SQLite refuses the first write of such a transaction at once if anybody has committed since
//! it began (<https://www.sqlite.org/rescode.html#busy_snapshot>), so a chunk that is committed
//! meanwhile makes it fail. Whether it is about to write can't be seen; whether those before it
//! have written, can. Waiting is limited: the work goes on whatever programs do.

use std::time::Duration;

/// How much the last transaction that was waited for counts, beside all before it.
const WEIGHT: f64 = 0.125;

/// The part of them that must have written, for the others to be waited for.
const WORTHWHILE: f64 = 0.1;

/// Where it is not, one in so many is waited for all the same: programs change their ways.
const PROBE_EVERY: u32 = 32;

/// How long may be waited for each time that the lock was held, and how much of it is kept
/// for later.
const WAIT_PER_HOLD: u32 = 3;
const MOST: Duration = Duration::from_millis(60);

/// Times in a row that a chunk gives way after it is made.
const GIVES_WAY: u32 = 2;

/// How much the last chunk counts for how often such transactions are met, and how often that
/// must be for the work to leave them more room.
const CHUNK_WEIGHT: f64 = 1.0 / 16.0;
const OFTEN: f64 = 0.1;

#[derive(Debug, Clone)]
pub(crate) struct Yielding {
    /// The part of the last transactions that wrote.
    wrote: f64,
    passed: u32,
    /// How long may still be waited.
    credit: Duration,
    gave_way: u32,
    /// Whether one that wrote was met since the last chunk was committed.
    met: bool,
    /// The part of the last chunks before which one was.
    often: f64,
}

impl Yielding {
    /// Begins with waiting.
    pub(crate) fn new() -> Self {
        Self { wrote: 1.0, passed: 0, credit: MOST, gave_way: 0, met: false, often: 0.0 }
    }

    /// A program's snapshot is seen before a chunk: how long to wait for its end at most.
    pub(crate) fn patience(&mut self) -> Duration {
        if self.is_worthwhile() {
            return self.credit;
        }
        self.passed += 1;
        if self.passed.is_multiple_of(PROBE_EVERY) { self.credit } else { Duration::ZERO }
    }

    /// One is seen before a chunk is committed: whether the chunk is made again later.
    pub(crate) fn gives_way(&mut self) -> bool {
        let gives = self.is_worthwhile() && !self.credit.is_zero() && self.gave_way < GIVES_WAY;
        self.gave_way = if gives { self.gave_way + 1 } else { 0 };
        gives
    }

    /// A transaction that was waited for has ended, or has written.
    pub(crate) fn ended(&mut self, wrote: bool) {
        self.met |= wrote;
        self.wrote += (f64::from(u8::from(wrote)) - self.wrote) * WEIGHT;
    }

    /// So much time went by in waiting, or in what has to be done again.
    pub(crate) fn spent(&mut self, time: Duration) {
        self.credit = self.credit.saturating_sub(time);
    }

    /// A chunk was committed.
    pub(crate) fn committed(&mut self, held: Duration) {
        self.gave_way = 0;
        self.credit = (self.credit + held * WAIT_PER_HOLD).min(MOST);
        let met = f64::from(u8::from(std::mem::take(&mut self.met)));
        self.often += (met - self.often) * CHUNK_WEIGHT;
    }

    /// Whether transactions that read first are common. Waiting does not help those that begin
    /// and write while a chunk holds the lock: the less it does, the fewer fail.
    pub(crate) fn is_called_for(&self) -> bool {
        self.often > OFTEN
    }

    fn is_worthwhile(&self) -> bool {
        self.wrote >= WORTHWHILE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Duration = Duration::from_millis(2);

    #[test]
    fn waiting_is_a_bounded_part_of_the_work() {
        let mut yielding = Yielding::new();
        let (mut waited, mut held) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..1_000 {
            // There is always somebody, who writes in the end.
            yielding.ended(true);
            let patience = yielding.patience();
            yielding.spent(patience);
            waited += patience;
            while yielding.gives_way() {
                yielding.spent(CHUNK);
                waited += CHUNK;
            }
            yielding.committed(CHUNK);
            held += CHUNK;
        }
        assert!(waited > held * 2, "{waited:?}");
        // As much as a chunk may be over, each time.
        assert!(waited <= held * (WAIT_PER_HOLD + GIVES_WAY) + MOST, "{waited:?}");
    }

    #[test]
    fn a_chunk_gives_way_a_few_times_at_most() {
        let mut yielding = Yielding::new();
        for _ in 0..GIVES_WAY {
            assert!(yielding.gives_way());
        }
        assert!(!yielding.gives_way());
        yielding.committed(CHUNK);
        assert!(yielding.gives_way());
    }

    #[test]
    fn it_is_told_where_programs_read_first() {
        let mut yielding = Yielding::new();
        for chunk in 0..200 {
            // Now and then somebody is met at the moment between.
            if chunk % 50 == 0 {
                yielding.ended(true);
            }
            yielding.committed(CHUNK);
            assert!(!yielding.is_called_for(), "{chunk}");
        }
        for _ in 0..4 {
            yielding.ended(true);
            yielding.committed(CHUNK);
        }
        assert!(yielding.is_called_for());
        for _ in 0..40 {
            yielding.committed(CHUNK);
        }
        assert!(!yielding.is_called_for());
    }

    #[test]
    fn programs_that_only_read_are_not_waited_for() {
        let mut yielding = Yielding::new();
        assert!(!yielding.patience().is_zero());
        for _ in 0..30 {
            yielding.ended(false);
        }
        assert!(!yielding.gives_way());
        let waited = (0..64).filter(|_| !yielding.patience().is_zero()).count();
        assert_eq!(waited, 2, "now and then it looks whether that is still so");
        for _ in 0..2 {
            yielding.ended(true);
        }
        assert!(yielding.gives_way());
    }
}
