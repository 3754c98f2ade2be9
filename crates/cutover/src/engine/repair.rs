//! Mending the mirror of the present phase.

use super::log::Log;
use super::pace::Pacer;
use super::pass::{Pass, total};
use super::reconcile::{Mode, reconcile};
use super::session::{Session, now};
use super::{Engine, Pace, pacer_sleep};
use crate::derive::derived::Place;
use crate::error::{Error, Refusal, Result};
use crate::phase::Direction;
use crate::report::RepairReport;
use crate::watch::{Event, Watch, Work};

impl Engine {
    /// Compares the mirror with its source and mends what differs.
    ///
    /// # Errors
    ///
    /// Refused in a phase without a mirror; [`Error::Interrupted`] if the watch asks
    /// for it.
    pub fn repair(
        &mut self,
        name: &str,
        pace: Pace,
        watch: &mut dyn Watch,
    ) -> Result<RepairReport> {
        Session::hold(self, name, "repair", |session| {
            let phase = session.record.phase;
            let Some(direction) = phase.sync() else {
                return Err(Refusal {
                    action: "repair".to_owned(),
                    reason: format!("in {phase} neither side is a mirror of the other"),
                    fix: "look at `cutover status`".to_owned(),
                    examples: Vec::new(),
                }
                .into());
            };
            let renewed = session.renew_objects()?;
            let report = RepairReport { renewed, ..mend(session, direction, pace, watch)? };
            let detail = serde_json::to_value(&report).unwrap_or_default();
            session.db.write("writing the journal", || {
                session.fence()?;
                session.journal("repair", &now(), phase, detail)
            })?;
            Ok(report)
        })
    }
}

fn mend(
    session: &mut Session<'_>,
    direction: Direction,
    pace: Pace,
    watch: &mut dyn Watch,
) -> Result<RepairReport> {
    let (db, model) = (session.db, &session.model);
    let mut report = RepairReport::default();
    let mut rows = 0;
    for target in model.targets(direction) {
        rows += total(db, target, Place::LIVE)?;
    }
    watch.event(&Event::Began { work: Work::Repair(direction), total: rows });
    let (mut pacer, mut log) = (Pacer::new(pace), Log::filling("the repair"));
    for target in model.targets(direction) {
        let mut pass = Pass::begin(db, model, target, Place::LIVE, Vec::new())?;
        pacer.begin();
        let mut version = db.data_version()?;
        loop {
            let (outcome, held) = db.write("repairing", || {
                session.fence()?;
                let Some(chunk) = pass.chunk(db, pacer.rows())? else { return Ok(None) };
                session.syncing(true)?;
                let outcome = reconcile(db, target, Place::LIVE, &chunk, Mode::Repair)?;
                session.syncing(false)?;
                Ok(Some(outcome))
            })?;
            let Some(outcome) = outcome else { break };
            report.checked += outcome.derived;
            report.inserted += outcome.missing;
            report.updated += outcome.different;
            report.deleted += outcome.extra;
            watch.event(&Event::Advanced { done: report.checked });
            if watch.interrupted() {
                return Err(Error::Interrupted);
            }
            let seen = db.data_version()?;
            pacer_sleep(pacer.after(held, seen != version));
            version = seen;
            log.written(session, held, &mut pacer, watch)?;
        }
    }
    watch.event(&Event::Finished);
    Ok(report)
}
