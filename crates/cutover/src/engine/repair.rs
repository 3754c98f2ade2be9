//! Mending the mirror of the present phase.

use super::labour::Labour;
use super::log::Log;
use super::pass::{Pass, total};
use super::reconcile::{Mode, reconcile};
use super::session::{Session, now};
use super::{Engine, Pace};
use crate::derive::derived::Place;
use crate::error::{Refusal, Result};
use crate::phase::Direction;
use crate::report::RepairReport;
use crate::watch::{Watch, Work};

impl Engine {
    /// Compares the mirror with its source and mends what differs.
    ///
    /// # Errors
    ///
    /// Refused in a phase without a mirror;
    /// [`Error::Interrupted`](crate::Error::Interrupted) if the watch asks for it.
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
    let work = Work::Repair(direction);
    let mut labour = Labour::begin(session, work, rows, pace, Log::filling("the repair"), watch)?;
    for target in model.targets(direction) {
        let mut pass = Pass::begin(db, model, target, Place::LIVE, Vec::new())?;
        labour.table(session)?;
        loop {
            let (outcome, held) = db.write("repairing", || {
                labour.fence(session)?;
                let Some(chunk) = pass.chunk(db, labour.rows())? else { return Ok(None) };
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
            labour.after(session, (outcome.derived, report.checked), held, watch)?;
        }
    }
    labour.finish(watch);
    Ok(report)
}
