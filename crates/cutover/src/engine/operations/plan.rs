//! Every statement each step would run.

use crate::backend::sqlite::state;
use crate::derive::derived::{Part, Place, derived};
use crate::derive::sql::{ident, idents};
use crate::derive::target::{Form, Target};
use crate::engine::open::Engine;
use crate::engine::preflight::write_both::obstacles;
use crate::engine::transition::handover::planned;
use crate::error::{Error, Refusal, Result};
use crate::migration::Migration;
use crate::model::build::Model;
use crate::model::definitions::new_table_statements;
use crate::model::phase_objects::{Mirror, Setting, objects};
use crate::phase::{Phase, Side, Writes};
use crate::report::{Command, Fix, Plan, PlanStep};

impl Engine {
    /// The statements of every step, in order. Changes nothing.
    ///
    /// # Errors
    ///
    /// If the file and the database do not belong together.
    pub fn plan(&self, migration: &Migration) -> Result<Plan> {
        let number = match state::load(&self.db, migration.name())? {
            Some(record) => record.id,
            None => state::all(&self.db)?.iter().map(|record| record.id).max().unwrap_or(0) + 1,
        };
        let model = Model::build(&self.db, migration.clone(), number, Writes::Old)?;
        self.steps(&model, Writes::Old)
    }

    /// The statements of every step of a migration that was started, in order, as its tables
    /// are now: an index that `start` has created is not created again.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration, or its tables no longer fit it; refused in
    /// `retired`, when the old tables are gone.
    pub fn plan_of(&self, name: &str) -> Result<Plan> {
        let record = self.record(name)?;
        if record.phase == Phase::Retired {
            return Err(Error::Refused(Refusal::new(
                "plan",
                "the migration is retired: no step is left",
                Fix::look_at(Command::History),
            )));
        }
        let model = self.model(&record)?;
        self.steps(&model.written(Writes::Old)?, model.writes)
    }

    /// The steps of a migration, from its model as writes enter the old side. `now` is where
    /// they enter.
    fn steps(&self, model: &Model, now: Writes) -> Result<Plan> {
        let both = obstacles(&self.db, model)?.is_empty();
        let made = |model: &Model, phase, mirror| {
            let setting = Setting { mirror, ..Setting::of(phase) };
            objects(model, &setting, "(time)").into_iter().map(|object| object.sql)
        };
        let old_indexes =
            model.missing_indexes().into_iter().filter(|(_, needed)| needed.side == Side::Old);
        let mut start: Vec<String> = old_indexes.map(|(name, needed)| needed.sql(&name)).collect();
        start.extend(new_table_statements(model));
        start.extend(forms(&model.forward));
        start.extend(made(model, Phase::DualWrite, Mirror::empty()));
        let mut steps = vec![
            PlanStep { step: "legacy to dual-write".to_owned(), statements: start },
            PlanStep { step: "backfill, chunk by chunk".to_owned(), statements: backfill(model) },
        ];
        for phase in [Phase::ReadNew, Phase::WriteBoth, Phase::WriteNew, Phase::NewOnly] {
            if phase.is_optional() && !both {
                continue;
            }
            let before = phase.previous().unwrap_or(phase);
            let mut statements = vec![format!(
                "-- the triggers and views named {}… and the live views of {before} are dropped first",
                model.names.prefix()
            )];
            let then = model.written(phase.writes())?;
            if matches!(phase, Phase::WriteBoth | Phase::WriteNew) {
                if now == Writes::Old {
                    // What it does depends on the schema as it is before.
                    statements.extend(planned(&self.db, model, &then)?);
                } else {
                    statements.push("-- the tables have been handed over".to_owned());
                }
                statements.extend(forms(&then.backward));
            }
            statements.extend(made(&then, phase, Mirror::Whole));
            let optional = if phase.is_optional() { ", if it is asked for" } else { "" };
            steps.push(PlanStep { step: format!("{before} to {phase}{optional}"), statements });
        }
        let after = model.written(Writes::New)?;
        let drop =
            after.old_tables().map(|table| format!("DROP TABLE {}", ident(&table.name))).collect();
        steps.push(PlanStep {
            step: "new-only to retired, the tables emptied chunk by chunk before".to_owned(),
            statements: drop,
        });
        Ok(Plan { migration: model.migration.name().to_owned(), steps })
    }
}

fn backfill(model: &Model) -> Vec<String> {
    model
        .forward
        .iter()
        .map(|target| {
            let part = if model.by_range(target) {
                Part::Range { lo: true, hi: true }
            } else {
                Part::Listed
            };
            format!(
                "INSERT INTO {} ({}) {}",
                ident(&target.table.name),
                idents("", &target.columns),
                derived(target, Place::LIVE, part)
            )
        })
        .collect()
}

/// How the rows of each table follow the others, as comments.
fn forms(targets: &[Target]) -> Vec<String> {
    let form = |target: &Target| match &target.form {
        Form::RowByRow(_) => "row by row: each change of a row is made in its image",
        Form::Presence => "present or not: a row is there while something gives it",
        Form::Totals(_) => "group by group: what a row brings and takes away is counted and added",
        Form::Derived => "derived: what a change touches is derived again",
    };
    targets
        .iter()
        .map(|target| format!("-- {} is kept in step {}", target.table.known_as, form(target)))
        .collect()
}
