//! How the work goes, told to whoever watches: measured here, written in the transactions of
//! the work. Nothing depends on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::session::Session;
use crate::backend::sqlite::Moving;
use crate::backend::sqlite::work::{self, Sample};
use crate::clock;
use crate::error::{Error, Result};
use crate::report::Waiting;
use crate::watch::Work;

/// A rate is what was done in this time.
const RATE_OVER: Duration = Duration::from_secs(8);

/// Transactions that only tell after which the log is emptied.
const CHECKPOINT_EVERY: u64 = 256;

/// Stalls are remembered for this long.
const STALLS_OVER: Duration = Duration::from_secs(60);

/// What is known of work under way.
#[derive(Debug)]
pub(crate) struct Telemetry {
    work: Work,
    began_ms: i64,
    began: Instant,
    first: Option<u64>,
    done: u64,
    total: u64,
    chunk: (u64, Duration),
    /// All chunks together.
    chunks: (u64, Duration),
    commits: u64,
    /// How long it stood still because somebody asked for it.
    stood: Duration,
    /// What was done when, over the last seconds.
    recent: VecDeque<(Instant, u64)>,
    /// The longest hold of the lock in each second of the last minute.
    holds: VecDeque<(Instant, Duration)>,
    waiting: Option<Waiting>,
}

impl Telemetry {
    pub(crate) fn new(work: Work, total: u64) -> Self {
        Self {
            work,
            began_ms: clock::now_ms(),
            began: Instant::now(),
            first: None,
            done: 0,
            total,
            chunk: (0, Duration::ZERO),
            chunks: (0, Duration::ZERO),
            commits: 0,
            stood: Duration::ZERO,
            recent: VecDeque::new(),
            holds: VecDeque::new(),
            waiting: None,
        }
    }

    /// So much is done. The first call says what earlier ones had done.
    pub(crate) fn done(&mut self, done: u64, now: Instant) {
        self.first.get_or_insert(done);
        self.done = done;
        // Two a second are enough for a rate.
        if self.recent.back().is_none_or(|(at, _)| now - *at >= Duration::from_millis(500)) {
            self.recent.push_back((now, done));
        }
        while self.recent.len() > 2
            && self.recent.front().is_some_and(|(at, _)| now - *at > RATE_OVER)
        {
            self.recent.pop_front();
        }
    }

    /// So many rows of so many are compared.
    pub(crate) fn compared(&mut self, done: u64, total: u64) {
        self.total = total;
        self.done(done, Instant::now());
    }

    /// A chunk of so many rows held the lock for so long.
    pub(crate) fn chunk(&mut self, rows: u64, held: Duration, now: Instant) {
        self.chunk = (rows, held);
        self.chunks = (self.chunks.0 + rows, self.chunks.1 + held);
        self.commits += 1;
        match self.holds.back_mut() {
            Some((at, longest)) if now - *at < Duration::from_secs(1) => {
                *longest = held.max(*longest);
            }
            _ => self.holds.push_back((now, held)),
        }
        while self.holds.front().is_some_and(|(at, _)| now - *at > STALLS_OVER) {
            self.holds.pop_front();
        }
    }

    /// Whether the work stands still or back, and why.
    pub(crate) fn waits(&mut self, waiting: Option<Waiting>) {
        self.waiting = waiting;
    }

    /// Rows a second since the work began; absent where that is too short to be told.
    pub(crate) fn average(&self) -> Option<f64> {
        let seconds = self.began.elapsed().saturating_sub(self.stood).as_secs_f64();
        let rows = self.done - self.first.unwrap_or(0).min(self.done);
        (seconds > 0.01 && rows > 0).then(|| rows as f64 / seconds)
    }

    /// Rows a second of the time that chunks took; absent where that is too short to be told.
    pub(crate) fn busy_rate(&self) -> Option<f64> {
        let (rows, time) = self.chunks;
        let seconds = time.as_secs_f64();
        (seconds > 0.002 && rows > 0).then(|| rows as f64 / seconds)
    }

    /// It stood still for so long.
    pub(crate) fn stood(&mut self, time: Duration) {
        self.stood += time;
        // The rate of before is none of now.
        self.recent.clear();
    }

    /// A transaction that is none of a chunk's.
    pub(crate) fn committed(&mut self) {
        self.commits += 1;
    }

    fn rate(&self, now: Instant) -> Option<f64> {
        let (at, done) = self.recent.front()?;
        let seconds = (now - *at).as_secs_f64();
        (seconds > 0.2).then(|| self.done.saturating_sub(*done) as f64 / seconds)
    }

    fn sample(&self, token: &str, now: Instant) -> Sample {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        Sample {
            work: self.work.name().to_owned(),
            token: token.to_owned(),
            began_ms: self.began_ms,
            at_ms: clock::now_ms(),
            done: self.done,
            total: self.total.max(self.done),
            rate: self.rate(now),
            chunk_rows: self.chunk.0,
            chunk_ms: ms(self.chunk.1),
            longest_ms: self
                .holds
                .iter()
                .filter(|(at, _)| now.saturating_duration_since(*at) <= STALLS_OVER)
                .map(|(_, held)| ms(*held))
                .fold(0.0, f64::max),
            commits: self.commits,
            waiting: self.waiting.map(|waiting| waiting.name().to_owned()),
        }
    }
}

impl Session<'_> {
    /// Renews the lease, and tells how the work goes, in the transaction at hand.
    pub(crate) fn tell(&self, telemetry: &Telemetry) -> Result<()> {
        self.fence()?;
        let sample = telemetry.sample(self.token(), Instant::now());
        work::write(self.db, self.record.id, &sample)
    }

    /// The same in a transaction of its own. Somebody else's long transaction is no reason to
    /// give up, as long as the lease lasts.
    pub(crate) fn tell_now(&self, telemetry: &mut Telemetry) -> Result<()> {
        telemetry.commits += 1;
        match self.db.write("recording the progress", || self.tell(telemetry)) {
            Err(Error::Locked { .. }) if self.lease_lasts() => Ok(()),
            told => told.map(|_| ()),
        }?;
        if telemetry.commits.is_multiple_of(CHECKPOINT_EVERY) {
            // Nobody else may write who would empty the log.
            let _ = self.db.checkpoint(Moving::Beside);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let mut telemetry = Telemetry::new(Work::Backfill, 10_000);
        let began = Instant::now();
        let at = |second: u64| began + Duration::from_secs(second);
        assert_eq!(telemetry.rate(at(0)), None);
        telemetry.done(1_000, at(0));
        assert_eq!(telemetry.rate(at(0)), None);
        for second in 1..=20 {
            telemetry.done(1_000 + second * 100, at(second));
        }
        assert_eq!(telemetry.rate(at(20)), Some(100.0));
        // It stands still: the rate falls.
        for second in 21..=40 {
            telemetry.done(3_000, at(second));
        }
        assert_eq!(telemetry.rate(at(40)), Some(0.0));
    }

    #[test]
    fn a_stall_is_remembered_for_a_minute() {
        let mut telemetry = Telemetry::new(Work::Backfill, 1);
        let began = Instant::now();
        let longest = |t: &Telemetry| t.sample("", Instant::now()).longest_ms;
        telemetry.chunk(1, Duration::from_millis(9), began);
        for second in 1..=59 {
            telemetry.chunk(1, Duration::from_millis(2), began + Duration::from_secs(second));
        }
        assert!((longest(&telemetry) - 9.0).abs() < 1e-9);
        telemetry.chunk(1, Duration::from_millis(2), began + Duration::from_secs(61));
        assert!((longest(&telemetry) - 2.0).abs() < 1e-9);
    }
}
