//! Comparing every row, in both directions: what the forward mapping gives with
//! the new tables, and what the backward mapping gives with the old ones.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::frozen::verify_frozen;
use super::model::Model;
use super::pace::Pacer;
use super::reconcile::{scope_of, survey};
use super::session::Session;
use super::{Engine, Pace};
use crate::backend::sqlite::compare::Outcome;
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, verified};
use crate::clock;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase};
use crate::report::{Difference, LastVerification, VerifyReport};
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

/// What the verification of one direction found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) report: VerifyReport,
    /// The scopes of all differences, by the target's position, where asked for.
    pub(crate) scopes: Vec<(usize, Vec<Value>)>,
}

impl Engine {
    /// Compares every row of both sides. Needs no lease, and changes nothing; where the database
    /// can be written, what it found is written down, to be shown.
    ///
    /// In `new-only` the old tables are no mirror any more: there it is verified
    /// that they are what they were when they were frozen.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if the watch asks for it.
    pub fn verify(
        &mut self,
        name: &str,
        pace: Pace,
        watch: &mut dyn Watch,
    ) -> Result<VerifyReport> {
        let record = self.record(name)?;
        let refused = |reason: &str| {
            Err(Error::Refused(Refusal {
                action: "verify".to_owned(),
                reason: reason.to_owned(),
                fix: "look at `cutover status`".to_owned(),
                examples: Vec::new(),
            }))
        };
        match record.phase {
            Phase::Retired => {
                return refused("the old tables are gone: there is nothing to compare with");
            }
            Phase::Legacy => return refused("the migration has not started"),
            _ => {}
        }
        let model = self.model(&record)?;
        let began = Instant::now();
        let report = if record.phase == Phase::NewOnly && record.pending.is_none() {
            verify_frozen(&self.db, &model, record.id, watch)?
        } else {
            let nothing = &mut |_, _| Ok(());
            let (forward, backward) =
                verify_both(&self.db, &model, Compared::Followed, pace, watch, nothing)?;
            merge(forward.report, backward.report)
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

/// Both directions at once, each on a connection and a thread of its own. `alive`
/// is called now and then, with the rows that are compared and those there are.
pub(crate) fn verify_both(
    db: &Db,
    model: &Model,
    what: Compared,
    pace: Pace,
    watch: &mut dyn Watch,
    alive: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<(Found, Found)> {
    let mut total = 0;
    for target in model.compared(what) {
        total += super::pass::total(db, target, Place::LIVE)?;
    }
    watch.event(&Event::Began { work: Work::Verify(Direction::Forward), total });
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (one, other) = (db.another()?, db.another()?);
    let (done, stop) = (&done, &stop);
    // Hung up by the last that finishes, so that nobody waits for longer than they work.
    let (working, finished) = mpsc::channel::<()>();
    let run = move |db: Db, direction, _working: mpsc::Sender<()>| {
        verify_direction(&db, model, what, direction, pace, done, stop)
    };
    let (forward, backward) = std::thread::scope(|scope| {
        let also_working = working.clone();
        let forward = scope.spawn(move || run(one, Direction::Forward, working));
        let backward = scope.spawn(move || run(other, Direction::Backward, also_working));
        let mut kept_alive = Ok(());
        while finished.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            let compared = done.load(Ordering::Relaxed);
            watch.event(&Event::Advanced { done: compared });
            kept_alive = kept_alive.and_then(|()| alive(compared, total));
            if watch.interrupted() || kept_alive.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        kept_alive.map(|()| (forward.join(), backward.join()))
    })?;
    let unwind = |payload| std::panic::resume_unwind(payload);
    let (forward, backward) = (forward.unwrap_or_else(unwind)?, backward.unwrap_or_else(unwind)?);
    watch.event(&Event::Finished);
    Ok((forward, backward))
}

fn verify_direction(
    db: &Db,
    model: &Model,
    what: Compared,
    direction: Direction,
    pace: Pace,
    done: &AtomicU64,
    stop: &AtomicBool,
) -> Result<Found> {
    let mut found = Found::default();
    let mut pacer = Pacer::new(pace);
    for (position, target) in model.targets(direction).iter().enumerate() {
        if !what.includes(model, target) {
            continue;
        }
        survey(db, model, target, Place::LIVE, &mut pacer, usize::MAX, |outcome| {
            found.report.add(target, outcome);
            let scopes = outcome.diffs.iter().map(|diff| (position, scope_of(target, diff)));
            found.scopes.extend(scopes);
            done.fetch_add(outcome.derived, Ordering::Relaxed);
            Ok(!stop.load(Ordering::Relaxed))
        })?;
    }
    found.report.ok = found.report.is_clean();
    Ok(found)
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
