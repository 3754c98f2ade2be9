//! Whether a transition may be made at this moment, beyond what the gate itself asks: nobody
//! has postponed it, and whoever is asked beforehand agrees.

use std::time::Instant;

use crate::backend::sqlite::control;
use crate::engine::observe::next_actions;
use crate::engine::work::chunked::LOOK_EVERY;
use crate::engine::work::session::Session;
use crate::engine::work::telemetry::Telemetry;
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase};
use crate::report::Waiting;
use crate::watch::{Event, Verdict, Watch, Work};

/// What a gate does while the cutover is postponed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenPostponed {
    /// A rollback is never postponed.
    Passes,
    Refuses,
    /// It keeps everything verified, and switches as soon as it is told.
    Waits,
}

/// Fails where a gate should not even begin.
pub(crate) fn refuse_postponed(
    session: &Session<'_>,
    to: Phase,
    when: WhenPostponed,
) -> Result<()> {
    if when == WhenPostponed::Refuses && is_postponed(session)? {
        return Err(postponed(to));
    }
    Ok(())
}

/// Whether the cutover is postponed at this moment.
pub(crate) fn is_postponed(session: &Session<'_>) -> Result<bool> {
    Ok(control::read(session.db, session.record.id)?.postponed)
}

fn postponed(to: Phase) -> Error {
    Refusal::transition(to, "the cutover is postponed", next_actions::postponed()).into()
}

/// Comes back when the transition may be made; tells whether that took waiting. `meanwhile` is
/// done again and again while it may not, and its failure is the transition's.
pub(crate) fn await_approval(
    session: &Session<'_>,
    to: Phase,
    when: WhenPostponed,
    telemetry: &mut Telemetry,
    watch: &mut dyn Watch,
    mut meanwhile: impl FnMut() -> Result<()>,
) -> Result<bool> {
    let mut said: Option<Waiting> = None;
    let mut told = Instant::now();
    loop {
        let Some(waiting) = obstacle(session, to, when, watch)? else {
            if said.is_some() {
                telemetry.waits(None);
                session.tell_now(telemetry)?;
            }
            return Ok(said.is_some());
        };
        if said != Some(waiting) || told.elapsed() > session.engine.options.lease_ttl / 4 {
            telemetry.waits(Some(waiting));
            session.tell_now(telemetry)?;
            told = Instant::now();
        }
        if said != Some(waiting) && waiting == Waiting::Postponed {
            watch.event(&Event::Postponed);
        }
        said = Some(waiting);
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        match meanwhile() {
            // Somebody holds the lock for long. There is time: the next round comes.
            Err(Error::Locked { .. }) => {}
            done => done?,
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Why the transition may not be made yet, if it may not.
fn obstacle(
    session: &Session<'_>,
    to: Phase,
    when: WhenPostponed,
    watch: &mut dyn Watch,
) -> Result<Option<Waiting>> {
    if when != WhenPostponed::Passes && is_postponed(session)? {
        return match when {
            WhenPostponed::Waits => Ok(Some(Waiting::Postponed)),
            // Somebody has postponed it while the gate was at work.
            _ => Err(postponed(to)),
        };
    }
    let mut look = || session.engine.snapshot(&session.record.name);
    match watch.before(to, &mut look)? {
        Verdict::Go => Ok(None),
        Verdict::Wait => Ok(Some(Waiting::Hook)),
        Verdict::Stop { reason } => {
            Err(Refusal::transition(to, reason, "fix what the hook reported, then try again")
                .into())
        }
    }
}

impl Session<'_> {
    /// Comes back when whoever is asked agrees to a transition without a gate.
    pub(crate) fn approve(&self, to: Phase, watch: &mut dyn Watch) -> Result<()> {
        // There is no work whose rows could be counted.
        let mut telemetry = Telemetry::new(Work::Verify(Direction::Forward), 0);
        await_approval(self, to, WhenPostponed::Passes, &mut telemetry, watch, || Ok(()))
            .map(|_| ())
    }
}
