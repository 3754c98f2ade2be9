//! What the old tables have and the new ones do not, and the other way round. Making a table
//! anew is where triggers, indexes, constraints and marks get lost without anyone having meant
//! it, so each is told, with what follows from it; whether it is meant only the author knows.

use super::constraints::{self, ADDED, LOST};
use super::counterparts::{Counterpart, Pair, pairs};
use crate::backend::sqlite::{Db, catalog};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::definitions;
use crate::report::Problem;
use crate::schema::{Column, Defined, Definition, Table};

/// One note for each thing that goes, comes, or changes its meaning.
pub(crate) fn not_carried(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let written = definitions::read_old(db, model)?;
    let pairs = pairs(model);
    let mut notes = Vec::new();
    for old in model.old_tables() {
        let mine: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.old.name == old.name).collect();
        for pair in &mine {
            notes.extend(of_tables(pair));
            notes.extend(pair.columns.iter().flat_map(|both| of_columns(pair, both)));
        }
        notes.extend(lost_generated(old, &mine));
        notes.extend(constraints::compared(model, old, &mine, &texts(&written, old)));
        if let Some(pair) = mine.iter().find(|pair| pair.new.known_as == old.known_as) {
            notes.extend(moved_columns(pair));
            notes.extend(unnoticed(pair.old, pair.new));
        } else if !old.shared {
            notes.extend(old.triggers.iter().map(|trigger| {
                Problem::new(
                    format!(
                        "the application's trigger {} stays on {}: from write-new on it fires for \
                         the sync's writes, and it is dropped with the table",
                        trigger.name, old.known_as
                    ),
                    "let the application do the same for the new tables",
                )
            }));
        }
    }
    notes.extend(model.forward.iter().filter_map(|target| {
        let given = |column: &&Column| !target.columns.contains(&column.name);
        let own = |column: &&Column| !target.table.is_rowid_alias(&column.name);
        let unfilled: Vec<&str> = target
            .table
            .stored_columns()
            .filter(given)
            .filter(own)
            .map(|column| column.name.as_str())
            .collect();
        let table = &target.table.known_as;
        (!unfilled.is_empty()).then(|| {
            Problem::new(
                format!(
                    "no mapping fills new.{table} ({}): rows of the old tables get the default, \
                     and what new programs write there does not reach the old tables",
                    unfilled.join(", ")
                ),
                "name the columns in the mappings if they should be carried",
            )
        })
    }));
    Ok(notes)
}

/// The statements that define a table and its indexes, from all that were read.
fn texts<'w>(written: &'w [Definition], table: &Table) -> Vec<&'w Definition> {
    let mut own = false;
    let mut found = Vec::new();
    for definition in written {
        if definition.kind == Defined::Table {
            own = definition.name == table.name;
        }
        if own && !definition.name.starts_with(catalog::OURS) {
            found.push(definition);
        }
    }
    found
}

/// Marks of the whole table.
fn of_tables(pair: &Pair<'_>) -> Vec<Problem> {
    let Pair { old, new, .. } = pair;
    let (to, from) = (format!("new.{}", new.known_as), format!("old.{}", old.known_as));
    let mut notes = Vec::new();
    if old.autoincrement && !new.autoincrement {
        notes.push(Problem::new(
            format!(
                "{to} lacks the AUTOINCREMENT of {from}: ids of deleted rows can be assigned again"
            ),
            LOST,
        ));
    }
    if old.strict && !new.strict {
        notes.push(Problem::new(
            format!(
                "{to} is not STRICT, but {from} is: a rollback sets aside rows that hold a value \
                 of another type"
            ),
            LOST,
        ));
    }
    if new.strict && !old.strict {
        notes.push(Problem::new(
            format!(
                "{to} is STRICT, but {from} is not: from start on, old programs' writes of values \
                 of another type are refused"
            ),
            ADDED,
        ));
    }
    if old.without_rowid && !new.without_rowid {
        notes.push(Problem::new(format!("{to} is not WITHOUT ROWID, but {from} is"), LOST));
    }
    notes
}

/// What is said of a column on either side.
fn of_columns(pair: &Pair<'_>, both: &Counterpart) -> Vec<Problem> {
    let (Some(old), Some(new)) = (pair.old.column(&both.old), pair.new.column(&both.new)) else {
        return Vec::new();
    };
    let from = format!("old.{}.{}", pair.old.known_as, old.name);
    let to = format!("new.{}.{}", pair.new.known_as, new.name);
    let mut notes = of_generated(pair, (old, &from), (new, &to));
    let (was, is) = (pair.old.never_null(&old.name), pair.new.never_null(&new.name));
    let stored = !old.generated && !new.generated;
    if was && !is && both.back && stored {
        notes.push(Problem::new(
            format!(
                "{to} lacks the NOT NULL of {from}: a rollback sets aside rows in which new \
                 programs leave it NULL"
            ),
            LOST,
        ));
    }
    if is && !was && both.forth && pair.whole && stored {
        notes.push(Problem::new(
            format!(
                "{to} is NOT NULL, but {from} is not: from start on, old programs' writes that \
                 leave it NULL are refused"
            ),
            ADDED,
        ));
    }
    if !(both.forth && both.back) {
        return notes;
    }
    match (default(old), default(new)) {
        (Some(was), None) => notes.push(Problem::new(
            format!(
                "{to} lacks the DEFAULT of {from} ({was}): an INSERT that leaves it out \
            stores NULL"
            ),
            LOST,
        )),
        (Some(was), Some(is)) if was != is => {
            notes.push(Problem::new(
                format!("{to} has the DEFAULT {is}, and {from} has {was}"),
                LOST,
            ));
        }
        _ => {}
    }
    if !old.collation.eq_ignore_ascii_case(&new.collation) {
        notes.push(Problem::new(
            format!(
                "{to} has COLLATE {}, and {from} has COLLATE {}: searches, orders and UNIQUE \
                 differ",
                new.collation.to_uppercase(),
                old.collation.to_uppercase()
            ),
            LOST,
        ));
    }
    notes
}

/// A DEFAULT without the parentheses that an expression may have or not.
fn default(column: &Column) -> Option<&str> {
    let mut text = column.default.as_deref()?.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        text = inner.trim();
    }
    (!text.eq_ignore_ascii_case("NULL")).then_some(text)
}

fn of_generated(pair: &Pair<'_>, old: (&Column, &str), new: (&Column, &str)) -> Vec<Problem> {
    let ((old, from), (new, to)) = (old, new);
    let expression = |column: &Column| column.expression.clone().unwrap_or_default();
    match (old.generated, new.generated) {
        (true, false) => vec![Problem::new(
            format!(
                "{to} is an ordinary column, and {from} is generated ({}): programs must give its \
                 value",
                expression(old)
            ),
            LOST,
        )],
        (false, true) if old.name.eq_ignore_ascii_case(&new.name) => vec![Problem::new(
            format!(
                "{to} is generated, and {from} is not: statements that give it a value are refused"
            ),
            ADDED,
        )],
        (true, true) if pair.generated_alike(old, new) == Some(false) => vec![Problem::new(
            format!(
                "{to} is generated from {}, and {from} from {}",
                expression(new),
                expression(old)
            ),
            LOST,
        )],
        _ => Vec::new(),
    }
}

/// Generated columns that no new table has.
fn lost_generated(old: &Table, pairs: &[&Pair<'_>]) -> Vec<Problem> {
    let lost = |column: &&Column| {
        let there = |pair: &&Pair<'_>| pair.new_of(&column.name, false).is_some();
        column.generated && !pairs.iter().any(there)
    };
    let columns = old.columns.iter().filter(lost).filter(|_| !pairs.is_empty());
    let names: Vec<String> =
        pairs.iter().map(|pair| format!("new.{}", pair.new.known_as)).collect();
    columns
        .map(|column| {
            Problem::new(
                format!(
                    "{} has no generated column {}, which old.{} has ({})",
                    names.join(", "),
                    column.name,
                    old.known_as,
                    column.expression.as_deref().unwrap_or_default()
                ),
                LOST,
            )
        })
        .collect()
}

/// Columns that stand elsewhere in a table of the same name. Who goes by position does not
/// notice: `INSERT INTO t VALUES (…)` still fits, and `SELECT *` still gives as many.
fn moved_columns(pair: &Pair<'_>) -> Option<Problem> {
    let old: Vec<&Column> = pair.old.stored_columns().collect();
    let new: Vec<&Column> = pair.new.stored_columns().collect();
    // What a column is carried into decides; where it is carried into none, the name does.
    let stays = |(old, new): &(&&Column, &&Column)| match pair.new_of(&old.name, true) {
        Some(_) => pair.columns.iter().any(|both| both.old == old.name && both.new == new.name),
        None => old.name.eq_ignore_ascii_case(&new.name),
    };
    let (old_column, new_column) = old.iter().zip(&new).find(|both| !stays(both))?;
    let table = &pair.old.known_as;
    let inserts = if old.len() == new.len() {
        format!(
            "from write-new on, an old program's INSERT INTO {table} VALUES (…) still fits, and \
             means something else"
        )
    } else {
        format!("from write-new on, an old program's SELECT * FROM {table} gives other columns")
    };
    Some(Problem::new(
        format!(
            "the columns of {table} change their order ({} is where {} was): {inserts}",
            new_column.name, old_column.name
        ),
        "keep the order of the old columns and add new ones behind them, or make sure that no \
         program relies on their position",
    ))
}

/// Programs of the old schema are refused by a table that does not fit their statements. One
/// that fits them, and means something else by its columns, would take their values for its
/// own.
fn unnoticed(old: &Table, new: &Table) -> Option<Problem> {
    let fits = old.columns.iter().all(|column| new.column(&column.name).is_some());
    let retyped = old.columns.iter().find(|column| {
        new.column(&column.name).is_some_and(|other| {
            let alike = other.affinity.stores_like(column.affinity);
            let checked = new.checks.iter().any(|check| check.columns.contains(&other.name));
            // STRICT makes a text of a number, and refuses the other way round.
            let refused = new.strict && !other.affinity.is_text();
            !(alike || checked || refused)
        })
    })?;
    fits.then(|| {
        Problem::new(
            format!(
                "statements of programs that know only the old {0} also fit the new one, where \
                 {0}.{1} has another type: from write-new on they would succeed unnoticed",
                old.known_as, retyped.name
            ),
            format!(
                "add a CHECK on {} that the old values violate, or rename the column",
                retyped.name
            ),
        )
    })
}
