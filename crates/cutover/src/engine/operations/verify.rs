//! `verify`: comparing every row, in both directions, as far as there is something to compare.

use std::time::{Duration, Instant};

use crate::backend::sqlite::state::{self, Pending, Record};
use crate::backend::sqlite::{Db, verified};
use crate::clock;
use crate::derive::target::Target;
use crate::engine::observe::next_actions::permitted;
use crate::engine::open::Engine;
use crate::engine::transition::frozen::verify_frozen;
use crate::engine::work::compare::{Compared, Part, merge, once, verify_parts};
use crate::engine::work::pass::Filled;
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::model::build::Model;
use crate::pace::Pace;
use crate::phase::{Direction, Phase, Syncs};
use crate::report::{Action, LastVerification, VerifyReport};
use crate::watch::{Event, Watch};

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
        permitted(&facts, Action::Verify).map_err(|problem| problem.refuses("verify"))?;
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
        let last = self.engine.verification(self.command.name(), took, report);
        let _ = self.write(FOUND, || verified::write(self.db, self.record.id, &last));
    }
}

const FOUND: &str = "recording the verification";

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
        let beyond = only_new_holds(record, &one);
        return Ok(VerifyReport { only_new_holds: beyond, ..once(mirror, one, other) });
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
    if record.phase.sync() == Some(Syncs::BothWays) {
        let forward = Part::all(model, Compared::Followed, Direction::Forward, false);
        let found = verify_parts(db, model, &[forward], pace, &mut Untold(watch), alive)?;
        let found = found.into_iter().next().unwrap_or_default().report;
        report.checked += found.checked;
        report.only_new_holds = only_new_holds(record, &found);
    }
    Ok(report)
}

/// Rows of the new tables that the forward mapping gives otherwise, or not at all: where writes
/// enter both sides that is no difference.
fn only_new_holds(record: &Record, forward: &VerifyReport) -> Option<u64> {
    (record.phase.sync() == Some(Syncs::BothWays)).then_some(forward.extra + forward.different)
}

/// Whoever watches, but for the rows that differ.
struct Untold<'w>(&'w mut dyn Watch);

impl Watch for Untold<'_> {
    fn event(&mut self, event: &Event) {
        self.0.event(event);
    }

    fn interrupted(&mut self) -> bool {
        self.0.interrupted()
    }
}

/// The direction of the mirror, also of one that a rollback is bringing up to date.
fn mirror(record: &Record) -> Option<Direction> {
    match record.pending {
        Some(Pending::CatchUp) => Some(Direction::Backward),
        _ => record.phase.judged(),
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
