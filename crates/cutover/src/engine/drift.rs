//! What an application changes in the schema under a migration that is under way.
//!
//! No trigger can refuse an `ALTER TABLE`, a `DROP TABLE` or a `CREATE UNIQUE INDEX`. A
//! column that was added is in no mapping; with a table that was rebuilt its triggers are
//! gone; by a unique index that came later a REPLACE removes rows that nobody noted. Each of
//! these is seen here, by comparing the schema with what would be made of it today: `status`
//! tells it, the gates refuse where values would be lost, `repair` makes the triggers anew.

use std::collections::HashSet;

use super::Engine;
use super::model::Model;
use super::session::Session;
use super::switch::{self, Setting};
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Db, objects};
use crate::derive::object::Kind;
use crate::error::{Error, Refusal, Result};
use crate::phase::Phase;
use crate::report::Problem;
use crate::schema::Column;

/// What in the schema no longer fits a migration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drift {
    pub(crate) problems: Vec<Problem>,
    /// The first for which values would be lost: no gate leads on.
    pub(crate) uncarried: Option<Problem>,
}

impl Engine {
    /// What in the schema no longer fits the migration.
    pub(crate) fn drift(&self, record: &Record) -> Result<Drift> {
        if matches!(record.phase, Phase::Legacy | Phase::Retired) {
            return Ok(Drift::default());
        }
        let model = match self.model(record) {
            Ok(model) => model,
            Err(error @ (Error::Migration(_) | Error::Refused(_))) => {
                let reason = format!("the tables no longer fit the migration: {error}");
                let found = problem(reason, error.hint().unwrap_or_default());
                return Ok(Drift { problems: vec![found.clone()], uncarried: Some(found) });
            }
            Err(error) => return Err(error),
        };
        let mut problems = uncarried(&model);
        let first = problems.first().cloned();
        if is_stale(&self.db, &model, record)? {
            problems.push(problem(
                "triggers of the migration are missing, or not what the tables need now: a table was \
                 rebuilt, or a unique index added"
                    .to_owned(),
                "run `cutover repair`: it makes them anew and brings the mirror in step".to_owned(),
            ));
        }
        Ok(Drift { problems, uncarried: first })
    }
}

impl Session<'_> {
    /// Makes the objects of the phase anew where they are not what they should be; tells
    /// whether they were not.
    pub(crate) fn renew_objects(&self) -> Result<bool> {
        let (db, model) = (self.db, &self.model);
        if !is_stale(db, model, &self.record)? {
            return Ok(false);
        }
        db.write("making the triggers anew", || {
            self.fence()?;
            let needed = switch::objects(model, standing(db, &self.record)?, &self.record.since);
            switch::remove(db, &switch::ours(db, model)?)?;
            objects::create(db, "making the triggers anew", &needed)
        })?;
        Ok(true)
    }

    /// Refuses a phase in which values would be lost that the migration does not carry.
    pub(crate) fn refuse_uncarried(&self, to: Phase) -> Result<()> {
        match uncarried(&self.model).into_iter().next() {
            Some(found) => Err(Refusal::transition(to, found.reason, &found.fix).into()),
            None => Ok(()),
        }
    }
}

fn problem(reason: String, fix: String) -> Problem {
    Problem { line: None, column: None, reason, fix }
}

/// Columns that an old table has and the way back does not give. `start` refuses them, so
/// these came later. A generated column holds nothing of its own.
fn uncarried(model: &Model) -> Vec<Problem> {
    let mut problems = Vec::new();
    for target in &model.backward {
        let lost = |c: &&Column| !target.columns.contains(&c.name) && c.expression.is_none();
        let added = target.table.columns.iter().filter(lost);
        problems.extend(added.map(|column| {
            problem(
                format!(
                    "{}.{} was added since the migration started: the migration does not carry it, \
                     and its values would be lost",
                    target.table.known_as, column.name
                ),
                "leave the migration with `cutover abort`, carry the column in the migration file, \
                 and start again"
                    .to_owned(),
            )
        }));
    }
    problems
}

/// The setting in which the objects of the present phase were made.
fn standing(db: &Db, record: &Record) -> Result<Setting> {
    let backfilled = record.phase > Phase::ReadNew
        || state::passes(db, record.id)?.iter().all(|pass| pass.complete);
    Ok(Setting { backfilled, ..Setting::of(record.phase) })
}

/// Whether an object is missing or differs from what would be made today. An interrupted
/// step has objects of its own, and is finished first.
fn is_stale(db: &Db, model: &Model, record: &Record) -> Result<bool> {
    if record.pending.is_some() {
        return Ok(false);
    }
    let read = || -> rusqlite::Result<HashSet<String>> {
        db.conn()
            .prepare("SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    let there = read().map_err(|source| db.error("reading the schema", source))?;
    let needed = switch::objects(model, standing(db, record)?, &record.since);
    Ok(needed.iter().any(|object| object.kind != Kind::Row && !there.contains(&object.sql)))
}
