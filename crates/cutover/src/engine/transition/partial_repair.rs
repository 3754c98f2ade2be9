//! Bringing a mirror in step where programs may have written what it can't hold: whatever
//! fits is brought in step, and the rest is set aside, in the same transaction.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::failing;
use crate::backend::sqlite::repair::{self, Refused, Stop};
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::engine::work::chunked::Chunked;
use crate::engine::work::session::Session;
use crate::engine::work::set_aside::{Aside, key_of};
use crate::error::{Error, Refusal, Result};
use crate::phase::Direction;
use crate::report::SetAside;

/// Rows that are shown of those that are set aside.
const SHOWN: usize = 20;

/// What repairs a mirror, with what it has learnt of its rows.
#[derive(Debug, Default)]
pub(crate) struct PartialRepair {
    /// Rows that end the whole transaction when they are written, and why.
    stubborn: RefCell<HashMap<String, String>>,
    ended: Cell<bool>,
}

/// What became of a part.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) outcome: Outcome,
    /// Rows of it that are set aside.
    pub(crate) refused: u64,
    /// Scopes of rows that gave way and have still to be put back.
    pub(crate) freed: Vec<Vec<Value>>,
}

impl PartialRepair {
    /// Runs `work` in a write transaction, again where a row has ended it: a trigger may say
    /// RAISE(ROLLBACK).
    pub(crate) fn write<T>(
        &self,
        session: &Session<'_>,
        doing: &str,
        mut work: impl FnMut() -> Result<T>,
    ) -> Result<(T, Duration)> {
        self.again(|| session.db.write(doing, &mut work))
    }

    /// The same in the transaction of a chunk.
    pub(crate) fn chunk<T>(
        &self,
        chunked: &mut Chunked,
        session: &Session<'_>,
        doing: &str,
        mut work: impl FnMut() -> Result<T>,
    ) -> Result<(T, Duration)> {
        self.again(|| chunked.write(session, doing, &mut work))
    }

    fn again<T>(&self, mut write: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            match write() {
                Err(_) if self.ended.take() => {}
                done => return done,
            }
        }
    }

    /// Makes a part of a target what the mapping gives, in the transaction at hand, which is
    /// one of [`write`](Self::write). The guards are open for the time of it.
    ///
    /// A new table is told of by its first row that can't be: the mapping has been proved for
    /// rows like it.
    pub(crate) fn part(
        &self,
        session: &Session<'_>,
        target: &Target,
        chunk: &Chunk,
    ) -> Result<Part> {
        let db = session.db;
        // An empty part needs no comparison; a row that can't be there makes it fail as a whole.
        let mut outcome = compare::compare(db, target, Place::LIVE, chunk, usize::MAX)?;
        let diffs = std::mem::take(&mut outcome.diffs);
        let aside = Aside::of(session, target);
        let (failing, diffs): (Vec<Diff>, Vec<Diff>) =
            diffs.into_iter().partition(|diff| diff.kind == Kind::Fails);
        let mut refused: Vec<Refused> =
            failing.into_iter().map(|diff| underivable(target, diff)).collect();
        if diffs.is_empty() {
            return set_aside(&aside, chunk, outcome, refused, Vec::new());
        }
        session.syncing(true)?;
        let repaired = repair::repair(db, target, Place::LIVE, diffs, &self.stubborn.borrow());
        let repaired = match repaired {
            Ok(repaired) => repaired,
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Ended { row, reason }) => {
                self.ended.set(true);
                self.stubborn.borrow_mut().insert(row, reason);
                return Err(Error::Interrupted);
            }
        };
        if let Some(first) =
            repaired.refused.first().filter(|_| target.direction == Direction::Forward)
        {
            let told = session.refusal(target, chunk);
            return Err(told.unwrap_or_else(|| cant_hold(target, first)));
        }
        session.syncing(false)?;
        refused.extend(repaired.refused);
        set_aside(&aside, chunk, outcome, refused, repaired.freed)
    }
}

fn set_aside(
    aside: &Aside<'_>,
    chunk: &Chunk,
    outcome: Outcome,
    refused: Vec<Refused>,
    freed: Vec<Vec<Value>>,
) -> Result<Part> {
    let target = aside.target();
    if let Some(first) = refused.first().filter(|_| target.direction == Direction::Forward) {
        return Err(cant_hold(target, first));
    }
    aside.replace(chunk, &refused)?;
    Ok(Part { outcome, refused: refused.len() as u64, freed })
}

/// A scope for which the mapping fails: nothing but its name can be kept on this side, and the
/// rows that it would be made from stand on the other.
fn underivable(target: &Target, diff: Diff) -> Refused {
    let fails = diff.failure(target).unwrap_or_default();
    let reason = if target.key.columns.iter().all(|name| target.scope.contains(name)) {
        fails
    } else {
        format!("{fails}, for {}", failing::named(target, &diff))
    };
    Refused { row: diff.row, reason }
}

fn cant_hold(target: &Target, Refused { row, reason }: &Refused) -> Error {
    let (table, key) = (&target.table.known_as, key_of(target, row));
    Refusal::new(
        format!("repairing {table}"),
        format!("{table} can't hold the row with the key {key}: {reason}"),
        "change the row on the old side, or the new table's constraint",
    )
    .into()
}

/// Some of the rows that are set aside, with their keys and why, as the kept tables have them.
pub(crate) fn shown(session: &Session<'_>) -> Result<Vec<SetAside>> {
    let mut all = Vec::new();
    for target in session.model.targets(Direction::Backward) {
        let room = SHOWN.saturating_sub(all.len());
        all.extend(Aside::of(session, target).shown(room)?);
    }
    Ok(all)
}
