//! `backfill`: filling the mirror, or going on where an earlier call stopped.

use crate::engine::open::Engine;
use crate::engine::transition::clean_up;
use crate::engine::work::fill::fill;
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::pace::Pace;
use crate::phase::Direction;
use crate::report::{Action, BackfillReport, Command};
use crate::watch::{Watch, Work};

impl Engine {
    /// Fills the mirror, or goes on where an earlier call stopped.
    ///
    /// # Errors
    ///
    /// Refused outside of `dual-write` and `read-new`; [`Error::Interrupted`] if the
    /// watch asks for it.
    pub fn backfill(
        &mut self,
        name: &str,
        pace: Pace,
        watch: &mut dyn Watch,
    ) -> Result<BackfillReport> {
        Session::hold(self, name, Command::Backfill, |session| {
            session.refuse_unless_permitted(Action::Backfill, "backfill")?;
            let report = fill(session, Direction::Forward, Work::Backfill, pace, watch)?;
            clean_up::settled(session)?;
            Ok(report)
        })
    }
}
