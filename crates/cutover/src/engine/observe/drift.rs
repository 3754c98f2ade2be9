//! What was changed under a migration that is under way: in the schema by an application, or by
//! a statement of one that failed half-way.
//!
//! No trigger can refuse an `ALTER TABLE`, a `DROP TABLE` or a `CREATE UNIQUE INDEX`. A
//! column that was added is in no mapping; with a table that was rebuilt its triggers are
//! gone; by a unique index that came later a REPLACE removes rows that nobody noted. And
//! `RAISE(FAIL)` in an application's trigger keeps what its statement had done so far, the
//! flag by which the guards know the sync too. Each of these is seen here, by comparing what
//! there is with what would be made of it today: `status` tells it, no transition is made while
//! it is known, `repair` makes the triggers anew.

use std::collections::HashSet;

use crate::backend::sqlite::state::{Pending, Record};
use crate::backend::sqlite::{Db, catalog};
use crate::derive::names::Names;
use crate::derive::object::{Kind as ObjectKind, Object};
use crate::derive::sql::ident;
use crate::engine::open::Engine;
use crate::engine::preflight::write_both::obstacles;
use crate::error::{Error, Result};
use crate::model::build::Model;
use crate::model::lost::{lost, lost_indexes};
use crate::model::phase_objects::{self, Mirror, Setting};
use crate::phase::Phase;
use crate::report::{Command, Fix, Problem};
use crate::schema::Column;

/// Events after which rows may differ until something looks at all of them.
pub(crate) const RENEWED: &str = "renew-triggers";

pub(crate) const LOWERED: &str = "put-flag-down";

/// What kind of change it is: each is repaired in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The tables no longer fit the mappings: a table or a column is gone.
    Misfit,
    /// There is a column that the migration does not carry.
    Columns,
    /// Objects of ours are missing, or not what the tables need.
    Objects,
    /// The flag by which the guards know the sync was left up: every command that works on the
    /// migration puts it down.
    Flag,
}

/// What no longer fits a migration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drift {
    found: Vec<(Kind, Problem)>,
    /// In `read-new`: whether nothing in the schema stands in the way of `write-both`.
    pub(crate) write_both: bool,
}

impl Drift {
    /// The first of these kinds.
    pub(crate) fn first(&self, kinds: &[Kind]) -> Option<&Problem> {
        kinds.iter().find_map(|kind| {
            self.found.iter().find(|(found, _)| found == kind).map(|(_, problem)| problem)
        })
    }

    pub(crate) fn is_any(&self) -> bool {
        !self.found.is_empty()
    }

    /// To be shown.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.found.iter().map(|(_, problem)| problem.clone()).collect()
    }

    fn add(&mut self, kind: Kind, reason: impl Into<String>, fix: impl Into<Fix>) {
        self.found.push((kind, Problem::new(reason, fix)));
    }

    #[cfg(test)]
    pub(crate) fn of(kind: Kind, reason: &str) -> Self {
        let mut drift = Self::default();
        drift.add(kind, reason, "");
        drift
    }
}

impl Engine {
    /// What no longer fits the migration.
    pub(crate) fn drift(&self, record: &Record) -> Result<Drift> {
        let mut drift = self.schema_drift(record)?;
        self.flag_drift(record, &mut drift)?;
        Ok(drift)
    }

    /// What in the schema no longer fits. Only a change of the schema or of the phase brings
    /// another answer.
    pub(crate) fn schema_drift(&self, record: &Record) -> Result<Drift> {
        let mut drift = Drift::default();
        if matches!(record.phase, Phase::Legacy | Phase::Retired) {
            return Ok(drift);
        }
        for lost in lost(&self.db, record)? {
            let problem = lost.problem();
            // What a rebuild left `repair` finds; the rest is for whoever changed the schema.
            let kind = if lost.is_repairable() { Kind::Objects } else { Kind::Misfit };
            drift.add(kind, problem.reason, problem.fix);
        }
        if drift.is_any() {
            return Ok(drift);
        }
        let model = match self.model(record) {
            Ok(model) => model,
            Err(error @ (Error::Migration(_) | Error::Refused(_))) => {
                let reason = format!("the tables no longer fit the migration: {error}");
                let hint = error.hint().unwrap_or_default();
                let fix = Fix::from("undo the change of the tables (").and(hint).with(")");
                drift.add(Kind::Misfit, reason, leave(record.phase, fix));
                return Ok(drift);
            }
            Err(error) => return Err(error),
        };
        new_tables(&self.db, &model, record, &mut drift)?;
        uncarried(&model, record, &mut drift);
        drift.write_both =
            record.phase == Phase::ReadNew && obstacles(&self.db, &model)?.is_empty();
        if drift.first(&[Kind::Misfit]).is_none()
            && let Some(name) = stale(&self.db, &model, record)?
        {
            drift.add(
                Kind::Objects,
                format!(
                    "triggers of the migration are missing or outdated: a table was rebuilt, a \
                     unique index added, or one of cutover's objects dropped ({name})"
                ),
                Fix::run(Command::Repair).with(": it creates them again and fixes the mirror"),
            );
        }
        Ok(drift)
    }

    /// A flag that was left up.
    pub(crate) fn flag_drift(&self, record: &Record, drift: &mut Drift) -> Result<()> {
        if flag_is_up(&self.db, record)? {
            drift.add(
                Kind::Flag,
                "the flag that lets the sync pass the guards is still set, by a statement that \
                 failed with RAISE(FAIL): the guards refuse nobody",
                Fix::run(Command::Repair).with(": it clears the flag and fixes the mirror"),
            );
        }
        Ok(())
    }
}

/// What to do where only a change of the schema, or leaving, helps.
fn leave(phase: Phase, change: impl Into<Fix>) -> Fix {
    let change = change.into();
    if phase > Phase::ReadNew {
        return change;
    }
    change.with(", or leave the migration with ").with(Command::ABORT)
}

/// Whether the flag is up outside of a transaction.
pub(crate) fn flag_is_up(db: &Db, record: &Record) -> Result<bool> {
    let flag = Names { migration: record.id }.syncing();
    if !db.has_table(&flag)? {
        return Ok(false);
    }
    Ok(db.count(&format!("SELECT count(*) FROM {} WHERE depth <> 0", ident(&flag)))? > 0)
}

/// New tables that lack what the file says. What somebody adds to them is the application's own:
/// SQLite adds no column that the sync would have to fill.
fn new_tables(db: &Db, model: &Model, record: &Record, drift: &mut Drift) -> Result<()> {
    for table in model.new_tables() {
        let found = catalog::table(db, &table.name)?;
        let known_as = &table.known_as;
        let Some(found) = found else {
            let reason = format!("the new table {known_as} is gone");
            drift.add(Kind::Misfit, reason, leave(record.phase, "restore a backup"));
            continue;
        };
        let lacks = |one: &[Column], other: &[Column]| {
            one.iter()
                .find(|column| {
                    !other.iter().any(|found| found.name.eq_ignore_ascii_case(&column.name))
                })
                .map(|column| column.name.clone())
        };
        if let Some(column) = lacks(&table.columns, &found.columns) {
            let reason = format!("the column {known_as}.{column} of the new table is gone");
            drift.add(Kind::Misfit, reason, leave(record.phase, "add the column again"));
        }
    }
    Ok(())
}

/// Columns that an old table has and the backward mapping does not give. `start` refuses them, so
/// these came later. A generated column holds nothing of its own.
fn uncarried(model: &Model, record: &Record, drift: &mut Drift) {
    for target in &model.backward {
        let lost = |c: &&Column| !target.columns.contains(&c.name) && c.expression.is_none();
        for column in target.table.columns.iter().filter(lost) {
            let table = &target.table;
            let reason = format!(
                "{}.{} was added after the migration started: the migration does not carry it, so \
                 its values would be lost",
                table.known_as, column.name
            );
            let drop =
                format!("ALTER TABLE {} DROP COLUMN {}", ident(&table.name), ident(&column.name));
            let fix = if record.phase <= Phase::ReadNew {
                Fix::from("leave the migration with ").with(Command::ABORT).with(format!(
                    ", add the column to the migration file, and start again; or drop the column: {drop}"
                ))
            } else {
                format!("drop the column: {drop}").into()
            };
            drift.add(Kind::Columns, reason, fix);
        }
    }
}

/// The setting in which the objects of the present phase were made.
pub(crate) fn standing(db: &Db, record: &Record) -> Result<Setting> {
    let setting = Setting::of(record.phase);
    if record.phase > Phase::ReadNew {
        return Ok(setting);
    }
    Ok(Setting { mirror: Mirror::of(db, record)?, ..setting })
}

/// An object that is missing or differs from what would be made today. An interrupted step has
/// objects of its own, and is finished first.
pub(crate) fn stale(db: &Db, model: &Model, record: &Record) -> Result<Option<String>> {
    if !matches!(record.pending, None | Some(Pending::Tidy)) {
        return Ok(None);
    }
    let there: HashSet<String> =
        catalog::entries(db)?.into_iter().filter_map(|entry| entry.sql).collect();
    let needed = phase_objects::objects(model, &standing(db, record)?, &record.since);
    let stale = |object: &&Object| object.kind != ObjectKind::Row && !there.contains(&object.sql);
    if let Some(object) = needed.iter().find(stale) {
        return Ok(Some(object.name.clone()));
    }
    // An index goes with a table that is rebuilt: the sync would read whole tables.
    let follows = record.phase.sync().is_some();
    let lost = if follows { lost_indexes(db, model, record.phase)? } else { Vec::new() };
    Ok(lost.into_iter().next().map(|(name, _)| name))
}
