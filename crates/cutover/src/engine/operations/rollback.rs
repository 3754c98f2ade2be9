//! One phase back at a time, as far as asked. From `new-only` the old tables are
//! first brought up to date: the same machine as a backfill, with the sides swapped.

use serde_json::json;

use super::advance::begin;
use crate::backend::sqlite::state::Pending;
use crate::engine::open::Engine;
use crate::engine::transition::approval::WhenPostponed;
use crate::engine::transition::catch_up::catch_up;
use crate::engine::transition::gate::{self, Gate};
use crate::engine::transition::partial_repair::shown;
use crate::engine::transition::switch::Next;
use crate::engine::transition::{clean_up, references, set_aside};
use crate::engine::work::session::Session;
use crate::error::{Error, Refusal, Result};
use crate::model::phase_objects::{Mirror, Setting};
use crate::phase::{Direction, Phase};
use crate::report::{Action, Command, Fix, TransitionReport};
use crate::watch::Watch;

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
        Session::hold(self, name, Command::ROLLBACK, |session| {
            let from = session.record.phase;
            let mut report = begin(session, from);
            let to = match to {
                // A call that was killed behind the switch is finished.
                None if session.record.pending == Some(Pending::Tidy) => from,
                to => goal(session, to)?,
            };
            tidy_up(session, &mut report, watch)?;
            while session.record.phase > to {
                step(session, to, &mut report, watch)?;
                report.to = session.record.phase;
            }
            Ok(report)
        })
    }
}

fn goal(session: &Session<'_>, to: Option<Phase>) -> Result<Phase> {
    let from = session.record.phase;
    let refused = |reason: &str, fix: Fix| Error::Refused(Refusal::new("rollback", reason, fix));
    if from == Phase::Retired || (from.previous().is_none() && to != Some(from)) {
        session.refuse_unless_permitted(Action::Rollback, "rollback")?;
    }
    match (to, from.previous()) {
        (Some(to), _) if to == from => Ok(to),
        (Some(Phase::Legacy), _) => Err(refused(
            "a rollback goes back to dual-write at most",
            Fix::from("roll back to dual-write, then ").with(Command::ABORT),
        )),
        (Some(to), _) if to > from => Err(refused(
            &format!("{to} comes after {from}"),
            Fix::from("use ").with(Command::advance_to(to)),
        )),
        (Some(to), _) => Ok(to),
        (None, previous) => Ok(previous.unwrap_or(from)),
    }
}

fn step(
    session: &mut Session<'_>,
    goal: Phase,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    let Some(to) = session.record.phase.previous_towards(goal) else { return Ok(()) };
    session.refuse_unless_permitted(Action::Rollback, &format!("going to {to}"))?;
    let (held, since) = match to {
        Phase::WriteNew => {
            let caught_up = catch_up(session, watch)?;
            report.verified = Some(caught_up.report);
            report.kept.extend(caught_up.kept);
            report.set_aside = shown(session)?;
            (caught_up.held, caught_up.since)
        }
        Phase::WriteBoth => return to_write_both(session, report, watch),
        Phase::ReadNew => return to_read_new(session, report, watch),
        _ => {
            session.approve(to, watch)?;
            session.flip("rollback", to)?
        }
    };
    report.held_ms.push(held.as_secs_f64() * 1000.0);
    session.entered(to, since, held, watch)
}

/// Makes the new tables what the mapping gives. Where they can't hold that, the rollback is
/// gone all the same: they are a mirror that is not filled.
fn tidy_up(
    session: &mut Session<'_>,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    match clean_up::tidy(session, watch) {
        Ok(kept) => report.kept.extend(kept),
        Err(Error::Refused(refusal)) => report.unfilled = Some(refusal.reason),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Writes enter the old tables too. The new ones keep what only they hold.
fn to_write_both(
    session: &mut Session<'_>,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    let to = Phase::WriteBoth;
    session.refuse_overlap(to)?;
    session.refuse_write_both()?;
    refuse_set_aside(session)?;
    let gate = Gate {
        to,
        lenient: Some(Direction::Forward),
        keep: false,
        when_postponed: WhenPostponed::Passes,
    };
    let next = Next::derive(&session.model, Setting::of(to))?;
    let passed = gate::pass(session, gate, watch, &|session, since, _| {
        session.enter("rollback", &next, since, json!({}))
    })?;
    report.verified = Some(passed.report);
    report.only_new_holds = passed.only_new_holds;
    report.held_ms.push(passed.held.as_secs_f64() * 1000.0);
    session.entered(to, passed.since, passed.held, watch)?;
    session.reload()?;
    report.broken_foreign_keys = references::broken(session)?;
    Ok(())
}

/// Rows that the old tables have no room for are not in them: what old programs write there
/// would not be what the new tables give.
fn refuse_set_aside(session: &Session<'_>) -> Result<()> {
    let aside = set_aside::set_aside(session, Direction::Backward)?;
    let Some(kept) = aside.first() else { return Ok(()) };
    let rows = if kept.rows == 1 { "1 row".to_owned() } else { format!("{} rows", kept.rows) };
    Err(Refusal::transition(
        Phase::WriteBoth,
        format!(
            "{rows} of {} can't be held by the old tables and are set aside in {}",
            kept.table, kept.kept_in
        ),
        Fix::from("change their rows in the new tables, then ")
            .with(Command::Repair)
            .with("; or go back further with ")
            .with(Command::rollback_to(Phase::ReadNew)),
    )
    .into())
}

/// Writes enter the old tables again. What they can't hold of the new ones is copied aside
/// before, and gone from the new ones afterwards: the switch itself touches no row.
fn to_read_new(
    session: &mut Session<'_>,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<()> {
    let to = Phase::ReadNew;
    let gate = Gate {
        to,
        lenient: Some(Direction::Forward),
        keep: true,
        when_postponed: WhenPostponed::Passes,
    };
    if report.set_aside.is_empty() {
        report.set_aside = shown(session)?;
    }
    let aside = set_aside::set_aside(session, Direction::Backward)?;
    let whole = Next::derive(&session.model, Setting::of(to))?;
    let unfilled = Setting { mirror: Mirror::stale(), ..Setting::of(to) };
    let unfilled = Next::derive(&session.model, unfilled)?;
    let passed = gate::pass(session, gate, watch, &|session, since, differs| {
        let tidies = differs || !aside.is_empty();
        let next = if tidies { &unfilled } else { &whole };
        session.enter("rollback", next, since, json!({}))?;
        if tidies { clean_up::ask(session) } else { Ok(()) }
    })?;
    report.verified = Some(passed.report);
    report.held_ms.push(passed.held.as_secs_f64() * 1000.0);
    session.entered(to, passed.since, passed.held, watch)?;
    session.reload()?;
    // The new rows that they came from are kept instead.
    report.kept.retain(|kept| !aside.contains(kept));
    tidy_up(session, report, watch)?;
    report.broken_foreign_keys = references::broken(session)?;
    Ok(())
}
