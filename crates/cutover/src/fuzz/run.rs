//! A scratch copy and its twin at work: statements run on both, and are judged.

use std::path::PathBuf;

use super::judge::{self, Fault, Shared};
use super::links::written;
use super::lockstep::{Outcome, Pair, Told};
use super::statement::{Kind, Statement};
use super::twin_files::{copying, failed, remove};
use super::witness::Witness;
use crate::backend::sqlite::{Answer, Connection};
use crate::engine::open::Engine;
use crate::error::Result;
use crate::model::build::Model;
use crate::phase::Direction;
use crate::report::FuzzFault;
use crate::schema::Table;

/// A scratch copy and its twin at work.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) pair: Pair,
    pub(super) model: Model,
    engine: Engine,
    direction: Direction,
    shared: Vec<Shared>,
    changes: u64,
    /// Where the twin's base lies, and where a copy of it may be made.
    base: PathBuf,
    spare: PathBuf,
    /// What the twin has run so far, without what it took back.
    history: Vec<Statement>,
    /// Rows of the old tables that do not come back from the new ones as they are, while
    /// the old side is the source; and one of them.
    pub(super) lost: (u64, Option<Fault>),
    /// Whether the twin could not follow: it is no measure any more.
    pub(super) parted: bool,
    /// Whether that is because of what SQLite itself does wherever a table has a trigger.
    pub(super) natural: bool,
}

impl Run {
    /// Opens copies that are there.
    pub(super) fn open(
        engine: Engine,
        model: Model,
        pair: Pair,
        direction: Direction,
        (base, spare): (PathBuf, PathBuf),
    ) -> Result<Self> {
        let shared = shared(&pair.twin, &model, direction).map_err(failed)?;
        let changes = pair.scratch.total_changes();
        Ok(Self {
            pair,
            model,
            engine,
            direction,
            shared,
            changes,
            base,
            spare,
            history: Vec::new(),
            lost: (0, None),
            parted: false,
            natural: false,
        })
    }

    /// Runs a statement on both.
    pub(super) fn step(&mut self, statement: &Statement) -> Result<Outcome> {
        let open = !self.pair.twin.at_rest();
        let (mut outcome, told) = self.pair.run(statement).map_err(failed)?;
        match &outcome {
            Outcome::Refused(_) if open && self.pair.twin.at_rest() => {
                self.history.push(Statement::fixed(Kind::Transaction, "ROLLBACK"));
            }
            Outcome::Refused(_) => {}
            _ => self.history.push(statement.clone()),
        }
        if let Outcome::Wrong(reason) = &outcome
            && self.witnessed(Some(&told))?
        {
            outcome = Outcome::Natural(reason.clone());
            self.natural = true;
        }
        self.parted |= matches!(outcome, Outcome::Parted(_)) || self.natural;
        Ok(outcome)
    }

    /// Whether SQLite itself gives what differs from the twin, wherever a table has a
    /// trigger: the same was `told`, and the same rows are there if no transaction is open.
    fn witnessed(&self, told: Option<&Told>) -> Result<bool> {
        remove(&self.spare)?;
        std::fs::copy(&self.base, &self.spare).map_err(copying)?;
        let Ok(witness) = Witness::of(&self.spare, &self.pair.scratch, &self.history) else {
            return Ok(false);
        };
        if told.is_some_and(|told| witness.told.as_ref() != Some(told)) {
            return Ok(false);
        }
        if !self.pair.scratch.at_rest() {
            return Ok(true);
        }
        Ok(self.unlike(&witness.conn)?.is_none())
    }

    /// What differs between the scratch copy and another database.
    fn unlike(&self, other: &Connection) -> Result<Option<Fault>> {
        for table in &self.shared {
            let fault = judge::like_twin(&self.pair.scratch, other, table, self.direction);
            let fault = fault.map_err(failed)?;
            if fault.is_some() {
                return Ok(fault);
            }
        }
        Ok(None)
    }

    /// Whether all is as it should be, once no transaction is open.
    pub(super) fn judge(&mut self) -> Result<Option<Fault>> {
        let changes = self.pair.scratch.total_changes();
        if std::mem::replace(&mut self.changes, changes) == changes {
            return Ok(None);
        }
        if !self.parted
            && let Some(fault) = self.unlike(&self.pair.twin)?
        {
            if !self.witnessed(None)? {
                return Ok(Some(fault));
            }
            (self.parted, self.natural) = (true, true);
        }
        for target in self.model.targets(self.direction) {
            if let (_, Some(fault)) = judge::rederived(&self.engine.db, target)? {
                return Ok(Some(fault));
            }
        }
        if self.direction == Direction::Forward {
            self.lost = self.losses()?;
        }
        if self.lost.0 > 0 {
            // A row that the new tables can't give back, the live view can't either.
            return Ok(None);
        }
        for table in self.model.old_tables() {
            let fault = judge::live_view(&self.engine.db, table)?;
            if fault.is_some() {
                return Ok(fault);
            }
        }
        Ok(None)
    }

    fn losses(&self) -> Result<(u64, Option<Fault>)> {
        let mut lost = (0, None);
        for target in &self.model.backward {
            let (rows, fault) = judge::rederived(&self.engine.db, target)?;
            lost = (lost.0 + rows, lost.1.or(fault));
        }
        Ok(lost)
    }

    /// Runs a whole script and looks at its end, or at the first statement that goes wrong.
    pub(super) fn script(&mut self, script: &[Statement]) -> Result<Option<Fault>> {
        for statement in script {
            match self.step(statement)? {
                Outcome::Wrong(reason) => return Ok(Some(outcome_fault(statement, &reason))),
                Outcome::Parted(_) | Outcome::Natural(_) => break,
                _ => {}
            }
        }
        if !self.pair.at_rest() {
            self.step(&Statement::rollback())?;
        }
        self.judge()
    }
}

/// A program is told something else than it would be without our machinery.
pub(super) fn outcome_fault(statement: &Statement, reason: &str) -> Fault {
    Fault {
        fault: FuzzFault::Outcome,
        reason: format!("{reason}: {}", statement.sql()),
        difference: None,
    }
}

/// The tables that must stay the twin's: those written to and, while the old side is the
/// source, everything of the application's.
fn shared(twin: &Connection, model: &Model, direction: Direction) -> Answer<Vec<Shared>> {
    let written = written(model, direction);
    let all: Vec<&Table> = match direction {
        Direction::Forward => {
            let made = |table: &Table| model.new_tables().any(|new| new.name == table.name);
            model.catalog.old.iter().filter(|table| !made(table)).collect()
        }
        Direction::Backward => written.clone(),
    };
    let restless = judge::restless(twin, &all)?;
    let mut shared: Vec<Shared> = all
        .into_iter()
        .filter(|table| !restless.contains(&table.name))
        .map(|table| Shared::of(table, written.iter().any(|other| other.name == table.name)))
        .collect();
    if direction == Direction::Forward {
        shared.extend(judge::virtual_tables(twin)?);
    }
    Ok(shared)
}
