//! Rounds in which the contenders take turns.

use std::ops::Range;
use std::time::{Duration, Instant};

use benches::clock::Clock;

use rusqlite::{Connection, params_from_iter};

use benches::database::Result;
use benches::stats::{median, median_ratio};

use super::bench::{Row, Statement};
use super::contender::{Contender, Who};

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    pub(super) clock: Clock,
    pub(super) rounds: usize,
    /// Executions a round, at most.
    pub(super) executions: u64,
    /// After this long a row has had its rounds, if there were three.
    pub(super) budget: Duration,
    /// Transitions, an even number.
    pub(super) transitions: u64,
}

/// What one contender took.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) who: Who,
    /// Median of the rounds' medians.
    pub(super) micros: f64,
    /// Median of the rounds' ratios to the raw limit.
    pub(super) ratio: f64,
    /// The same of the rounds' means: with checkpoints.
    pub(super) mean_ratio: f64,
    /// Pages written to the log by one execution, or by one transaction of a batch.
    pub(super) frames: f64,
}

/// Executions whose pages are counted.
const COUNTED: u64 = 10;

pub(super) fn measure(row: &Row, contenders: &[Contender], effort: Effort) -> Result<Vec<Taken>> {
    let takes_part: Vec<&Contender> =
        contenders.iter().filter(|c| row.by_hand || c.who != Who::ByHand).collect();
    let began = Instant::now();
    let mut next = 0;
    // One execution of each is no figure: it fills caches, and says how long a round may be.
    if row.at_most.is_none() {
        for contender in &takes_part {
            timed(&contender.conn, row, next, effort.clock)?;
        }
        next += row.batch;
    }
    let warm = began.elapsed().as_secs_f64();
    let room = effort.budget.as_secs_f64() / effort.rounds as f64 / warm.max(1e-6);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let executions =
        if row.at_most.is_some() { 1 } else { (room as u64).clamp(1, effort.executions) };
    let counted = if row.at_most.is_some() { 1 } else { COUNTED.min(executions) };
    let mut rounds: Vec<Rounds> = takes_part.iter().map(|_| Rounds::default()).collect();
    let most = row.at_most.map_or(effort.rounds, |most| effort.rounds.min(most as usize - 1));
    for done in 0..most {
        if done >= 3 && began.elapsed() > effort.budget {
            break;
        }
        for (contender, rounds) in takes_part.iter().zip(&mut rounds) {
            rounds.add(&contender.conn, row, next..next + executions * row.batch, effort.clock)?;
        }
        next += executions * row.batch;
    }
    let frames: Vec<f64> = takes_part
        .iter()
        .map(|contender| frames(contender, row, next, counted))
        .collect::<Result<_>>()?;
    let raw = rounds[0].clone();
    Ok(takes_part
        .iter()
        .zip(rounds)
        .zip(frames)
        .map(|((contender, mut own), frames)| Taken {
            who: contender.who,
            ratio: median_ratio(&own.medians, &raw.medians),
            mean_ratio: median_ratio(&own.means, &raw.means),
            micros: median(&mut own.medians),
            frames,
        })
        .collect())
}

#[derive(Default, Clone)]
struct Rounds {
    medians: Vec<f64>,
    means: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, conn: &Connection, row: &Row, all: Range<u64>, clock: Clock) -> Result<()> {
        let mut times = all
            .step_by(row.batch as usize)
            .map(|n| timed(conn, row, n, clock))
            .collect::<Result<Vec<f64>>>()?;
        self.means.push(times.iter().sum::<f64>() / times.len() as f64);
        self.medians.push(median(&mut times));
        Ok(())
    }
}

/// Microseconds of one transaction: of the n-th execution, or of a batch from there on.
pub(super) fn timed(conn: &Connection, row: &Row, n: u64, clock: Clock) -> Result<f64> {
    let values: Vec<Vec<_>> = (n..n + row.batch)
        .map(|n| row.steps.iter().map(|step| (step.values)(n)).collect())
        .collect();
    let mut kept = Vec::new();
    if row.statement == Statement::Kept {
        for step in &row.steps {
            kept.push(conn.prepare_cached(&step.sql)?);
        }
    }
    let mut changed = 0;
    let began = clock.now();
    let transaction = if row.batch > 1 || row.steps.len() > 1 {
        Some(conn.unchecked_transaction()?)
    } else {
        None
    };
    for execution in &values {
        for (at, (step, values)) in row.steps.iter().zip(execution).enumerate() {
            let values = params_from_iter(values);
            changed += match kept.get_mut(at) {
                Some(statement) => statement.execute(values)?,
                None => conn.prepare(&step.sql)?.execute(values)?,
            };
        }
    }
    if let Some(transaction) = transaction {
        transaction.commit()?;
    }
    let took = clock.now() - began;
    let expected = row.changes * values.len();
    if changed != expected {
        return Err(format!("{}: {changed} rows changed, and not {expected}", row.name).into());
    }
    Ok(took.as_secs_f64() * 1e6)
}

/// Pages that one transaction writes to the log: by the log's size, from empty, with nobody
/// taking anything out of it.
fn frames(contender: &Contender, row: &Row, first: u64, executions: u64) -> Result<f64> {
    let conn = &contender.conn;
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0;")?;
    for n in 0..executions {
        timed(conn, row, first + n * row.batch, Clock::Wall)?;
    }
    let page: u32 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let log = std::fs::metadata(contender.path.with_extension("db-wal"))?.len();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 1000;")?;
    Ok(log.saturating_sub(32) as f64 / f64::from(page + 24) / executions as f64)
}
