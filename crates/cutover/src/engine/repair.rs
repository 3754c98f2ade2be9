//! Mending the mirror of the present phase.

use super::labour::Labour;
use super::log::Log;
use super::pass::{Pass, total};
use super::reconcile::{Mode, reconcile};
use super::session::{Session, now};
use super::{Engine, Pace};
use crate::derive::derived::Place;
use crate::error::Result;
use crate::phase::Direction;
use crate::report::{Action, RepairReport};
use crate::watch::{Watch, Work};

impl Engine {
    /// Compares the mirror with its source and mends what differs; makes triggers anew that are
    /// not what they should be.
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
            session.refuse_unless_permitted(Action::Repair, "repair")?;
            let phase = session.record.phase;
            let renewed = session.renew_objects()?;
            let mended = match phase.sync() {
                Some(direction) => mend(session, direction, pace, watch)?,
                // The old tables are frozen, and only their guards were missing.
                None => RepairReport::default(),
            };
            let report = RepairReport { renewed, ..mended };
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
                let outcome = reconcile(db, target, Place::LIVE, &chunk, Mode::Repair)
                    .map_err(|error| session.explain(target, &chunk, error))?;
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
