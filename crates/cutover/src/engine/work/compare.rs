//! Comparing every row, in both directions: what the forward mapping gives with
//! the new tables, and what the backward mapping gives with the old ones.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::pace::Pacer;
use super::pass::{Filled, about};
use super::reconcile::{scope_of, survey_filled};
use crate::backend::sqlite::Db;
use crate::backend::sqlite::difference::Outcome;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::error::Result;
use crate::model::build::Model;
use crate::pace::Pace;
use crate::phase::Direction;
use crate::report::{Difference, VerifyReport};
use crate::watch::{Event, Watch, Work};

/// Differences shown of each direction.
pub(crate) const EXAMPLES: usize = 10;

/// Which targets are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// All of them: the side that they are on is about to be the mirror.
    All,
    /// Those that both sides tell of at present ([`Model::is_followed_back`]).
    Followed,
}

impl Compared {
    pub(crate) fn includes(self, model: &Model, target: &Target) -> bool {
        self == Self::All || model.is_followed_back(target)
    }
}

/// What is wanted of a verification of both directions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) what: Compared,
    /// The direction of which the scopes of all differences are wanted.
    pub(crate) scopes: Option<Direction>,
}

/// What the verification of one direction found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) report: VerifyReport,
    /// The scopes of the differences, by the target's position: the first of them, so that
    /// memory does not grow with what differs.
    pub(crate) scopes: Vec<(usize, Vec<Value>)>,
    /// Whether there are more.
    pub(crate) overflowed: bool,
}

/// Scopes of differences that are remembered.
pub(crate) const SCOPES: usize = 5_000;

impl Found {
    /// The scopes, target by target.
    pub(crate) fn by_target(&self) -> Vec<(usize, Vec<Vec<Value>>)> {
        let mut all: Vec<(usize, Vec<Vec<Value>>)> = Vec::new();
        for (position, scope) in &self.scopes {
            match all.iter_mut().find(|(known, _)| known == position) {
                Some((_, scopes)) => scopes.push(scope.clone()),
                None => all.push((*position, vec![scope.clone()])),
            }
        }
        all
    }
}

/// What is verified of a direction.
pub(crate) struct Part {
    pub(crate) direction: Direction,
    /// Of each target, by its position.
    pub(crate) filled: Vec<Filled>,
    /// Whether the scopes of all differences are wanted.
    pub(crate) scopes: bool,
}

impl Part {
    pub(crate) fn all(model: &Model, what: Compared, direction: Direction, scopes: bool) -> Self {
        let is_compared = |target| {
            if what.includes(model, target) { Filled::All } else { Filled::Nothing }
        };
        let filled = model.targets(direction).iter().map(is_compared).collect();
        Self { direction, filled, scopes }
    }
}

/// Both directions at once. `alive` is called now and then, with the rows that are compared
/// and those there are.
pub(crate) fn verify_both(
    db: &Db,
    model: &Model,
    wanted: Wanted,
    pace: Pace,
    watch: &mut dyn Watch,
    alive: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<(Found, Found)> {
    let parts = Direction::BOTH.map(|direction| {
        Part::all(model, wanted.what, direction, wanted.scopes == Some(direction))
    });
    let mut found = verify_parts(db, model, &parts, pace, watch, alive)?.into_iter();
    Ok((found.next().unwrap_or_default(), found.next().unwrap_or_default()))
}

/// Verifies parts at once, each on a connection and a thread of its own.
pub(crate) fn verify_parts(
    db: &Db,
    model: &Model,
    parts: &[Part],
    pace: Pace,
    watch: &mut dyn Watch,
    alive: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Found>> {
    let mut total = 0;
    for part in parts {
        for (target, filled) in model.targets(part.direction).iter().zip(&part.filled) {
            if *filled != Filled::Nothing {
                total += about(db, target)?;
            }
        }
    }
    let work = Work::Verify(parts.first().map_or(Direction::Forward, |part| part.direction));
    watch.event(&Event::Began { work, total });
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let told = watch.wants_differences();
    let connections = parts.iter().map(|_| db.reader()).collect::<Result<Vec<_>>>()?;
    // Hung up by the last that finishes, so that nobody waits for longer than they work. It
    // holds few differences: who compares waits for who writes them down.
    let (teller, differences) = mpsc::sync_channel::<Difference>(256);
    let found = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (part, db) in parts.iter().zip(connections) {
            let survey = Survey {
                db,
                model,
                part,
                pace,
                done: &done,
                stop: &stop,
                teller: teller.clone(),
                told,
            };
            threads.push(scope.spawn(move || survey.run()));
        }
        drop(teller);
        let mut kept_alive = Ok(());
        let mut looked = Instant::now();
        loop {
            match differences.recv_timeout(LOOK_EVERY) {
                Ok(difference) => watch.difference(&difference),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if looked.elapsed() >= LOOK_EVERY {
                looked = Instant::now();
                let compared = done.load(Ordering::Relaxed);
                watch.event(&Event::Advanced { done: compared });
                kept_alive = kept_alive.and_then(|()| alive(compared, total));
                if watch.interrupted() || kept_alive.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
        let unwind = |payload| std::panic::resume_unwind(payload);
        let found: Vec<Result<Found>> =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(unwind)).collect();
        kept_alive.map(|()| found)
    })?;
    let found = found.into_iter().collect::<Result<Vec<_>>>()?;
    watch.event(&Event::Finished);
    Ok(found)
}

/// How often whoever watches is told, and asked whether to stop.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One direction being verified.
pub(crate) struct Survey<'a> {
    db: Db,
    model: &'a Model,
    part: &'a Part,
    pace: Pace,
    done: &'a AtomicU64,
    stop: &'a AtomicBool,
    teller: mpsc::SyncSender<Difference>,
    /// Whether every difference is told.
    told: bool,
}

impl Survey<'_> {
    fn run(self) -> Result<Found> {
        let Self { db, model, part, done, stop, .. } = &self;
        let mut found = Found::default();
        let mut pacer = Pacer::reading(self.pace, db.has_log()?);
        let keep = if part.scopes || self.told { usize::MAX } else { EXAMPLES };
        let targets = model.targets(part.direction).iter().zip(&part.filled).enumerate();
        for (position, filled) in targets {
            if *filled.1 == Filled::Nothing {
                continue;
            }
            let target = filled.0;
            survey_filled(db, model, filled, Place::LIVE, &mut pacer, keep, |outcome| {
                found.report.add(target, outcome);
                if part.scopes {
                    let room = SCOPES - found.scopes.len();
                    found.overflowed |= outcome.diffs.len() > room;
                    let scopes = outcome.diffs.iter().map(|diff| scope_of(target, diff));
                    found.scopes.extend(scopes.take(room).map(|scope| (position, scope)));
                }
                if self.told {
                    for diff in &outcome.diffs {
                        // Nobody listens any more: it is about to be stopped.
                        let _ = self.teller.send(diff.report(target));
                    }
                }
                done.fetch_add(outcome.derived, Ordering::Relaxed);
                db.map_anew()?;
                Ok(!stop.load(Ordering::Relaxed))
            })?;
        }
        found.report.ok = found.report.is_clean();
        Ok(found)
    }
}

/// One report of two in which no row counts twice: a row of the mirror that is not what the
/// source gives leads to another source row backward, and is one difference.
pub(crate) fn once(
    mirror: Option<Direction>,
    forward: VerifyReport,
    backward: VerifyReport,
) -> VerifyReport {
    let (first, second) = match mirror {
        Some(Direction::Backward) => (backward, forward),
        Some(Direction::Forward) => (forward, backward),
        None => return merge(forward, backward),
    };
    // Rows of the new tables that the old ones can't hold, or not as they are, are no
    // difference: the old tables are what the new ones give.
    if first.ok && mirror == Some(Direction::Forward) {
        return merge(first, second);
    }
    VerifyReport { checked: first.checked + second.checked, ..first }
}

/// One report of two.
pub(crate) fn merge(one: VerifyReport, other: VerifyReport) -> VerifyReport {
    let examples: Vec<Difference> = one.examples.into_iter().chain(other.examples).collect();
    VerifyReport {
        ok: one.ok && other.ok,
        checked: one.checked + other.checked,
        missing: one.missing + other.missing,
        extra: one.extra + other.extra,
        different: one.different + other.different,
        only_new_holds: one.only_new_holds.or(other.only_new_holds),
        examples,
    }
}

impl VerifyReport {
    /// Adds what a comparison of one part found.
    pub(crate) fn add(&mut self, target: &Target, outcome: &Outcome) {
        self.checked += outcome.derived + outcome.extra;
        self.missing += outcome.missing;
        self.extra += outcome.extra;
        self.different += outcome.different;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(outcome.diffs.iter().take(room).map(|diff| diff.report(target)));
        self.ok = self.is_clean();
    }
}
