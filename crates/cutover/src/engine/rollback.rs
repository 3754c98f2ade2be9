//! One phase back at a time, as far as asked. From `new-only` the old tables are
//! first brought up to date: the same machine as a backfill, with the sides swapped.

use serde_json::json;

use super::advance::begin;
use super::backfill::fill;
use super::consent::WhenPostponed;
use super::frozen::verify_frozen;
use super::gate::{self, Gate};
use super::kept::keep_old;
use super::session::{Session, now};
use super::switch::{self, Next, Setting};
use super::{Engine, Pace};
use crate::backend::sqlite::state::{self, Pending};
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase};
use crate::report::{Action, Kept, TransitionReport};
use crate::watch::{Watch, Work};

impl Engine {
    /// Goes one phase back, or as far back as `to`.
    ///
    /// # Errors
    ///
    /// Refused from `legacy`, `dual-write` and `retired`, and by a gate.
    pub fn rollback(
        &mut self,
        name: &str,
        to: Option<Phase>,
        watch: &mut dyn Watch,
    ) -> Result<TransitionReport> {
        Session::hold(self, name, "rollback", |session| {
            let from = session.record.phase;
            let to = goal(from, to)?;
            let mut report = begin(session, from);
            while session.record.phase > to {
                step(session, &mut report, watch)?;
                report.to = session.record.phase;
            }
            Ok(report)
        })
    }
}

fn goal(from: Phase, to: Option<Phase>) -> Result<Phase> {
    let refused = |reason: String, fix: &str| {
        Error::Refused(Refusal {
            action: "rollback".to_owned(),
            reason,
            fix: fix.to_owned(),
            examples: Vec::new(),
        })
    };
    if from == Phase::Retired {
        return Err(refused(
            "the old tables are gone: from retired there is no way back".to_owned(),
            "restore a backup",
        ));
    }
    match (to, from.previous()) {
        (Some(to), _) if to == from => Ok(to),
        (_, None) => Err(refused(
            format!("there is no phase to roll back to from {from}"),
            "`cutover abort` leaves the migration",
        )),
        (Some(Phase::Legacy), _) => Err(refused(
            "a rollback does not lead to legacy".to_owned(),
            "roll back to dual-write, then `cutover abort`",
        )),
        (Some(to), _) if to > from => {
            Err(refused(format!("{to} lies ahead of {from}"), "use `cutover advance --to PHASE`"))
        }
        (Some(to), _) => Ok(to),
        (None, Some(previous)) => Ok(previous),
    }
}

fn step(
    session: &mut Session<'_>,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    let Some(to) = session.record.phase.previous() else { return Ok(()) };
    session.refuse_unless_permitted(Action::Rollback, &format!("going to {to}"))?;
    let (held, since) = match to {
        Phase::WriteNew => {
            report.kept.extend(catch_up(session, watch)?);
            let gate = Gate {
                to,
                lenient: Some(Direction::Forward),
                keep: false,
                when_postponed: WhenPostponed::Passes,
            };
            let next = Next::derive(&session.model, Setting::of(to))?;
            let passed = gate::pass(session, gate, watch, &|session, since| {
                session.enter("rollback", &next, since, json!({}))
            })?;
            report.verified = Some(passed.report);
            (passed.held, passed.since)
        }
        Phase::ReadNew => {
            let gate = Gate {
                to,
                lenient: Some(Direction::Forward),
                keep: true,
                when_postponed: WhenPostponed::Passes,
            };
            let next = Next::derive(&session.model, Setting::of(to))?;
            let passed = gate::pass(session, gate, watch, &|session, since| {
                session.enter("rollback", &next, since, json!({}))
            })?;
            report.verified = Some(passed.report);
            report.kept.extend(passed.kept);
            (passed.held, passed.since)
        }
        _ => {
            session.consent(to, watch)?;
            session.flip("rollback", to)?
        }
    };
    report.held_ms.push(held.as_secs_f64() * 1000.0);
    session.entered(to, since, held, watch)?;
    Ok(())
}

/// Turns the backward sync on, so that the old tables miss nothing from here on,
/// and mends what they have missed. An interrupted call goes on where it stopped.
///
/// Rows that something wrote into the frozen tables, around their guards, have no
/// image on the new side: they are kept before the old side becomes the mirror.
fn catch_up(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    if session.record.pending != Some(Pending::CatchUp) {
        if !verify_frozen(session.db, &session.model, session.record.id, watch)?.ok {
            kept = keep_old(session)?;
        }
        let since = session.record.since.clone();
        let targets: Vec<String> =
            session.model.backward.iter().map(|t| t.table.known_as.clone()).collect();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        let phase = session.record.phase;
        let setting = Setting { catching_up: true, ..Setting::of(phase) };
        let next = Next::derive(&session.model, setting)?;
        session.db.write("turning the backward sync on", || {
            session.fence()?;
            switch::enter(session.db, &session.model, &next, &since)?;
            state::begin_passes(session.db, session.record.id, &targets)?;
            state::set_pending(session.db, session.record.id, Some(Pending::CatchUp))?;
            session.journal("catch-up", &now(), phase, json!({}))
        })?;
        session.record.pending = Some(Pending::CatchUp);
    }
    fill(session, Direction::Backward, Work::CatchUp, Pace::Gentle, watch)?;
    Ok(kept)
}
