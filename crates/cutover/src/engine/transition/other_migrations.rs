//! Other migrations of the same database, when a phase of this one begins.
//!
//! Where the source changes sides, tables lose their foreign keys and others get theirs. What a
//! foreign key leads to may be another migration's: its triggers are made for the keys that
//! there are. So they are made anew in the same transaction. To that migration it would
//! otherwise look as if an application had changed the schema.

use super::renew::make_objects;
use crate::backend::sqlite::state::{self, Record};
use crate::engine::observe::drift::stale;
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::phase::Phase;

impl Session<'_> {
    /// The other migrations under way whose objects are what their tables need. One whose
    /// objects are not is for `repair`: writes may have passed them by.
    pub(super) fn fitting_beside(&self) -> Result<Vec<Record>> {
        let mut fitting = state::all(self.db)?;
        fitting.retain(|other| {
            other.id != self.record.id
                && other.is_open()
                && other.pending.is_none()
                && !matches!(other.phase, Phase::Legacy | Phase::Retired)
        });
        fitting.retain(|other| matches!(self.stale_beside(other), Ok(false)));
        Ok(fitting)
    }

    /// Makes those of their objects anew that are no longer what their tables need, in the
    /// transaction at hand.
    pub(super) fn renew_beside(&self, fitting: &[Record]) -> Result<()> {
        for other in fitting {
            if self.stale_beside(other)? {
                make_objects(self.db, &self.engine.model(other)?, other)?;
            }
        }
        Ok(())
    }

    fn stale_beside(&self, other: &Record) -> Result<bool> {
        Ok(stale(self.db, &self.engine.model(other)?, other)?.is_some())
    }
}
