//! Rows that a mapping gives and the new tables can't hold: a constraint that a row written after
//! the proof breaks, before the backfill has come to it, or while triggers were missing. Told with
//! their keys and their values, and looked at again by `status` until they are changed.

use super::pass::is_before;
use super::session::{RefusedScopes, Session};
use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::refused::{self, Refused};
use crate::backend::sqlite::scan::list;
use crate::backend::sqlite::state::Record;
use crate::backend::sqlite::value::{Value, show};
use crate::backend::sqlite::{Db, Wall};
use crate::derive::derived::Place;
use crate::derive::sql::join;
use crate::derive::target::Target;
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::model::build::Model;
use crate::model::definitions;
use crate::phase::Direction;
use crate::report::{Command, Fix, Problem};

impl Session<'_> {
    /// Puts an error that may come from a row into one that names the row. In the transaction
    /// that failed.
    pub(crate) fn explain(&self, target: &Target, chunk: &Chunk, error: Error) -> Error {
        if !refused::may_be_one(&error) {
            return error;
        }
        // Where nothing is found the error is what there is to say.
        self.refusal(target, chunk).unwrap_or(error)
    }

    /// The first row of a chunk that the target can't hold, as an error; in a transaction that
    /// is to be rolled back.
    pub(crate) fn refusal(&self, target: &Target, chunk: &Chunk) -> Option<Error> {
        let found = refused::find(self.db, target, Place::LIVE, chunk).ok()??;
        let scope = |row: &Vec<Value>| values(target, &target.scope, row);
        let mut scopes: Vec<Vec<Value>> = found.rows().into_iter().map(scope).collect();
        scopes.dedup();
        let name = target.table.known_as.clone();
        if target.direction == Direction::Forward {
            self.refused.replace(Some(RefusedScopes { target: name, scopes }));
        }
        Some(match found.failure(target) {
            Some(refusal) => refusal.into(),
            None => {
                problem(target, &found, self.command.clone()).refuses(self.command.name()).into()
            }
        })
    }

    /// Writes down which rows were refused, after the transaction that met them was rolled
    /// back. Nothing depends on it but what `status` says.
    pub(crate) fn note_refused(&self) {
        let Some(RefusedScopes { target, scopes }) = self.refused.take() else { return };
        let _ = self.write("recording refused rows", || {
            refused::write(self.db, self.record.id, &target, &scopes)
        });
    }
}

impl Engine {
    /// Rows that a command met and the new tables can't hold, if they are still so.
    pub(crate) fn refused_rows(&self, record: &Record) -> Result<Option<Problem>> {
        if record.phase.judged() != Some(Direction::Forward) {
            return Ok(None);
        }
        let Some((name, scopes)) = refused::read(&self.db, record.id)? else { return Ok(None) };
        let model = match self.model(record) {
            Ok(model) => model,
            Err(Error::Migration(_) | Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(target) = model.forward.iter().find(|t| t.table.known_as == name) else {
            return Ok(None);
        };
        let to = list(&self.db, target, &scopes)?;
        let scratch = scratch(&model)?;
        let found = refused::find_in(&self.db, &scratch, target, &Chunk::Listed { from: 1, to })?;
        let filled = self.is_backfilled(record)?;
        let command = if filled { Command::Repair } else { Command::Backfill };
        Ok(found.map(|found| problem(target, &found, command)))
    }
}

/// The new tables, empty.
fn scratch(model: &Model) -> Result<Db> {
    let scratch = Db::memory()?;
    for definition in definitions::of_new(model) {
        scratch
            .behind(Wall::Definition, || scratch.batch("making the new tables", &definition.sql))?;
    }
    Ok(scratch)
}

fn values(target: &Target, columns: &[String], row: &[Value]) -> Vec<Value> {
    let position = |name: &String| target.columns.iter().position(|column| column == name);
    columns.iter().filter_map(position).filter_map(|n| row.get(n).cloned()).collect()
}

/// What is wrong, and what to do.
fn problem(target: &Target, found: &Refused, command: Command) -> Problem {
    let Refused::Row { row, other, says } = found else {
        let refusal = found.failure(target);
        let reason = refusal.map_or_else(String::new, |refusal| refusal.reason);
        return Problem::new(reason, Fix::from("change that value, then run ").with(command));
    };
    let table = &target.table.known_as;
    // The key and the scope: together they lead to the row of the other side.
    let mut naming: Vec<String> = target.key.columns.clone();
    naming.extend(target.scope.iter().filter(|name| !target.key.columns.contains(name)).cloned());
    let named = |columns: &[String], row: &[Value]| {
        let pairs: Vec<_> = columns.iter().zip(values(target, columns, row)).collect();
        join(&pairs, " and ", |(name, value)| format!("{name} = {}", show(value.into())))
    };
    let reason = match other {
        Some(other) => {
            let broken = broken(target, says);
            // Whichever of them came first: the same is told by whoever looks.
            let key = |row: &[Value]| values(target, &naming, row);
            let (row, other) =
                if is_before(&key(other), &key(row)) { (other, row) } else { (row, other) };
            format!(
                "two rows of {table} would have the same {}: {} ({}) and {} ({})",
                broken.join(", "),
                named(&naming, row),
                named(&broken, row),
                named(&naming, other),
                named(&broken, other),
            )
        }
        None => {
            let says = says.replace(&target.table.name, table);
            format!(
                "{table} can't hold the row {} ({}): {says}",
                named(&naming, row),
                named(&target.columns, row)
            )
        }
    };
    let mut sources: Vec<&str> =
        target.leaves().map(|(_, leaf)| known_as(target, &leaf.table)).collect();
    sources.sort_unstable();
    sources.dedup();
    let which = if other.is_some() { "one of them" } else { "it" };
    let change = format!("change {which} in {}, then run ", sources.join(", "));
    Problem::new(reason, Fix::from(change).with(command))
}

/// A table's name as people know it.
fn known_as<'n>(target: &Target, name: &'n str) -> &'n str {
    let aside = crate::derive::names::Names::aside(target.direction.source(), "");
    name.strip_prefix(aside.as_str()).unwrap_or(name)
}

/// The columns that SQLite names: `UNIQUE constraint failed: t.a, t.b`. All of the row's where
/// it names an index over an expression.
fn broken(target: &Target, says: &str) -> Vec<String> {
    let (_, list) = says.split_once(": ").unwrap_or_default();
    let before = format!("{}.", target.table.name);
    let named: Vec<String> = list
        .split(", ")
        .filter_map(|part| part.strip_prefix(before.as_str()))
        .filter_map(|name| target.column(name).map(|column| column.name.clone()))
        .filter(|name| target.columns.contains(name))
        .collect();
    if named.is_empty() { target.columns.clone() } else { named }
}
