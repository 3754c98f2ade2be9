//! Comparing every row, in both directions: what the forward mapping gives with
//! the new tables, and what the backward mapping gives with the old ones.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::backend::sqlite::compare::Outcome;
use crate::backend::sqlite::state::{self, Pending, Record};
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, verified};
use crate::clock;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::engine::observe::next_actions::{No, permitted};
use crate::engine::open::Engine;
use crate::engine::transition::frozen::verify_frozen;
use crate::engine::transition::session::Session;
use crate::engine::work::pace::Pacer;
use crate::engine::work::pass::Filled;
use crate::engine::work::reconcile::{scope_of, survey_filled};
use crate::error::{Refusal, Result};
use crate::model::build::Model;
use crate::pace::Pace;
use crate::phase::{Direction, Phase};
use crate::report::{Action, Difference, LastVerification, VerifyReport};
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
const SCOPES: usize = 5_000;

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

impl Engine {
    /// Compares every row of both sides. Needs no lease, and changes nothing; where the database
    /// can be written, what it found is written down, to be shown.
    ///
    /// In `new-only` the old tables are no mirror any more: there it is verified
    /// that they are what they were when they were frozen. While the mirror is being filled,
    /// what it holds so far is compared. A row that differs counts once, though it is seen from
    /// both sides. Memory does not grow with what differs: the report has a few examples, and
    /// [`Watch::difference`] is told all of them.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`](crate::Error::Interrupted) if the watch asks for it.
    pub fn verify(
        &mut self,
        name: &str,
        pace: Pace,
        watch: &mut dyn Watch,
    ) -> Result<VerifyReport> {
        let record = self.record(name)?;
        let facts = self.facts(&record, self.drift(&record)?)?;
        permitted(&facts, Action::Verify).map_err(|No { reason, fix }| Refusal {
            action: "verify".to_owned(),
            reason,
            fix,
            examples: Vec::new(),
        })?;
        let model = self.model(&record)?;
        let began = Instant::now();
        let report = if record.phase == Phase::NewOnly {
            verify_frozen(&self.db, &model, record.id, watch)?
        } else {
            verify_known(&self.db, &model, &record, pace, watch)?
        };
        let last = self.verification("verify", began.elapsed(), &report);
        // Nothing depends on it: where it can't be written at this moment it isn't.
        let _ = self.db.write(FOUND, || verified::write(&self.db, record.id, &last));
        Ok(report)
    }

    /// A verification that ended now, after so long.
    fn verification(
        &self,
        command: &str,
        took: Duration,
        report: &VerifyReport,
    ) -> LastVerification {
        LastVerification {
            at: clock::now(),
            actor: self.options.actor.clone(),
            command: command.to_owned(),
            seconds: took.as_secs_f64(),
            report: report.clone(),
        }
    }
}

impl Session<'_> {
    /// Keeps what a verification found, to be shown. Nothing depends on it: where it can't be
    /// written at this moment it isn't.
    pub(crate) fn found(&self, took: Duration, report: &VerifyReport) {
        let last = self.engine.verification(&self.doing, took, report);
        let _ = self.db.write(FOUND, || {
            self.fence()?;
            verified::write(self.db, self.record.id, &last)
        });
    }
}

const FOUND: &str = "writing what a verification found";

/// What is verified of a direction.
struct Part {
    direction: Direction,
    /// Of each target, by its position.
    filled: Vec<Filled>,
    /// Whether the scopes of all differences are wanted.
    scopes: bool,
}

impl Part {
    fn all(model: &Model, what: Compared, direction: Direction, scopes: bool) -> Self {
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

/// Verifies what can be known: both directions of a mirror that is filled; of one that is being
/// filled, what it holds so far.
fn verify_known(
    db: &Db,
    model: &Model,
    record: &Record,
    pace: Pace,
    watch: &mut dyn Watch,
) -> Result<VerifyReport> {
    let alive = &mut |_, _| Ok(());
    let mirror = mirror(record);
    if let Some(part) = partly_filled(db, model, record)? {
        // The other way would find every row that was not reached yet.
        let found = verify_parts(db, model, &[part], pace, watch, alive)?;
        return Ok(found.into_iter().next().unwrap_or_default().report);
    }
    let [forward, backward] =
        Direction::BOTH.map(|direction| Part::all(model, Compared::Followed, direction, false));
    if !watch.wants_differences() {
        let found = verify_parts(db, model, &[forward, backward], pace, watch, alive)?;
        let mut reports = found.into_iter().map(|found| found.report);
        let (one, other) = (reports.next().unwrap_or_default(), reports.next().unwrap_or_default());
        return Ok(once(mirror, one, other));
    }
    // One after the other: whether the second counts is known after the first.
    let (first, second) =
        if mirror == Some(Direction::Backward) { (backward, forward) } else { (forward, backward) };
    let mut report = VerifyReport { ok: true, ..VerifyReport::default() };
    for part in [first, second] {
        if report.ok && (mirror != Some(Direction::Backward) || report.checked == 0) {
            let found = verify_parts(db, model, &[part], pace, watch, alive)?;
            report = merge(report, found.into_iter().next().unwrap_or_default().report);
        }
    }
    Ok(report)
}

/// The direction of the mirror, also of one that a rollback is bringing up to date.
fn mirror(record: &Record) -> Option<Direction> {
    match record.pending {
        Some(Pending::CatchUp) => Some(Direction::Backward),
        _ => record.phase.sync(),
    }
}

/// What is verified of a mirror that is being filled; nothing, of one that is filled.
fn partly_filled(db: &Db, model: &Model, record: &Record) -> Result<Option<Part>> {
    let Some(direction) = mirror(record) else { return Ok(None) };
    let passes = match (record.phase, record.pending) {
        (Phase::DualWrite | Phase::ReadNew, _) | (_, Some(Pending::CatchUp)) => {
            state::passes(db, record.id)?
        }
        _ => return Ok(None),
    };
    if passes.iter().all(|pass| pass.complete) {
        return Ok(None);
    }
    let filled = |target: &Target| {
        let name = &target.table.known_as;
        let pass = passes.iter().find(|pass| pass.target == *name);
        if pass.is_none_or(|pass| pass.complete) {
            return Ok(Filled::All);
        }
        let position = state::position(db, record.id, name)?;
        Ok(if position.is_empty() { Filled::Nothing } else { Filled::UpTo(position) })
    };
    let filled = model.targets(direction).iter().map(filled).collect::<Result<_>>()?;
    Ok(Some(Part { direction, filled, scopes: false }))
}

/// Verifies parts at once, each on a connection and a thread of its own.
fn verify_parts(
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
                total += crate::engine::work::pass::total(db, target, Place::LIVE)?;
            }
        }
    }
    let work = Work::Verify(parts.first().map_or(Direction::Forward, |part| part.direction));
    watch.event(&Event::Began { work, total });
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let told = watch.wants_differences();
    let connections = parts.iter().map(|_| db.another()).collect::<Result<Vec<_>>>()?;
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
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One direction being verified.
struct Survey<'a> {
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
        let mut pacer = Pacer::new(self.pace);
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
                Ok(!stop.load(Ordering::Relaxed))
            })?;
        }
        found.report.ok = found.report.is_clean();
        Ok(found)
    }
}

/// One report of two in which no row counts twice: a row of the mirror that is not what the
/// source gives leads to another source row on the way back, and is one difference.
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

    pub(crate) fn is_clean(&self) -> bool {
        self.differences() == 0
    }

    /// How many rows differ, in whatever way.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.extra + self.different
    }

    /// `3 missing, 1 different`.
    pub(crate) fn summary(&self) -> String {
        let parts =
            [(self.missing, "missing"), (self.extra, "extra"), (self.different, "different")];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if parts.is_empty() { "no difference".to_owned() } else { parts.join(", ") }
    }
}
