//! From the objects of one phase to those of another, in the transaction at hand.

use std::time::Duration;

use serde_json::Value;

use super::handover::{self, count_on, hand_over};
use crate::backend::sqlite::rename::redefines;
use crate::backend::sqlite::state::Pending;
use crate::backend::sqlite::{Db, Moving, objects, seen, state};
use crate::derive::object::Object;
use crate::engine::work::session::{Session, now};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::phase_objects::{self, Mirror, Setting, frozen, ours, remove, timeless};
use crate::phase::{Direction, Phase, Syncs};
use crate::watch::{Event, Watch};

/// What entering a phase takes: derived before the write lock is taken.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) setting: Setting,
    /// For when writes enter other sides, where that begins with the phase.
    model: Option<Model>,
    /// But for those that say when it began.
    objects: Vec<Object>,
}

impl Next {
    pub(crate) fn derive(model: &Model, setting: Setting) -> Result<Self> {
        let writes = setting.phase.writes();
        let to = (writes != model.writes).then(|| model.written(writes)).transpose()?;
        let objects = timeless(to.as_ref().unwrap_or(model), &setting);
        Ok(Self { setting, model: to, objects })
    }
}

/// Replaces the objects there are by those of a phase. A side that writes begin to enter gets
/// its names and foreign keys; one that they leave loses them.
pub(crate) fn enter(db: &Db, model: &Model, next: &Next, since: &str) -> Result<()> {
    let doing = "creating the triggers of the next phase";
    let to = next.model.as_ref().unwrap_or(model);
    let mut made = next.objects.clone();
    made.extend(frozen(to, &next.setting, since));
    let gone = ours(db, model)?;
    let changes = match &next.model {
        Some(to) => handover::changes(db, model, to)?,
        None => Vec::new(),
    };
    if redefines(db, &changes)? {
        // Between the two, as no trigger of ours may be on a table that changes its name.
        remove(db, &gone)?;
        hand_over(db, (model, to), &changes)?;
        objects::create(db, doing, &made)?;
    } else {
        objects::replace(db, doing, &gone, &made)?;
    }
    next.model.as_ref().map_or(Ok(()), |to| count_on(db, model, to))
}

impl Session<'_> {
    /// The body of a transition: the objects of the phase, its record, its journal
    /// row. Runs inside the transition's one transaction.
    pub(crate) fn enter(&self, event: &str, next: &Next, since: &str, detail: Value) -> Result<()> {
        self.fence()?;
        let setting = &next.setting;
        seen::begin(self.db, self.record.id, setting.phase)?;
        let sync = self.record.phase.sync();
        let stays = self.record.pending.is_none() || self.still_pending(setting.phase).is_some();
        if setting.phase.sync() == sync && sync.is_some() && stays {
            let notes = self.notes()?;
            phase_objects::enter_views(self.db, &self.model, setting, notes)?;
        } else {
            let beside = self.fitting_beside()?;
            enter(self.db, &self.model, next, since)?;
            self.renew_beside(&beside)?;
        }
        state::set_phase(self.db, self.record.id, setting.phase, since)?;
        state::set_pending(self.db, self.record.id, self.still_pending(setting.phase))?;
        self.journal(event, since, setting.phase, detail)
    }

    /// What is left to do in the next phase: where the new tables stay the mirror, what they hold
    /// of the time before.
    fn still_pending(&self, next: Phase) -> Option<Pending> {
        let stays = next.sync() == Some(Syncs::OneWay(Direction::Forward));
        self.record.pending.filter(|pending| *pending == Pending::Tidy && stays)
    }

    /// A transition without a gate; gives how long the lock was held, and since when
    /// the phase is.
    pub(crate) fn flip(&self, event: &str, to: Phase) -> Result<(Duration, String)> {
        let mirror = Mirror::of(self.db, &self.record)?;
        let next = Next::derive(&self.model, Setting { mirror, ..Setting::of(to) })?;
        let (since, held) = self.db.write("switching", || {
            self.refuse_late_drift(to)?;
            let since = now();
            self.enter(event, &next, &since, Value::Object(serde_json::Map::new()))?;
            Ok(since)
        })?;
        Ok((held, since))
    }

    /// After a transition has committed.
    pub(crate) fn entered(
        &mut self,
        phase: Phase,
        since: String,
        held: Duration,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        if phase.writes() != self.model.writes {
            self.model = self.model.written(phase.writes())?;
        }
        let from = std::mem::replace(&mut self.record.phase, phase);
        self.record.since = since;
        self.record.pending = self.still_pending(phase);
        // Moving the log into the database syncs both: the transition lasts from here on.
        let _ = self.db.checkpoint(Moving::Beside);
        watch.event(&Event::Entered { phase, held_ms: held.as_secs_f64() * 1000.0 });
        watch.after(from, &mut || self.engine.snapshot(&self.record.name));
        Ok(())
    }
}
