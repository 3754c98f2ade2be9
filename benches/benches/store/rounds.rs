//! Contenders that take turns, and what one call of each took.

use std::time::{Duration, Instant};

use benches::database::Result;
use benches::report::table;
use benches::stats::{median, median_ratio};

use crate::contender::{Caller, Contender, Feed, key};
use crate::files::PER_RUN;

/// Calls of a contender before the next has its turn.
pub(crate) const CALLS: usize = 200;
/// Rounds at least.
const ROUNDS: usize = 5;

/// What is done again and again.
pub(crate) enum Task {
    /// Store artifacts.
    Store(Feed),
    /// Read the five artifacts of any of so many keys.
    Query(fastrand::Rng, u64),
}

impl Task {
    pub(crate) fn query(keys: u64) -> Self {
        Self::Query(fastrand::Rng::with_seed(11), keys)
    }

    /// One call, in microseconds.
    fn once(&mut self, caller: &mut dyn Caller) -> Result<f64> {
        match self {
            Self::Store(feed) => {
                let row = feed.next();
                let began = Instant::now();
                caller.store(row)?;
                Ok(micros(began))
            }
            Self::Query(rng, keys) => {
                let key = key(rng.u64(..*keys));
                let began = Instant::now();
                let found = caller.query(&key)? as u64;
                let took = micros(began);
                assert_eq!(found, PER_RUN, "artifacts of {} {}", key.spec, key.stage);
                Ok(took)
            }
        }
    }
}

pub(crate) fn micros(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e6
}

/// A contender, its task, and what came out.
pub(crate) struct Lane {
    name: String,
    contender: Box<dyn Contender>,
    task: Task,
    /// Of each round, in microseconds.
    medians: Vec<f64>,
    means: Vec<f64>,
}

impl Lane {
    pub(crate) fn new(name: &str, contender: impl Contender + 'static, task: Task) -> Self {
        Self {
            name: name.to_owned(),
            contender: Box::new(contender),
            task,
            medians: Vec::new(),
            means: Vec::new(),
        }
    }

    fn round(&mut self) -> Result<()> {
        let mut took = Vec::with_capacity(CALLS);
        self.contender.call(&mut |caller| {
            for _ in 0..CALLS {
                took.push(self.task.once(caller)?);
            }
            Ok(())
        })?;
        self.means.push(took.iter().sum::<f64>() / took.len() as f64);
        self.medians.push(median(&mut took));
        Ok(())
    }

    /// The median call, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        median(&mut self.medians.clone())
    }

    /// How much longer its median call took than another's in the same round.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        median_ratio(&self.medians, &other.medians)
    }
}

/// Lets the lanes take turns for `time` each, and a first round that does not count.
/// `most` is how many rounds there are at most.
pub(crate) fn race(lanes: &mut [Lane], time: Duration, most: usize) -> Result<()> {
    for lane in lanes.iter_mut() {
        lane.round()?;
        lane.medians.clear();
        lane.means.clear();
    }
    let count = lanes.len();
    let began = Instant::now();
    let mut round = 0;
    while round < ROUNDS || round < most && began.elapsed() < time * u32::try_from(count)? {
        // Not always after the same one, whose work may have left the caches cold.
        for turn in 0..count {
            lanes[(turn * step(round, count) + round) % count].round()?;
        }
        round += 1;
    }
    Ok(())
}

/// Turns go forwards in one round, backwards in the next.
fn step(round: usize, count: usize) -> usize {
    if round.is_multiple_of(2) { 1 } else { count - 1 }
}

/// Races, and shows every lane beside the first, which is the raw limit.
pub(crate) fn compare(title: &str, mut lanes: Vec<Lane>, time: Duration) -> Result<()> {
    race(&mut lanes, time, usize::MAX)?;
    let limit = &lanes[0];
    let line = |lane: &Lane| {
        vec![
            format!("{}{}", lane.name, failed(lane.contender.as_ref())),
            format!("{:.1}", lane.micros()),
            format!("{:.2}×", lane.ratio(limit)),
            format!("{:.1}", median(&mut lane.means.clone())),
            format!("{:.2}×", median_ratio(&lane.means, &limit.means)),
        ]
    };
    let columns = ["", "median µs", "to the raw limit", "mean µs", "to the raw limit"];
    table(title, &columns, &lanes.iter().map(line).collect::<Vec<_>>());
    Ok(())
}

/// A remark on a contender that loses writes.
pub(crate) fn failed(contender: &dyn Contender) -> String {
    match contender.failed() * 100.0 {
        0.0 => String::new(),
        share => format!(" ({share:.2} % of the writes failed)"),
    }
}
