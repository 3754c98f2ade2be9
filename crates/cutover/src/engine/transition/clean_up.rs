//! After a rollback to the old tables: rows of the new ones that no old row gives, or gives
//! otherwise, were copied aside before the switch. Until they are gone from the new tables
//! these are a mirror that is not filled yet: reads are answered from the old ones.

use super::set_aside;
use crate::backend::sqlite::state::{self, Pending};
use crate::engine::work::fill::fill;
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::pace::Pace;
use crate::phase::Direction;
use crate::report::Kept;
use crate::watch::{Watch, Work};

/// In the transaction of the switch: the new tables have to be passed over once more.
pub(crate) fn ask(session: &Session<'_>) -> Result<()> {
    let targets: Vec<&str> =
        session.model.forward.iter().map(|target| target.table.known_as.as_str()).collect();
    state::begin_passes(session.db, session.record.id, &targets)?;
    state::set_pending(session.db, session.record.id, Some(Pending::Tidy))
}

/// Makes the new tables what the mapping gives. An interrupted call goes on where it stopped.
/// Gives what is kept.
pub(crate) fn tidy(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<Vec<Kept>> {
    if session.record.pending != Some(Pending::Tidy) {
        return Ok(Vec::new());
    }
    fill(session, Direction::Forward, Work::Backfill, Pace::Gentle, watch)?;
    settled(session)
}

/// The copies are all there is of the rows from here on. Those of old rows that the old tables
/// have no room for go: the new rows that they came from are kept.
pub(crate) fn settled(session: &mut Session<'_>) -> Result<Vec<Kept>> {
    if session.record.pending != Some(Pending::Tidy) {
        return Ok(Vec::new());
    }
    let kept = set_aside::settle(session, Direction::Forward)?;
    set_aside::forget(session, Direction::Backward)?;
    session.write("finishing", || state::set_pending(session.db, session.record.id, None))?;
    session.record.pending = None;
    Ok(kept)
}
