//! Filling the mirror: a repair of an empty one, pass by pass, chunk by chunk.

use std::time::Instant;

use serde_json::json;

use super::chunked::Chunked;
use super::log::Log;
use super::pass::{Pass, total};
use super::reconcile::{Mode, reconcile};
use super::session::{Session, now};
use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::objects::{self, Standing};
use crate::backend::sqlite::state::{self, PassRecord, Pending};
use crate::derive::derived::Place;
use crate::derive::sql::ident;
use crate::derive::target::Target;
use crate::error::{Error, Result};
use crate::model::phase_objects::{self, Setting};
use crate::pace::Pace;
use crate::phase::{Direction, Phase};
use crate::report::{BackfillReport, BackfillStatus};
use crate::watch::{Watch, Work};

/// Makes every pass of a direction that is not complete yet.
pub(crate) fn fill(
    session: &mut Session<'_>,
    direction: Direction,
    work: Work,
    pace: Pace,
    watch: &mut dyn Watch,
) -> Result<BackfillReport> {
    let began = Instant::now();
    let mut passes = state::passes(session.db, session.record.id)?;
    count_rows(session, direction, &mut passes)?;
    let sum = |passes: &[PassRecord], f: fn(&PassRecord) -> u64| passes.iter().map(f).sum::<u64>();
    let total = sum(&passes, |pass| pass.total);
    let mut chunked = Chunked::begin(session, work, total, pace, Log::filling(name(work)), watch)?;
    for position in 0..passes.len() {
        if passes[position].complete {
            continue;
        }
        let last = passes[position + 1..].iter().all(|pass| pass.complete);
        let one = OnePass {
            session,
            direction,
            last,
            before: sum(&passes, |pass| pass.done) - passes[position].done,
        };
        one.run(&mut passes[position], &mut chunked, watch)?;
    }
    chunked.finish(watch);
    let mut rows = 0;
    for table in session.model.old_tables() {
        rows += session.db.count(&format!("SELECT count(*) FROM {}", ident(&table.name)))?;
    }
    let BackfillStatus { complete, done, total } = progress(&passes, rows);
    Ok(BackfillReport { complete, done, total, seconds: began.elapsed().as_secs_f64() })
}

/// How many rows each pass has to make, where that is not known yet: written down at once, so
/// that whoever watches sees the share of all of them.
pub(crate) fn count_rows(
    session: &Session<'_>,
    direction: Direction,
    passes: &mut [PassRecord],
) -> Result<()> {
    let (db, id) = (session.db, session.record.id);
    let mut counted = Vec::new();
    for pass in passes.iter_mut().filter(|pass| pass.total == 0 && !pass.complete) {
        let targets = session.model.targets(direction);
        if let Some(target) = targets.iter().find(|t| t.table.known_as == pass.target) {
            pass.total = total(db, target, Place::LIVE)?;
            counted.push(&*pass);
        }
    }
    db.write("writing the state", || {
        session.fence()?;
        counted.iter().try_for_each(|pass| state::advance_pass(db, id, pass, &[]))
    })?;
    Ok(())
}

/// Where the journal keeps how fast a backfill was, in rows a second.
pub(crate) const RATE: &str = "rows_per_second";

/// The same while it was at work: without pauses, and whatever pace it was told to keep.
pub(crate) const BUSY_RATE: &str = "rows_per_second_at_work";
/// How fast the old tables were brought up to date.
pub(crate) const CATCH_UP_RATE: &str = "catch_up_rows_per_second";

pub(crate) fn name(work: Work) -> &'static str {
    if work == Work::Backfill { "the backfill" } else { "bringing the old tables up to date" }
}

pub(crate) struct OnePass<'p, 'a> {
    session: &'p Session<'a>,
    direction: Direction,
    /// Whether no other pass is left to make after this one.
    last: bool,
    /// Rows of the other passes.
    before: u64,
}

impl OnePass<'_, '_> {
    fn run(
        &self,
        record: &mut PassRecord,
        chunked: &mut Chunked,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let (db, id) = (self.session.db, self.session.record.id);
        let model = &self.session.model;
        let Some(target) =
            model.targets(self.direction).iter().find(|t| t.table.known_as == record.target)
        else {
            return Err(Error::NoSuchMigration {
                reason: format!("the recorded pass over {} belongs to no mapping", record.target),
                fix: "restore the state tables from a backup".into(),
            });
        };
        let mut pass =
            Pass::begin(db, model, target, Place::LIVE, state::position(db, id, &record.target)?)?;
        chunked.table(self.session)?;
        while !record.complete {
            // A transaction that is made again is about the same rows.
            let mut chosen: Option<Option<Chunk>> = None;
            let rows = chunked.rows();
            let rates = json!({
                RATE: chunked.average().map(f64::round),
                BUSY_RATE: chunked.busy_rate().map(f64::round)
            });
            let made = chunked.write(self.session, "backfilling", || {
                let chunk = match &chosen {
                    Some(chunk) => chunk,
                    None => chosen.insert(pass.chunk(db, rows)?),
                };
                let now = self.chunk(target, chunk.as_ref(), &pass, record)?;
                if now.complete {
                    self.complete(target, &rates)?;
                }
                Ok(now)
            });
            if made.is_err() {
                self.session.note_refused();
            }
            let (now, held) = made?;
            let rows = now.done - record.done;
            *record = now;
            chunked.after(self.session, (rows, self.before + record.done), held, watch)?;
        }
        Ok(())
    }

    /// One chunk, none at the end: the rows and the position, in the transaction at hand. Gives
    /// how far the pass is with it.
    fn chunk(
        &self,
        target: &Target,
        chunk: Option<&Chunk>,
        pass: &Pass<'_>,
        record: &PassRecord,
    ) -> Result<PassRecord> {
        let (db, session) = (self.session.db, self.session);
        let mut record = record.clone();
        match chunk {
            Some(chunk) => {
                session.syncing(true)?;
                let outcome = reconcile(db, target, Place::LIVE, chunk, Mode::Repair)
                    .map_err(|error| session.explain(target, chunk, error))?;
                session.syncing(false)?;
                record.done += outcome.derived;
                record.total = record.total.max(record.done);
            }
            None => {
                record.complete = true;
                record.done = record.total;
            }
        }
        let position = if record.complete { Vec::new() } else { pass.position(db)? };
        state::advance_pass(db, session.record.id, &record, &position)?;
        Ok(record)
    }

    /// From here on a change to this target reaches those that read it; and with
    /// the last pass the mirror can answer.
    fn complete(&self, target: &Target, rates: &serde_json::Value) -> Result<()> {
        let session = self.session;
        let (db, model) = (session.db, &session.model);
        let stale = session.record.pending == Some(Pending::Tidy);
        let triggers = phase_objects::parents(model, target, stale);
        if !triggers.is_empty() {
            let gone: Vec<Standing> =
                triggers.iter().map(|trigger| Standing::trigger(&trigger.name)).collect();
            objects::replace(db, "creating a trigger", &gone, &triggers)?;
        }
        if self.last && self.direction == Direction::Forward {
            let phase = session.record.phase;
            if stale {
                // Nothing has to make way any more.
                let made =
                    phase_objects::objects(model, &Setting::of(phase), &session.record.since);
                let gone = phase_objects::ours(db, model)?;
                objects::replace(db, "creating the triggers of the filled tables", &gone, &made)?;
            } else if phase == Phase::ReadNew {
                phase_objects::enter_views(db, model, &Setting::of(phase), Vec::new())?;
            }
            session.journal("backfill-complete", &now(), phase, rates.clone())?;
        }
        Ok(())
    }
}

impl Session<'_> {
    /// Lets the engine's own writes pass the guards on the mirror, inside the transaction at
    /// hand. Nothing else raises the flag: triggers tell their writes otherwise (see
    /// [`freeze`](crate::backend::sqlite::triggers::freeze)), so that no statement of a program can leave it up.
    pub(crate) fn syncing(&self, on: bool) -> Result<()> {
        let table = ident(&self.model.names.syncing());
        self.db.batch(
            "setting the sync's flag",
            &format!("UPDATE {table} SET depth = {}", u8::from(on)),
        )
    }
}

/// How far the passes are, in rows of the old tables: each row is passed once for
/// every table it goes into.
pub(crate) fn progress(passes: &[PassRecord], rows: u64) -> BackfillStatus {
    let complete = passes.iter().all(|pass| pass.complete);
    let done: u64 = passes.iter().map(|pass| pass.done).sum();
    let total: u64 = passes.iter().map(|pass| pass.total.max(pass.done)).sum();
    let share = if total == 0 { 0.0 } else { done as f64 / total as f64 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of rows")]
    let done = if complete { rows } else { (rows as f64 * share) as u64 };
    BackfillStatus { complete, done, total: rows }
}
