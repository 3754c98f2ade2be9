//! The one routine behind backfill, verify and repair: derive what the mirror
//! should hold, compare, and report or apply.

use std::collections::HashMap;

use super::pace::Pacer;
use super::pass::{Filled, Pass};
use super::set_aside::Aside;
use crate::backend::sqlite::difference::{Chunk, Diff, Outcome};
use crate::backend::sqlite::repair::{Stop, repair};
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, compare, failing, refused};
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::error::{Error, Result};
use crate::model::build::Model;

/// What is done with a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is counted, and this many of them are kept to be shown.
    Report { examples: usize },
    /// It is applied to the mirror.
    Repair,
}

/// Reconciles one chunk. In `Repair` it runs in the caller's write transaction.
pub(crate) fn reconcile(
    db: &Db,
    target: &Target,
    place: Place,
    chunk: &Chunk,
    mode: Mode,
) -> Result<Outcome> {
    match mode {
        Mode::Report { examples } => compare::compare(db, target, place, chunk, examples),
        Mode::Repair => {
            // An empty part needs no comparison: what is derived is inserted as it is.
            let filled = match compare::fill(db, target, place, chunk) {
                Err(error) if refused::may_be_one(&error) => None,
                filled => filled?,
            };
            if let Some(inserted) = filled {
                return Ok(Outcome { derived: inserted, missing: inserted, ..Outcome::default() });
            }
            let outcome = compare::compare(db, target, place, chunk, usize::MAX)?;
            failing::refuse(target, &outcome.diffs)?;
            refused::refuse_unfit(target, &outcome.diffs)?;
            apply(db, target, place, chunk, &outcome.diffs)?;
            Ok(Outcome { diffs: Vec::new(), ..outcome })
        }
    }
}

/// Makes the target hold what the mapping gives, for the rows that differ. Where one of them has a
/// unique value that another is to get, or a row of a part that is still to come has it, they make
/// room for each other: what was freed there is put back when its part is made.
fn apply(db: &Db, target: &Target, place: Place, chunk: &Chunk, diffs: &[Diff]) -> Result<()> {
    let failed = match compare::apply(db, target, place, diffs) {
        Err(error) if refused::may_be_one(&error) => error,
        applied => return applied,
    };
    let left = compare::compare(db, target, place, chunk, usize::MAX)?;
    match repair(db, target, place, left.diffs, &HashMap::new()) {
        Ok(repaired) if repaired.refused.is_empty() => Ok(()),
        Ok(_) | Err(Stop::Ended { .. }) => Err(failed),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Passes over a whole target, comparing.
pub(crate) fn survey(
    db: &Db,
    model: &Model,
    target: &Target,
    place: Place,
    pacer: &mut Pacer,
    examples: usize,
    each: impl FnMut(&Outcome) -> Result<bool>,
) -> Result<()> {
    survey_filled(db, model, (target, &Filled::All), place, pacer, examples, each)
}

/// The same over what is filled of it.
pub(crate) fn survey_filled(
    db: &Db,
    model: &Model,
    (target, filled): (&Target, &Filled),
    place: Place,
    pacer: &mut Pacer,
    examples: usize,
    mut each: impl FnMut(&Outcome) -> Result<bool>,
) -> Result<()> {
    let mut pass = Pass::over(db, model, target, place, filled)?;
    loop {
        let began = std::time::Instant::now();
        // The end of the chunk is looked for in the snapshot that is compared.
        let outcome = db.read("verifying", || {
            let Some(chunk) = pass.chunk(db, pacer.rows())? else { return Ok(None) };
            // A row that is set aside is no difference: each has to be looked at.
            let aside = Aside::new(db, target, model.names, model.migration.name());
            let any = aside.exists()?;
            let all = if any { usize::MAX } else { examples };
            let mut outcome = reconcile(db, target, place, &chunk, Mode::Report { examples: all })?;
            if any {
                aside.leave_out(&mut outcome)?;
                outcome.diffs.truncate(examples);
            }
            Ok(Some(outcome))
        })?;
        let Some(outcome) = outcome else { return Ok(()) };
        if !each(&outcome)? {
            return Err(Error::Interrupted);
        }
        pacer.after_read(began.elapsed());
    }
}

/// The scope of a difference, from its row.
pub(crate) fn scope_of(target: &Target, diff: &Diff) -> Vec<Value> {
    target
        .scope
        .iter()
        .filter_map(|name| {
            let position = target.columns.iter().position(|column| column == name)?;
            diff.row.get(position).cloned()
        })
        .collect()
}
