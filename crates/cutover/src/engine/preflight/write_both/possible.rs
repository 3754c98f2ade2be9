//! Whether writes could enter both sides at once.

use super::super::overlap::meeting_others;
use super::constraints::unknown_to_old_programs;
use super::failing_triggers::failing_half_way;
use super::in_place::in_place;
use super::notes::notes;
use super::writing_triggers::writing_back;
use crate::backend::sqlite::{Db, catalog};
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::model::build::Model;
use crate::phase::Phase;
use crate::report::{Problem, WriteBoth};

/// What `check` tells of it.
pub(crate) fn write_both(db: &Db, model: &Model) -> Result<WriteBoth> {
    let problems = obstacles(db, model)?;
    let possible = problems.is_empty();
    let notes = if possible { notes(model) } else { Vec::new() };
    Ok(WriteBoth { possible, problems, notes })
}

/// What stands in the way. Reads no row.
pub(crate) fn obstacles(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let triggers = catalog::all_triggers(db)?;
    let mut problems = in_place(model);
    problems.extend(failing_half_way(model, &triggers));
    problems.extend(writing_back(model, &triggers));
    problems.extend(model.forward.iter().flat_map(unknown_to_old_programs));
    problems.extend(meeting_others(db, &model.migration)?);
    Ok(problems)
}

impl Session<'_> {
    /// Refuses to let writes enter both sides where that can't be kept in step.
    pub(crate) fn refuse_write_both(&self) -> Result<()> {
        match obstacles(self.db, &self.model)?.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(problem.refuses(format!("going to {}", Phase::WriteBoth)).into()),
        }
    }
}
