//! From a failure to what is reported of it.

use super::judge::Fault;
use super::scratch::{Base, Workshop};
use super::shrink::{fewest, simplest};
use super::statement::Statement;
use crate::backend::sqlite::BEGINS_WITH;
use crate::error::{Error, Result};
use crate::phase::Direction;
use crate::report::FuzzFailure;
use crate::watch::Watch;

/// Something went wrong at the end of this script.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) direction: Direction,
    pub(super) script: Vec<Statement>,
    pub(super) fault: Fault,
}

/// Scripts tried at most: with what is left then a person can do something too.
const TRIES: u32 = 1_500;

/// Shrinks the script, then the rows it begins with, then their values.
pub(super) fn shrunk(
    workshop: &Workshop<'_>,
    base: Base,
    rows: &[Statement],
    found: Found,
    watch: &mut dyn Watch,
) -> Result<FuzzFailure> {
    let mut trial = Trial { workshop, found: &found, last: None, left: TRIES, watch };
    let whole = trial.fails_on(&base, &found.script)?;
    let (mut rows, mut script) = (rows.to_vec(), found.script.clone());
    if whole {
        script = fewest(script, &mut |script| trial.fails_on(&base, script))?;
        drop(base);
        rows = fewest(rows, &mut |rows| trial.fails_from(rows, &script))?;
        let base = workshop.base(found.direction, &rows)?;
        script = fewest(script, &mut |script| trial.fails_on(&base, script))?;
        script = simplest(script, &mut |script| trial.fails_on(&base, script))?;
        // A simpler statement may need fewer others.
        script = fewest(script, &mut |script| trial.fails_on(&base, script))?;
        rows = simplest(rows, &mut |rows| trial.fails_from(rows, &script))?;
        // And on simpler rows a statement may be simpler still, and do with fewer of them.
        let base = workshop.base(found.direction, &rows)?;
        script = simplest(script, &mut |script| trial.fails_on(&base, script))?;
        drop(base);
        rows = fewest(rows, &mut |rows| trial.fails_from(rows, &script))?;
        let base = workshop.base(found.direction, &rows)?;
        script = fewest(script, &mut |script| trial.fails_on(&base, script))?;
        drop(base);
    }
    let fault = trial.last.take().unwrap_or_else(|| found.fault.clone());
    Ok(report(workshop, &found, &rows, &script, fault))
}

fn report(
    workshop: &Workshop<'_>,
    found: &Found,
    rows: &[Statement],
    script: &[Statement],
    fault: Fault,
) -> FuzzFailure {
    let settings = BEGINS_WITH.iter().map(|sql| (*sql).to_owned());
    FuzzFailure {
        direction: found.direction,
        fault: fault.fault,
        reason: fault.reason,
        setup: workshop.sample.statements(rows).collect(),
        script: settings.chain(script.iter().map(Statement::sql)).collect(),
        difference: fault.difference,
    }
}

/// Tries whether something smaller fails in the same way.
struct Trial<'a> {
    workshop: &'a Workshop<'a>,
    found: &'a Found,
    /// How the last script that failed did.
    last: Option<Fault>,
    left: u32,
    watch: &'a mut dyn Watch,
}

impl Trial<'_> {
    fn fails_on(&mut self, base: &Base, script: &[Statement]) -> Result<bool> {
        if self.watch.interrupted() {
            return Err(Error::Interrupted);
        }
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let fault = self.workshop.run(base)?.script(script)?;
        let same = fault.filter(|fault| fault.fault == self.found.fault.fault);
        let fails = same.is_some();
        if fails {
            self.last = same;
        }
        Ok(fails)
    }

    /// The same, beginning with these rows.
    fn fails_from(&mut self, rows: &[Statement], script: &[Statement]) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        match self.workshop.base(self.found.direction, rows) {
            Ok(base) => self.fails_on(&base, script),
            // Rows that can't be migrated without others, or that a constraint refuses.
            Err(Error::Refused(_) | Error::Database { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
