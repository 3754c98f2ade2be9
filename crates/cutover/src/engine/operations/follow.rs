//! A verification that goes on: every row once, and then whatever is written, as it is written.

use std::time::{Duration, Instant};

use crate::engine::open::Engine;
use crate::engine::transition::dirty_log::{self, Noted};
use crate::engine::work::compare::{Compared, EXAMPLES, Wanted, merge, once, verify_both};
use crate::engine::work::session::Session;
use crate::engine::work::telemetry::Telemetry;
use crate::error::{Error, Refusal, Result};
use crate::pace::Pace;
use crate::phase::{Direction, Phase};
use crate::report::{Command, VerifyReport};
use crate::watch::{Event, Watch, Work};

/// Between two rounds.
const ROUND_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Compares every row of both sides, and then, until the watch asks it to stop, again what
    /// programs write. Gives what was found in all; each round is told as
    /// [`Event::Rechecked`].
    ///
    /// It holds the lease: it makes triggers that note what is written.
    ///
    /// # Errors
    ///
    /// Refused in a phase without a mirror.
    pub fn verify_on(
        &mut self,
        name: &str,
        pace: Pace,
        watch: &mut dyn Watch,
    ) -> Result<VerifyReport> {
        Session::hold(self, name, Command::Verify, |session| {
            if session.record.phase.sync().is_none() || session.record.phase == Phase::Legacy {
                return Err(Refusal::new(
                    "verify",
                    format!(
                        "in {} neither side is a mirror of the other, so there is nothing to \
                         follow",
                        session.record.phase
                    ),
                    "leave out `--follow`",
                )
                .into());
            }
            let result = follow(session, pace, watch);
            // Notes that stay behind the next operator removes.
            let _ = session.drop_notes();
            result
        })
    }
}

fn follow(session: &Session<'_>, pace: Pace, watch: &mut dyn Watch) -> Result<VerifyReport> {
    let began = Instant::now();
    dirty_log::begin(session)?;
    let mut telemetry = Telemetry::new(Work::Verify(Direction::Forward), 0);
    let mut told = Instant::now();
    let wanted = Wanted { what: Compared::Followed, scopes: None };
    let (forward, backward) =
        verify_both(session.db, &session.model, wanted, pace, watch, &mut |done, total| {
            telemetry.compared(done, total);
            if told.elapsed() > ROUND_EVERY {
                session.tell_now(&mut telemetry)?;
                told = Instant::now();
            }
            Ok(())
        })?;
    let mirror = session.record.phase.judged();
    let mut report = once(mirror, forward.report, backward.report);
    // How fast rows are compared is told by these, and not by how long others are waited for.
    let took = began.elapsed();
    session.found(took, &report);
    let mut told = Instant::now();
    watch.event(&Event::Rechecked { rows: report.checked, differences: report.differences() });
    while !watch.interrupted() {
        std::thread::sleep(ROUND_EVERY);
        let before = report.checked;
        let mut round =
            Direction::BOTH.map(|_| VerifyReport { ok: true, ..VerifyReport::default() });
        let counted = Noted::of(session)?;
        for (direction, found) in Direction::BOTH.into_iter().zip(&mut round) {
            for target in session.model.targets(direction) {
                let noted = counted.at(target);
                if !session.model.is_followed_back(target) {
                    dirty_log::forget(session, target, noted)?;
                    continue;
                }
                let compared = dirty_log::compare_noted(session, target, noted, |outcome| {
                    telemetry.committed();
                    found.add(target, outcome);
                    Ok(())
                });
                match compared {
                    // Somebody holds the lock for long: the next round comes.
                    Err(Error::Locked { .. }) => {}
                    compared => compared?,
                }
            }
        }
        let [forward, backward] = round;
        report = merge(report, once(mirror, forward, backward));
        report.examples.truncate(2 * EXAMPLES);
        let more = report.checked > before;
        if more || told.elapsed() > session.engine.options.lease_ttl / 4 {
            telemetry.compared(report.checked, report.checked);
            session.tell_now(&mut telemetry)?;
            told = Instant::now();
        }
        if more {
            telemetry.committed();
            session.found(took, &report);
            let rows = report.checked - before;
            watch.event(&Event::Rechecked { rows, differences: report.differences() });
        }
    }
    Ok(report)
}
