//! Repairing the mirror of the present phase.

use std::cell::Cell;

use crate::backend::sqlite::difference::Chunk;
use crate::derive::derived::Place;
use crate::engine::open::Engine;
use crate::engine::transition::partial_repair::{Part, PartialRepair, shown};
use crate::engine::transition::set_aside;
use crate::engine::work::chunked::Chunked;
use crate::engine::work::log::Log;
use crate::engine::work::pass::{Pass, total};
use crate::engine::work::session::{Session, now};
use crate::error::Result;
use crate::pace::Pace;
use crate::phase::Direction;
use crate::report::{Action, Command, RepairReport};
use crate::watch::{Watch, Work};

impl Engine {
    /// Compares the mirror with its source and repairs what differs; makes triggers anew that are
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
        let renamed = self.find_lost(name)?;
        Session::hold(self, name, Command::Repair, |session| {
            session.refuse_unless_permitted(Action::Repair, "repair")?;
            let phase = session.record.phase;
            let renewed = session.renew_objects()?;
            let repaired = match phase.judged() {
                Some(direction) => repair(session, direction, pace, watch)?,
                // Without a mirror a table or the guards can be missing all the same.
                None => RepairReport::default(),
            };
            let report = RepairReport { renewed, renamed, ..repaired };
            let detail = serde_json::to_value(&report).unwrap_or_default();
            session.write("writing the journal", || {
                session.journal("repair", &now(), phase, detail)
            })?;
            Ok(report)
        })
    }
}

fn repair(
    session: &mut Session<'_>,
    direction: Direction,
    pace: Pace,
    watch: &mut dyn Watch,
) -> Result<RepairReport> {
    let (db, model) = (session.db, &session.model);
    let mut report = RepairReport::default();
    let (mut rows, mut set_aside) = (0, 0);
    for target in model.targets(direction) {
        rows += total(db, target, Place::LIVE)?;
    }
    let (work, partial) = (Work::Repair(direction), PartialRepair::default());
    let mut chunked = Chunked::begin(session, work, rows, pace, Log::filling("the repair"), watch)?;
    for target in model.targets(direction) {
        let mut pass = Pass::begin(db, model, target, Place::LIVE, Vec::new())?;
        chunked.table(session)?;
        loop {
            // A transaction that is made again is about the same rows.
            let chosen: Cell<Option<Option<Chunk>>> = Cell::new(None);
            let rows = chunked.rows();
            let made = partial.chunk(&mut chunked, session, "repairing", || {
                let chunk = match chosen.take() {
                    Some(chunk) => chunk,
                    None => pass.chunk(db, rows)?,
                };
                chosen.set(Some(chunk.clone()));
                chunk
                    .map(|chunk| {
                        partial
                            .part(session, target, &chunk)
                            .map_err(|error| session.explain(target, &chunk, error))
                    })
                    .transpose()
            });
            if made.is_err() {
                session.note_refused();
            }
            let (part, held) = made?;
            let Some(Part { outcome, refused, .. }) = part else { break };
            report.checked += outcome.derived;
            report.inserted += outcome.missing;
            report.updated += outcome.different;
            report.deleted += outcome.extra;
            set_aside += refused;
            chunked.after(session, (outcome.derived, report.checked), held, watch)?;
        }
    }
    chunked.finish(watch);
    if set_aside > 0 {
        report.kept = set_aside::set_aside(session, direction)?;
        report.set_aside = shown(session)?;
    }
    Ok(report)
}
