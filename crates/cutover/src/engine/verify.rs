//! Comparing every row, in both directions: what the forward mapping gives with
//! the new tables, and what the backward mapping gives with the old ones.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::frozen::verify_frozen;
use super::model::Model;
use super::pace::Pacer;
use super::reconcile::{scope_of, survey};
use super::{Engine, Pace};
use crate::backend::sqlite::Db;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase};
use crate::report::{Difference, VerifyReport};
use crate::watch::{Event, Watch, Work};

/// Differences shown of each direction.
pub(crate) const EXAMPLES: usize = 10;

/// What the verification of one direction found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) report: VerifyReport,
    /// The scopes of all differences, by the target's position, where asked for.
    pub(crate) scopes: Vec<(usize, Vec<Value>)>,
}

impl Engine {
    /// Compares every row of both sides. Changes nothing and needs no lease.
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
        if record.phase == Phase::NewOnly && record.pending.is_none() {
            return verify_frozen(&self.db, &model, record.id, watch);
        }
        let (forward, backward) = verify_both(&self.db, &model, pace, watch, &mut || Ok(()))?;
        Ok(merge(forward.report, backward.report))
    }
}

/// Both directions at once, each on a connection and a thread of its own. `alive`
/// is called now and then.
pub(crate) fn verify_both(
    db: &Db,
    model: &Model,
    pace: Pace,
    watch: &mut dyn Watch,
    alive: &mut dyn FnMut() -> Result<()>,
) -> Result<(Found, Found)> {
    let mut total = 0;
    for target in Direction::BOTH.into_iter().flat_map(|direction| model.targets(direction)) {
        total += super::pass::total(db, target, Place::LIVE)?;
    }
    watch.event(&Event::Began { work: Work::Verify(Direction::Forward), total });
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (one, other) = (db.another()?, db.another()?);
    let (done, stop) = (&done, &stop);
    // Hung up by the last that finishes, so that nobody waits for longer than they work.
    let (working, finished) = mpsc::channel::<()>();
    let run = move |db: Db, direction, _working: mpsc::Sender<()>| {
        verify_direction(&db, model, direction, pace, done, stop)
    };
    let (forward, backward) = std::thread::scope(|scope| {
        let also_working = working.clone();
        let forward = scope.spawn(move || run(one, Direction::Forward, working));
        let backward = scope.spawn(move || run(other, Direction::Backward, also_working));
        let mut kept_alive = Ok(());
        while finished.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            watch.event(&Event::Advanced { done: done.load(Ordering::Relaxed) });
            kept_alive = kept_alive.and_then(|()| alive());
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
    direction: Direction,
    pace: Pace,
    done: &AtomicU64,
    stop: &AtomicBool,
) -> Result<Found> {
    let mut found = Found::default();
    let mut pacer = Pacer::new(pace);
    for (position, target) in model.targets(direction).iter().enumerate() {
        survey(db, model, target, Place::LIVE, &mut pacer, usize::MAX, |outcome| {
            let report = &mut found.report;
            report.checked += outcome.derived + outcome.extra;
            report.missing += outcome.missing;
            report.extra += outcome.extra;
            report.different += outcome.different;
            for diff in &outcome.diffs {
                if report.examples.len() < EXAMPLES {
                    report.examples.push(diff.report(target));
                }
                found.scopes.push((position, scope_of(target, diff)));
            }
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
    pub(crate) fn is_clean(&self) -> bool {
        self.missing + self.extra + self.different == 0
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
