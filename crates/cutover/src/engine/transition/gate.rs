//! A gate: every row is verified in both directions by the command itself, while
//! programs go on writing, and then the switch is made in one short transaction in
//! which nothing is left unverified.
//!
//! While the verification runs, triggers note the scopes that writes touch. They
//! are compared again, round after round, until few are left; the last of them
//! inside the transaction of the switch, when nobody can write. Nothing that was
//! found earlier is trusted.

use std::time::{Duration, Instant};

use super::approval::{WhenPostponed, await_approval, is_postponed, refuse_postponed};
use super::dirty_log::{self, Noted};
use super::{references, set_aside};
use crate::backend::sqlite::difference::Outcome;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::engine::work::compare::{Compared, EXAMPLES, Found, Wanted, merge, once, verify_both};
use crate::engine::work::session::{Session, now};
use crate::engine::work::telemetry::Telemetry;
use crate::error::{Error, Refusal, Result};
use crate::pace::Pace;
use crate::phase::{Direction, Phase, Side};
use crate::report::{Command, Fix, VerifyReport};
use crate::watch::{Watch, Work};

/// How often whoever watches is told how far the verification is. Each time is a transaction
/// of one small row.
pub(crate) const TELL_EVERY: Duration = Duration::from_millis(500);

/// Scopes that are left for the transaction of the switch: few enough to be
/// compared in a millisecond or two.
const LEFT_FOR_THE_SWITCH: u64 = 24;

/// Rounds of comparing what was touched meanwhile, before giving up.
const ROUNDS: u32 = 200;

/// What the gate asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) to: Phase,
    /// The direction in which a difference is no obstacle: rows of the new tables
    /// that the old ones can't hold.
    pub(crate) lenient: Option<Direction>,
    /// Whether such rows are about to be overwritten, and are therefore kept: copies are made
    /// while programs write on.
    pub(crate) keep: bool,
    pub(crate) when_postponed: WhenPostponed,
}

/// What an opened gate gives.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) report: VerifyReport,
    /// Rows of the new tables that the old ones can't hold as they are.
    pub(crate) only_new_holds: u64,
    pub(crate) held: Duration,
    /// When the switch was made.
    pub(crate) since: String,
}

/// What a switch does, given its time, and whether the side that is about to be the mirror is
/// not what its mapping gives.
pub(crate) type Body<'a> = &'a dyn Fn(&Session<'_>, &str, bool) -> Result<()>;

/// Verifies, and runs `body` in the transaction of the switch.
pub(crate) fn pass(
    session: &mut Session<'_>,
    gate: Gate,
    watch: &mut dyn Watch,
    body: Body<'_>,
) -> Result<Passed> {
    let result = pass_noting(session, gate, watch, body);
    if result.is_err() {
        // Why the gate failed matters more than notes left behind: the next operator
        // removes them.
        let _ = session.drop_notes();
    }
    result
}

fn pass_noting(
    session: &mut Session<'_>,
    gate: Gate,
    watch: &mut dyn Watch,
    body: Body<'_>,
) -> Result<Passed> {
    let db = session.db;
    let began = Instant::now();
    refuse_postponed(session, gate.to, gate.when_postponed)?;
    if let Some(direction) = gate.lenient.filter(|_| gate.keep) {
        // What a gate that did not open has left.
        set_aside::forget(session, direction)?;
    }
    dirty_log::begin(session)?;
    // The notes are in the schema from here on.
    session.refuse_late_drift(gate.to)?;
    let mut telemetry = Telemetry::new(Work::Verify(Direction::Forward), 0);
    let (forward, backward) = {
        // The lease is renewed by the watching thread while the others compare.
        let mut told = Instant::now();
        let shared = &*session;
        let what = if gate.keep { Compared::All } else { Compared::Followed };
        let wanted = Wanted { what, scopes: None };
        verify_both(db, &shared.model, wanted, Pace::Gentle, watch, &mut |done, total| {
            telemetry.compared(done, total);
            if told.elapsed() > TELL_EVERY {
                shared.tell_now(&mut telemetry)?;
                told = Instant::now();
            }
            Ok(())
        })?
    };
    let mirror = session.record.phase.judged();
    let report = once(mirror, forward.report.clone(), backward.report.clone());
    session.found(began.elapsed(), &report);
    for (direction, found) in [(Direction::Forward, &forward), (Direction::Backward, &backward)] {
        if gate.lenient != Some(direction) && !found.report.ok {
            return Err(refuse(gate.to, direction, &found.report));
        }
    }
    refuse_dangling(session, gate.to)?;
    let mut differs = keep_copies(session, gate, (&forward, &backward), watch)?;
    loop {
        differs |= drain(session, gate)?;
        let shared = &*session;
        let waited =
            await_approval(shared, gate.to, gate.when_postponed, &mut telemetry, watch, || {
                differs |= drain(shared, gate)?;
                Ok(())
            })?;
        if waited {
            refuse_dangling(session, gate.to)?;
        }
        differs |= drain(session, gate)?;
        if let Some(passed) = switch_over(session, gate, (&forward, &backward), differs, body)? {
            return Ok(passed);
        }
    }
}

/// Copies the rows that are about to be overwritten. Tells whether anything differs.
fn keep_copies(
    session: &Session<'_>,
    gate: Gate,
    found: (&Found, &Found),
    watch: &mut dyn Watch,
) -> Result<bool> {
    let Some(direction) = gate.lenient.filter(|_| gate.keep) else { return Ok(false) };
    let report = if direction == Direction::Forward { &found.0.report } else { &found.1.report };
    if report.differences() == 0 {
        return Ok(false);
    }
    set_aside::keep_all(session, direction, watch)
}

/// The last look before foreign keys hold. What a program that does not enforce its own
/// writes from here on is not refused: SQLite lets such rows be.
fn refuse_dangling(session: &Session<'_>, to: Phase) -> Result<()> {
    if !to.writes().enter(Side::New) || session.model.writes.enter(Side::New) {
        return Ok(());
    }
    let db = session.db;
    let dangling = db.read("checking the foreign keys", || {
        references::dangling(db, &session.model, Place::LIVE)
    })?;
    match dangling.first() {
        None => Ok(()),
        Some(dangling) => {
            let fix = "fix those rows on the old side, or leave out the foreign key";
            Err(Refusal::transition(to, dangling.reason(), fix).into())
        }
    }
}

/// The transaction of the switch. None if somebody has postponed it at the last moment.
fn switch_over(
    session: &Session<'_>,
    gate: Gate,
    (forward, backward): (&Found, &Found),
    differs: bool,
    body: Body<'_>,
) -> Result<Option<Passed>> {
    let (switched, held) = session.db.write("switching", || {
        session.fence()?;
        if gate.when_postponed != WhenPostponed::Passes && is_postponed(session)? {
            return Ok(None);
        }
        session.refuse_late_drift(gate.to)?;
        let differs = differs | recheck(session, gate)?;
        let since = now();
        body(session, &since, differs)?;
        Ok(Some(since))
    })?;
    let Some(since) = switched else { return Ok(None) };
    let lenient = gate.lenient.map(|direction| match direction {
        Direction::Forward => forward,
        Direction::Backward => backward,
    });
    let only_new_holds = lenient.map_or(0, |found| found.report.extra + found.report.different);
    let report = |found: &Found, direction| {
        let report = found.report.clone();
        if gate.lenient == Some(direction) {
            VerifyReport { ok: true, checked: report.checked, ..VerifyReport::default() }
        } else {
            report
        }
    };
    let report = merge(report(forward, Direction::Forward), report(backward, Direction::Backward));
    Ok(Some(Passed { report, only_new_holds, held, since }))
}

/// Compares what was touched, round after round, until little is left.
///
/// Tells whether rows of the lenient direction differ, where these are kept.
fn drain(session: &Session<'_>, gate: Gate) -> Result<bool> {
    let mut differs = false;
    for _ in 0..ROUNDS {
        let noted = Noted::of(session)?;
        if noted.total() <= LEFT_FOR_THE_SWITCH {
            return Ok(differs);
        }
        for (target, count) in touched(session, &noted) {
            let lenient = gate.lenient == Some(target.direction);
            if lenient && !gate.keep {
                // Whatever it is, it is no obstacle, and nothing is done about it.
                dirty_log::forget(session, target, count)?;
                continue;
            }
            if lenient {
                differs |= set_aside::keep_noted(session, target, count)? > 0;
                continue;
            }
            dirty_log::compare_noted(session, target, count, |outcome| {
                clean(target, outcome, gate.to)
            })?;
        }
    }
    Err(Refusal::transition(
        gate.to,
        "programs write faster than their writes can be verified",
        "try again when programs write less",
    )
    .into())
}

/// Compares, in the transaction of the switch, everything touched and not yet taken off. Tells
/// whether rows of the lenient direction differ, where these are kept.
fn recheck(session: &Session<'_>, gate: Gate) -> Result<bool> {
    let (noted, mut differs) = (Noted::of(session)?, false);
    for (target, _) in touched(session, &noted) {
        if gate.lenient != Some(target.direction) {
            clean(target, &dirty_log::compare_last(session, target, EXAMPLES)?, gate.to)?;
        } else if gate.keep {
            differs |= set_aside::keep_last(session, target)? > 0;
        }
    }
    Ok(differs)
}

/// The targets of which something is noted, and how much.
fn touched<'s>(session: &'s Session<'_>, noted: &Noted) -> impl Iterator<Item = (&'s Target, u64)> {
    let targets = Direction::BOTH.into_iter().flat_map(|way| session.model.targets(way));
    targets.map(|target| (target, noted.at(target))).filter(|(_, count)| *count > 0)
}

/// Refuses what differs.
fn clean(target: &Target, outcome: &Outcome, to: Phase) -> Result<()> {
    if outcome.is_clean() {
        return Ok(());
    }
    let mut report = VerifyReport::default();
    report.add(target, outcome);
    Err(refuse(to, target.direction, &report))
}

fn refuse(to: Phase, direction: Direction, report: &VerifyReport) -> Error {
    let what = match direction {
        Direction::Forward => "the new tables differ from what the forward mapping gives",
        Direction::Backward => "some old rows cannot be rebuilt from the new tables",
    };
    let mut refusal = Refusal::transition(
        to,
        format!("{what}: {} of {} rows", report.summary(), report.checked),
        Fix::from("list the rows with ").with(Command::Verify).with("; ").with(Command::Repair).with(
            " fixes a mirror; a row that the new schema can't hold needs another mapping or another \
             value",
        ),
    );
    refusal.examples.clone_from(&report.examples);
    refusal.into()
}
