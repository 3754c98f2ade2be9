//! A gate: every row is verified in both directions by the command itself, while
//! programs go on writing, and then the switch is made in one short transaction in
//! which nothing is left unverified.
//!
//! While the verification runs, triggers note the scopes that writes touch. They
//! are compared again, round after round, until few are left; the last of them
//! inside the transaction of the switch, when nobody can write. Nothing that was
//! found earlier is trusted.

use std::time::{Duration, Instant};

use super::consent::{WhenPostponed, await_consent, is_postponed, refuse_postponed};
use super::kept::keep;
use super::reconcile::scope_of;
use super::references;
use super::session::{Session, now};
use super::telemetry::Telemetry;
use super::verify::{Compared, EXAMPLES, Found, Wanted, merge, once, verify_both};
use super::{Pace, notes, switch};
use crate::backend::sqlite::compare::Outcome;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase, Side};
use crate::report::{Kept, VerifyReport};
use crate::watch::{Watch, Work};

/// How often whoever watches is told how far the verification is. Each time is a transaction
/// of one small row.
const TELL_EVERY: Duration = Duration::from_millis(500);

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
    /// Whether such rows are about to be overwritten, and are therefore kept.
    pub(crate) keep: bool,
    pub(crate) when_postponed: WhenPostponed,
}

/// What an opened gate gives.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) report: VerifyReport,
    pub(crate) kept: Vec<Kept>,
    /// Rows of the new tables that the old ones can't hold as they are.
    pub(crate) only_new_holds: u64,
    pub(crate) held: Duration,
    /// When the switch was made.
    pub(crate) since: String,
}

/// What a switch does, given its time.
pub(crate) type Body<'a> = &'a dyn Fn(&Session<'_>, &str) -> Result<()>;

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
    notes::begin(session)?;
    // The notes are in the schema from here on.
    session.refuse_late_drift(gate.to)?;
    let mut telemetry = Telemetry::new(Work::Verify(Direction::Forward), 0);
    let (mut forward, mut backward) = {
        // The lease is renewed by the watching thread while the others compare.
        let mut told = Instant::now();
        let shared = &*session;
        let what = if gate.keep { Compared::All } else { Compared::Followed };
        let wanted = Wanted { what, scopes: gate.lenient.filter(|_| gate.keep) };
        verify_both(db, &shared.model, wanted, Pace::Gentle, watch, &mut |done, total| {
            telemetry.compared(done, total);
            if told.elapsed() > TELL_EVERY {
                shared.tell_now(&mut telemetry)?;
                told = Instant::now();
            }
            Ok(())
        })?
    };
    let mirror = session.record.phase.sync();
    let report = once(mirror, forward.report.clone(), backward.report.clone());
    session.found(began.elapsed(), &report);
    for (direction, found) in [(Direction::Forward, &forward), (Direction::Backward, &backward)] {
        if gate.lenient != Some(direction) && !found.report.ok {
            return Err(refuse(gate.to, direction, &found.report));
        }
    }
    refuse_dangling(session, gate.to)?;
    loop {
        let mut late = drain(session, gate)?;
        let shared = &*session;
        let waited =
            await_consent(shared, gate.to, gate.when_postponed, &mut telemetry, watch, || {
                late.extend(drain(shared, gate)?);
                Ok(())
            })?;
        if waited {
            refuse_dangling(session, gate.to)?;
        }
        late.extend(drain(session, gate)?);
        match gate.lenient {
            Some(Direction::Forward) => forward.scopes.extend(late),
            Some(Direction::Backward) => backward.scopes.extend(late),
            None => {}
        }
        if let Some(passed) = switch_over(session, gate, &forward, &backward, body)? {
            return Ok(passed);
        }
    }
}

/// The last look before foreign keys hold. What a program that does not enforce its own
/// writes from here on is not refused: SQLite lets such rows be.
fn refuse_dangling(session: &Session<'_>, to: Phase) -> Result<()> {
    if to.writes_enter() != Side::New || session.model.bearer != Side::Old {
        return Ok(());
    }
    let db = session.db;
    let dangling = db.read("checking the foreign keys", || {
        references::dangling(db, &session.model, Place::LIVE)
    })?;
    match dangling.first() {
        None => Ok(()),
        Some(dangling) => {
            let fix = "mend those rows on the old side, or migrate without the foreign key";
            Err(Refusal::transition(to, dangling.reason(), fix).into())
        }
    }
}

/// The transaction of the switch. None if somebody has postponed it at the last moment.
fn switch_over(
    session: &Session<'_>,
    gate: Gate,
    forward: &Found,
    backward: &Found,
    body: Body<'_>,
) -> Result<Option<Passed>> {
    let db = session.db;
    let lenient = gate.lenient.map(|direction| match direction {
        Direction::Forward => forward,
        Direction::Backward => backward,
    });
    let loose = (lenient, lenient.map_or(0, |found| found.report.extra + found.report.different));
    let (switched, held) = db.write("switching", || {
        session.fence()?;
        if gate.when_postponed != WhenPostponed::Passes && is_postponed(session)? {
            return Ok(None);
        }
        session.refuse_late_drift(gate.to)?;
        for direction in Direction::BOTH {
            if gate.lenient != Some(direction) {
                recheck(session, direction, gate.to)?;
            }
        }
        let lists = loose_scopes(session, gate, loose.0)?;
        let mut kept = Vec::new();
        if gate.keep {
            // The triggers go before anything is overwritten, so that it does not flow back.
            switch::remove(db, &switch::ours(db, &session.model)?)?;
            kept = keep(session, &lists)?;
        }
        let since = now();
        body(session, &since)?;
        session.remove_notes()?;
        Ok(Some((kept, since)))
    })?;
    let Some((kept, since)) = switched else { return Ok(None) };
    let report = |found: &Found, direction| {
        let report = found.report.clone();
        if gate.lenient == Some(direction) {
            VerifyReport { ok: true, checked: report.checked, ..VerifyReport::default() }
        } else {
            report
        }
    };
    let only_new_holds = if gate.lenient.is_some() { loose.1 } else { 0 };
    let report = merge(report(forward, Direction::Forward), report(backward, Direction::Backward));
    Ok(Some(Passed { report, kept, only_new_holds, held, since }))
}

/// The scopes of one target that have to be looked at in the switch.
pub(crate) struct Loose {
    pub(crate) target: usize,
    pub(crate) scopes: Vec<Vec<Value>>,
}

/// What was found in the lenient direction, and what was touched since.
fn loose_scopes(session: &Session<'_>, gate: Gate, found: Option<&Found>) -> Result<Vec<Loose>> {
    let Some(direction) = gate.lenient.filter(|_| gate.keep) else { return Ok(Vec::new()) };
    let mut lists = Vec::new();
    for (position, target) in session.model.targets(direction).iter().enumerate() {
        let mut scopes: Vec<Vec<Value>> = found
            .into_iter()
            .flat_map(|found| &found.scopes)
            .filter(|(p, _)| *p == position)
            .map(|(_, scope)| scope.clone())
            .collect();
        scopes.extend(notes::read(session, target)?);
        lists.push(Loose { target: position, scopes });
    }
    Ok(lists)
}

/// Compares what was touched, round after round, until little is left.
///
/// Gives the scopes in which the lenient direction differs, where its rows are kept.
fn drain(session: &Session<'_>, gate: Gate) -> Result<Vec<(usize, Vec<Value>)>> {
    let mut late = Vec::new();
    for _ in 0..ROUNDS {
        let mut noted = Vec::new();
        for direction in Direction::BOTH {
            for (position, target) in session.model.targets(direction).iter().enumerate() {
                noted.push((position, target, notes::noted(session, target)?));
            }
        }
        if noted.iter().map(|(.., count)| count).sum::<u64>() <= LEFT_FOR_THE_SWITCH {
            return Ok(late);
        }
        for (position, target, count) in noted {
            let lenient = gate.lenient == Some(target.direction);
            if lenient && !gate.keep {
                // Whatever it is, it is no obstacle, and nothing is done about it.
                notes::forget(session, target, count)?;
                continue;
            }
            notes::compare_noted(session, target, count, |outcome| {
                if !lenient {
                    return clean(target, outcome, gate.to);
                }
                late.extend(outcome.diffs.iter().map(|diff| (position, scope_of(target, diff))));
                Ok(())
            })?;
        }
    }
    Err(Refusal::transition(
        gate.to,
        "programs write faster than their writes can be verified",
        "try again when there is less to do",
    )
    .into())
}

/// Compares, in the transaction of the switch, everything touched and not yet
/// taken off.
fn recheck(session: &Session<'_>, direction: Direction, to: Phase) -> Result<()> {
    session
        .model
        .targets(direction)
        .iter()
        .try_for_each(|target| clean(target, &notes::compare_last(session, target, EXAMPLES)?, to))
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
        Direction::Forward => "the new tables are not what the forward mapping gives",
        Direction::Backward => "the old rows can't all be had back from the new ones",
    };
    let mut refusal = Refusal::transition(
        to,
        format!("{what}: {} of {} rows", report.summary(), report.checked),
        "look at the rows with `cutover verify`; `cutover repair` mends a mirror, a row that the new \
         schema can't hold needs another mapping or another value",
    );
    refusal.examples.clone_from(&report.examples);
    refusal.into()
}
