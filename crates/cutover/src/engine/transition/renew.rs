//! What drift has left is put right: objects of ours made anew, the flag of the sync put down.

use serde_json::json;

use crate::backend::sqlite::state::{Pending, Record};
use crate::backend::sqlite::{Db, objects, seen};
use crate::engine::observe::drift::{LOWERED, RENEWED, flag_is_up, stale, standing};
use crate::engine::work::session::{Session, now};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::phase_objects;

impl Session<'_> {
    /// Makes the objects of the phase anew where they are not what they should be; tells
    /// whether they were not.
    pub(crate) fn renew_objects(&self) -> Result<bool> {
        let (db, model) = (self.db, &self.model);
        let settled = matches!(self.record.pending, None | Some(Pending::Tidy));
        let synced = settled && self.record.phase.sync().is_some();
        let indexes = synced && self.renew_indexes()?;
        if stale(db, model, &self.record)?.is_none() {
            return Ok(indexes);
        }
        db.write("creating the triggers again", || {
            self.fence()?;
            make_objects(db, model, &self.record)?;
            // What was written without them is not repaired yet.
            self.journal(RENEWED, &now(), self.record.phase, json!({}))
        })?;
        Ok(true)
    }

    /// Puts the flag of the sync down where it was left up: outside of a transaction nobody
    /// writes by it.
    pub(crate) fn put_flag_down(&self) -> Result<bool> {
        if !flag_is_up(self.db, &self.record)? {
            return Ok(false);
        }
        self.db.write("clearing the sync's flag", || {
            self.fence()?;
            self.syncing(false)?;
            self.journal(LOWERED, &now(), self.record.phase, json!({}))
        })?;
        Ok(true)
    }
}

/// Puts the objects of the present phase in the place of those there are, in the transaction at
/// hand.
pub(crate) fn make_objects(db: &Db, model: &Model, record: &Record) -> Result<()> {
    seen::begin(db, record.id, record.phase)?;
    let needed = phase_objects::objects(model, &standing(db, record)?, &record.since);
    objects::replace(db, "creating the triggers again", &phase_objects::ours(db, model)?, &needed)
}
