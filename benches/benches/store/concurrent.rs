//! `store_artifact` by 16 callers at once, beside one caller of the same contender:
//! how many writes a second, and how long one of them takes.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use consensus_store::AsyncStore;
use tokio::runtime::Runtime;

use benches::database::Result;
use benches::report::table;
use benches::stats::{median, median_ratio, percentile};

use crate::contender::{Contender, Feed};
use crate::files;
use crate::ours::{self, Ours};
use crate::raw::{Durability, Raw, Schema};
use crate::rounds::{failed, micros};
use crate::seed::{Old, Seed};

const CALLERS: usize = 16;

/// Each contender's turn. Long enough for several checkpoints.
const TURN: Duration = Duration::from_millis(500);
/// Rounds at least.
const ROUNDS: u32 = 5;

pub(crate) fn run(time: Duration) -> Result<()> {
    beside_one(Durability::Normal, time)?;
    beside_one(Durability::Full, time)
}

fn beside_one(durability: Durability, time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut lanes = lanes(dir.path(), durability)?;
    let rounds = (time.as_millis() / TURN.as_millis()).try_into().unwrap_or(u32::MAX).max(ROUNDS);
    for round in 0..=rounds {
        for lane in &mut lanes {
            let took = lane.turn(round)?;
            // The first round doesn't count.
            if round > 0 {
                lane.count(took);
            }
        }
    }
    show(durability, &mut lanes);
    Ok(())
}

fn lanes(dir: &Path, durability: Durability) -> Result<Vec<Lane>> {
    let raw = |name: &str| -> Result<Team> {
        let path = dir.join(name);
        files::new_schema(&path, 0, files::Maker::Store)?;
        Ok(Team::Threads(Box::new(Raw::new(&path, Schema::New, durability))))
    };
    let ours = |name: &str| -> Result<Team> {
        Ok(Team::Threads(Box::new(Ours::open(&dir.join(name), durability)?)))
    };
    let tasks = Team::Tasks(
        Runtime::new()?,
        AsyncStore::from(ours::open(&dir.join("ours-async.db"), durability)?),
    );
    let seed = |name: &str| -> Result<Team> {
        Ok(Team::Threads(Box::new(Seed::new(&dir.join(name), Old::None, durability)?)))
    };
    Ok(vec![
        Lane::new("raw limit, one caller", 1, raw("raw-1.db")?),
        Lane::new("raw limit, a connection each", CALLERS, raw("raw-16.db")?),
        Lane::new("the store, one caller", 1, ours("ours-1.db")?),
        Lane::new("the store, threads", CALLERS, ours("ours-16.db")?),
        Lane::new("the store, tokio tasks", CALLERS, tasks),
        Lane::new("the seed's approach, one caller", 1, seed("seed-1.db")?),
        Lane::new("the seed's approach, threads", CALLERS, seed("seed-16.db")?),
    ])
}

/// Who calls, and what.
enum Team {
    Threads(Box<dyn Contender>),
    Tasks(Runtime, AsyncStore),
}

struct Lane {
    name: &'static str,
    callers: usize,
    team: Team,
    /// Writes a second, of each round.
    rates: Vec<f64>,
    /// Every call, in microseconds.
    calls: Vec<f64>,
}

impl Lane {
    fn new(name: &'static str, callers: usize, team: Team) -> Self {
        Self { name, callers, team, rates: Vec::new(), calls: Vec::new() }
    }

    /// What every call of one turn took, in microseconds, and how long all of it.
    fn turn(&self, round: u32) -> Result<(Vec<f64>, Duration)> {
        let feeds = (0..self.callers).map(|caller| Feed::new(&format!("{round}-{caller}-")));
        match &self.team {
            Team::Threads(contender) => threads(contender.as_ref(), feeds.collect()),
            Team::Tasks(runtime, store) => tasks(runtime, store, feeds.collect()),
        }
    }

    fn count(&mut self, (calls, all): (Vec<f64>, Duration)) {
        self.rates.push(calls.len() as f64 / all.as_secs_f64());
        self.calls.extend(calls);
    }

    fn remark(&self) -> String {
        match &self.team {
            Team::Threads(contender) => failed(contender.as_ref()),
            Team::Tasks(..) => String::new(),
        }
    }
}

fn threads(contender: &dyn Contender, feeds: Vec<Feed>) -> Result<(Vec<f64>, Duration)> {
    let ready = Barrier::new(feeds.len() + 1);
    std::thread::scope(|scope| {
        let callers: Vec<_> =
            feeds.into_iter().map(|feed| scope.spawn(|| thread(contender, feed, &ready))).collect();
        ready.wait();
        let began = Instant::now();
        let mut calls = Vec::new();
        for caller in callers {
            calls.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok((calls, began.elapsed()))
    })
}

fn thread(contender: &dyn Contender, mut feed: Feed, ready: &Barrier) -> Result<Vec<f64>> {
    let mut calls = Vec::new();
    let mut waited = false;
    let result = contender.call(&mut |caller| {
        waited = true;
        ready.wait();
        let end = Instant::now() + TURN;
        while Instant::now() < end {
            let row = feed.next();
            let began = Instant::now();
            caller.store(row)?;
            calls.push(micros(began));
        }
        Ok(())
    });
    if !waited {
        // It could not begin; the others are not to wait for it.
        ready.wait();
    }
    result.map(|()| calls)
}

fn tasks(runtime: &Runtime, store: &AsyncStore, feeds: Vec<Feed>) -> Result<(Vec<f64>, Duration)> {
    let began = Instant::now();
    let calls = runtime.block_on(async {
        let callers: Vec<_> =
            feeds.into_iter().map(|feed| runtime.spawn(task(store.clone(), feed))).collect();
        let mut calls = Vec::new();
        for caller in callers {
            calls.extend(caller.await??);
        }
        Result::Ok(calls)
    })?;
    Ok((calls, began.elapsed()))
}

async fn task(store: AsyncStore, mut feed: Feed) -> Result<Vec<f64>> {
    let mut calls = Vec::new();
    let end = Instant::now() + TURN;
    while Instant::now() < end {
        let row = feed.next();
        let began = Instant::now();
        store.store_artifact(ours::artifact(row).into_owned()).await?;
        calls.push(micros(began));
    }
    Ok(calls)
}

fn show(durability: Durability, lanes: &mut [Lane]) {
    let mut lines = Vec::new();
    // The raw limit's lone caller is the first lane, and every contender's lone caller
    // stands before its many.
    let rates: Vec<_> = lanes.iter().map(|lane| lane.rates.clone()).collect();
    let mut alone = 0;
    for (n, lane) in lanes.iter_mut().enumerate() {
        if lane.callers == 1 {
            alone = n;
        }
        let mut at = |share| format!("{:.3}", percentile(&mut lane.calls, share) / 1e3);
        let times = [at(0.5), at(0.99), at(0.999), at(1.0)];
        let mut line = vec![
            format!("{}{}", lane.name, lane.remark()),
            lane.callers.to_string(),
            format!("{:.0}", median(&mut lane.rates)),
            format!("{:.2}×", median_ratio(&rates[n], &rates[0])),
            format!("{:.2}×", median_ratio(&rates[n], &rates[alone])),
        ];
        line.extend(times);
        lines.push(line);
    }
    let columns = [
        "",
        "callers",
        "writes/s",
        "to the raw limit's one",
        "to its own one",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "worst ms",
    ];
    table(
        &format!("store_artifact by {CALLERS} callers, synchronous = {}", durability.pragma()),
        &columns,
        &lines,
    );
}
