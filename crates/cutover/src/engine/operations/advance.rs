//! One phase forward at a time, as far as asked.

use serde_json::json;

use super::request::Request;
use super::retire::retire;
use super::vacuum::give_back;
use crate::backend::sqlite::state::{self, Pending};
use crate::engine::observe::next_actions::Facts;
use crate::engine::open::Engine;
use crate::engine::options::AdvanceOptions;
use crate::engine::transition::approval::WhenPostponed;
use crate::engine::transition::catch_up::call_off;
use crate::engine::transition::frozen::take_digests;
use crate::engine::transition::gate::{self, Gate};
use crate::engine::transition::switch::Next;
use crate::engine::transition::{clean_up, set_aside};
use crate::engine::work::session::Session;
use crate::error::{Error, Refusal, Result};
use crate::model::phase_objects::Setting;
use crate::phase::{Direction, Phase, Side};
use crate::report::{Action, Command, Fix, TransitionReport};
use crate::watch::Watch;

impl Engine {
    /// Goes one phase forward, or as far as `options.to`. Each step is one
    /// transaction; those of an interrupted call that were made stay made.
    ///
    /// # Errors
    ///
    /// Refused by a gate, with nothing changed by that step.
    pub fn advance(
        &mut self,
        name: &str,
        options: &AdvanceOptions,
        watch: &mut dyn Watch,
    ) -> Result<TransitionReport> {
        Session::hold(self, name, Command::ADVANCE, |session| {
            let from = session.record.phase;
            let to = goal(session, options)?;
            let mut report = begin(session, from);
            if session.record.pending == Some(Pending::CatchUp) {
                call_off(session)?;
                report.called_off = true;
            }
            let mut told = options.when_told;
            if told {
                waits_for_a_word(from, to)?;
                let first = from.next_towards(to).unwrap_or(to);
                let heeds = |facts: &mut Facts| {
                    facts.control.postponed = false;
                    facts.step = Some(session.step_to(first, options));
                };
                session.refuse_unless_permitted_with(Action::Advance, "advance", heeds)?;
                filled(session, Phase::WriteNew)?;
                session.write("postponing the cutover", || {
                    session.engine.ask(&session.record, Request::Postpone)
                })?;
            }
            while session.record.phase < to {
                step(session, to, options, &mut told, &mut report, watch)?;
                report.to = session.record.phase;
            }
            // What a rollback set aside stands in the new tables, which are all there is now.
            if session.record.phase == Phase::NewOnly
                && let Err(error) = set_aside::forget(session, Direction::Backward)
                    .and_then(|()| take_digests(session, watch))
            {
                // The phase is entered, and that is what was asked for.
                session.engine.warn(&format!(
                    "the digests of the frozen tables were not taken: {error}. Advance to new-only again \
                     to take them"
                ));
            }
            if session.record.phase == Phase::Retired {
                if from == Phase::Retired {
                    super::retire::finish(session, watch)?;
                }
                report.space = Some(give_back(session, options.vacuum, watch)?);
            }
            Ok(report)
        })
    }
}

pub(crate) fn begin(session: &Session<'_>, from: Phase) -> TransitionReport {
    TransitionReport {
        migration: session.record.name.clone(),
        from,
        to: from,
        held_ms: Vec::new(),
        verified: None,
        kept: Vec::new(),
        set_aside: Vec::new(),
        broken_foreign_keys: Vec::new(),
        called_off: false,
        unfilled: None,
        not_restarted: Vec::new(),
        only_new_holds: 0,
        space: None,
    }
}

/// Fails where the mirror is not filled.
fn filled(session: &Session<'_>, to: Phase) -> Result<()> {
    if session.is_backfilled()? {
        return Ok(());
    }
    let fix = Fix::run(Command::Backfill).with(", then advance again");
    Err(Refusal::transition(to, "the backfill is not complete", fix).into())
}

/// Fails where there is nothing on the way that could wait.
fn waits_for_a_word(from: Phase, to: Phase) -> Result<()> {
    if from < Phase::NewOnly && to.is_gated() {
        return Ok(());
    }
    let reason =
        format!("the step from {from} to {to} is not a cutover that `--when-told` could hold back");
    Err(Refusal::new("advance", reason, "leave out `--when-told`").into())
}

/// Where to: the phase asked for, or the next one.
fn goal(session: &Session<'_>, options: &AdvanceOptions) -> Result<Phase> {
    let phase = session.record.phase;
    let refused = |reason: &str, fix: Fix| Error::Refused(Refusal::new("advance", reason, fix));
    if phase == Phase::Legacy {
        session.refuse_unless_permitted(Action::Advance, "advance")?;
    }
    let retires = options.to.or(phase.next()).is_none_or(|to| to == Phase::Retired);
    if options.vacuum.is_some() && !retires {
        return Err(refused(
            "only `retired` frees space",
            "add `--to retired`, or leave out `--vacuum`".into(),
        ));
    }
    let goal = options.to.or(phase.next());
    if options.require_restarted && goal.is_some_and(|to| to < Phase::NewOnly) {
        return Err(refused(
            "only `new-only` and `retired` can require that programs were restarted",
            "add `--to new-only`, or leave out `--require-restarted`".into(),
        ));
    }
    match (options.to, phase.next()) {
        // Where a rollback is under way, that is what is left first.
        (None, _) if session.record.pending == Some(Pending::CatchUp) => Ok(phase),
        // A retirement that was interrupted is finished.
        (to, next)
            if !options.confirmed
                && session.record.pending != Some(Pending::Drop)
                && to.or(next) == Some(Phase::Retired)
                && phase < Phase::Retired =>
        {
            Err(super::retire::unconfirmed())
        }
        (None | Some(Phase::Retired), _)
            if session.record.pending == Some(Pending::Drop) && phase == Phase::Retired =>
        {
            Ok(phase)
        }
        (Some(to), _) if to == phase => Ok(to),
        (Some(to), _) if to > phase => Ok(to),
        (Some(to), _) => Err(refused(
            &format!("{to} comes before {phase}"),
            Fix::from("use ").with(Command::rollback_to(to)),
        )),
        (None, Some(next)) => Ok(next),
        (None, None) => {
            session.refuse_unless_permitted(Action::Advance, "advance")?;
            Ok(phase)
        }
    }
}

fn step(
    session: &mut Session<'_>,
    goal: Phase,
    options: &AdvanceOptions,
    waits: &mut bool,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    let from = session.record.phase;
    let Some(to) = from.next_towards(goal) else { return Ok(()) };
    // One that waits to be told is postponed by itself.
    let heeds = |facts: &mut Facts| {
        facts.control.postponed &= !*waits;
        facts.step = Some(session.step_to(to, options));
    };
    session.refuse_unless_permitted_with(Action::Advance, &format!("going to {to}"), heeds)?;
    session.refuse_overlap(to)?;
    if to >= Phase::NewOnly {
        session.refuse_not_restarted(to, options)?;
    }
    if to == Phase::WriteBoth {
        session.refuse_write_both()?;
    }
    if to == Phase::Retired {
        let held = retire(session, options, report, watch)?;
        report.held_ms.push(held);
        return Ok(());
    }
    if session.is_backfilled()? {
        // What a call that was killed at the end of its filling has left.
        clean_up::settled(session)?;
    }
    let (held, since) = if to.is_gated() || session.is_backfilled()? {
        // From write-both on the new tables may hold more than the old ones give.
        let lenient = from.writes().enter(Side::New).then_some(Direction::Forward);
        let when_postponed = match () {
            // Only reads go to the new tables.
            () if !to.is_gated() => WhenPostponed::Passes,
            () if std::mem::take(waits) => WhenPostponed::Waits,
            () => WhenPostponed::Refuses,
        };
        let gate = Gate { to, lenient, keep: false, when_postponed };
        let next = Next::derive(&session.model, Setting::of(to))?;
        let passed = gate::pass(session, gate, watch, &|session, since, _| {
            session.refuse_old_programs(to, options)?;
            state::forget_digests(session.db, session.record.id)?;
            session.enter("advance", &next, since, json!({}))
        })?;
        report.verified = Some(passed.report);
        report.only_new_holds = passed.only_new_holds;
        (passed.held, passed.since)
    } else {
        session.approve(to, watch)?;
        session.flip("advance", to)?
    };
    report.held_ms.push(held.as_secs_f64() * 1000.0);
    session.entered(to, since, held, watch)?;
    Ok(())
}
