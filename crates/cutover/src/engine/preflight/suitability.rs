//! What in the database itself stands in the way of a migration.

use super::missing_functions::missing_functions;
use super::name_conflicts::{name_conflicts, occupied};
use super::overlap::with_others;
use super::{dependents, rowids, trigger_effects};
use crate::backend::sqlite::state::Record;
use crate::backend::sqlite::{Db, catalog};
use crate::derive::names::Names;
use crate::error::Result;
use crate::migration::ddl::as_mirror;
use crate::model::build::Model;
use crate::phase::{Phase, Side};
use crate::report::{CheckReport, Problem};
use crate::schema::{AppTrigger, ForeignKey, Table};

/// Adds what stands in the way to the report, and what is worth knowing. Tells whether
/// nothing further can be looked at: what has the names of the migration's own objects
/// would be taken for them, and what SQLite alone can't write can't be rehearsed.
pub(crate) fn unsuitable(
    db: &Db,
    model: &Model,
    known: Option<&Record>,
    report: &mut CheckReport,
) -> Result<bool> {
    report.problems.extend(with_others(db, &model.migration)?);
    if report.problems.is_empty() && known.is_none_or(|record| record.phase == Phase::Legacy) {
        report.problems.extend(name_conflicts(db, model)?);
    }
    if known.is_none() {
        report.problems.extend(occupied(db, model)?);
    }
    report.problems.extend(missing_functions(db, model));
    let blind = !report.problems.is_empty();
    let triggers = catalog::all_triggers(db)?;
    for target in &model.backward {
        report.problems.extend(lost_columns(&target.table, &target.columns, target.line));
        report.problems.extend(triggers_that_write_on(&target.table, &triggers, model));
    }
    for target in model.forward.iter().chain(&model.backward) {
        for (_, leaf) in target.leaves() {
            if let Some(table) = model.catalog.table(leaf.side, &leaf.table) {
                report.problems.extend(irregular_uniques(table, target.line));
            }
        }
    }
    report.problems.extend(model.old_tables().filter_map(|table| unreadable(db, table)));
    let rowids = rowids::relied_on(db, model)?;
    report.problems.extend(rowids.problems);
    report.notes.extend(rowids.notes);
    report.problems.dedup();
    report.notes.extend(referring(model));
    report.notes.extend(only_read(model));
    report.notes.extend(model.old_tables().flat_map(half_way));
    Ok(blind)
}

/// A definition that can't be edited, where it would have to be.
fn unreadable(db: &Db, table: &Table) -> Option<Problem> {
    let sql = catalog::definition(db, &table.name).ok()?;
    let aside = Names::aside(Side::Old, &table.known_as);
    (table.shared && as_mirror(&sql, &aside).is_none()).then(|| {
        Problem::new(
            format!("the definition of {} can't be read: {sql}", table.known_as),
            "give the new table another name than the old one",
        )
    })
}

/// Triggers that stop a statement and leave what it did until then. While the old tables are
/// the mirror they fire for what the sync writes there, and what a program wrote before stays,
/// without its image.
fn half_way(table: &Table) -> Vec<Problem> {
    let note = |trigger: &AppTrigger| {
        Problem::new(
            format!(
                "the trigger {} on {} refuses with RAISE(FAIL), which keeps what the statement \
                 did before: from write-new on, a row that it refuses stays in the new tables",
                trigger.name, table.known_as
            ),
            "change it to RAISE(ABORT) before you advance to write-new; the gates find such rows",
        )
    };
    table.triggers.iter().filter(|trigger| trigger.raises_fail()).map(note).collect()
}

/// Columns of an old table that the backward mapping does not give.
fn lost_columns(table: &Table, given: &[String], line: usize) -> Vec<Problem> {
    table
        .columns
        .iter()
        .filter(|column| !given.contains(&column.name) && column.expression.is_none())
        .map(|column| {
            if column.generated {
                Problem::on_line(
                    line,
                    format!(
                        "the expression of the generated column {}.{} can't be read",
                        table.known_as, column.name
                    ),
                    "leave this table out of the migration",
                )
            } else {
                Problem::on_line(
                    line,
                    format!(
                        "the backward statement does not give {}.{}: it would be lost",
                        table.known_as, column.name
                    ),
                    "name the column in the list and say where it comes from",
                )
            }
        })
        .collect()
}

/// Unique indexes by which a REPLACE removes rows that can't be looked up.
fn irregular_uniques(table: &Table, line: usize) -> Vec<Problem> {
    table
        .indexes
        .iter()
        .filter_map(|index| Some((index, index.irregular_unique?)))
        .map(|(index, why)| {
            Problem::on_line(line, format!(
                    "{} has the unique index {} {why}: the rows an INSERT OR REPLACE removes by it can't be told",
                    table.known_as, index.name
                ),
                "replace it by a unique index over columns, with their own collations, for the \
                 duration of the migration",
            )
        })
        .collect()
}

/// The application's triggers on an old table that lead to old tables of the migration:
/// while that side is the mirror their effect would come twice.
fn triggers_that_write_on(table: &Table, triggers: &[AppTrigger], model: &Model) -> Vec<Problem> {
    let mapped = |name: &str| model.old_tables().any(|old| old.name.eq_ignore_ascii_case(name));
    let ways = trigger_effects::ways(triggers, &table.name, &mapped);
    ways.into_iter()
        .map(|way| {
            let (first, rest) = way.triggers.split_first().map_or(("", &[][..]), |(first, rest)| {
                (first.as_str(), rest)
            });
            let over = match rest {
                [] => String::new(),
                rest => format!(", over {},", rest.join(", ")),
            };
            Problem::new(format!(
                    "the application's trigger {first} on {}{over} writes to {}, which the migration keeps in \
                     step itself from write-new on",
                    table.known_as, way.to
                ),
                "move what the trigger does into the application, or leave the table out of the migration",
            )
        })
        .collect()
}

/// Tables outside of the migration that refer to its old tables: they stand in the
/// way of `retired`, not before.
fn referring(model: &Model) -> Vec<Problem> {
    let note = |(table, key): (&Table, &ForeignKey)| {
        Problem::new(
            format!(
                "{} refers to {} by a foreign key, so {} can't be retired",
                table.name, key.table, key.table
            ),
            "include the referring table in the migration before retiring",
        )
    };
    dependents::referring(model).map(note).collect()
}

/// Old tables that no backward statement fills. They are neither frozen nor dropped.
fn only_read(model: &Model) -> Vec<Problem> {
    let note = |table: &Table| {
        let name = &table.known_as;
        Problem::new(
            format!(
                "the migration only reads {name}: the table stays as it is in every phase, and \
                 from write-new on its changes no longer reach the new tables"
            ),
            format!(
                "nothing, if that is intended; otherwise give {name} a backward statement, or let \
                 programs write to the new tables too"
            ),
        )
    };
    model.only_read().map(note).collect()
}
