//! What a table that changes in place has and its successor does not. Rebuilding a table is
//! where triggers, indexes and marks get lost without anyone having meant it, so each is
//! told; whether it is meant only the author knows.

use super::model::Model;
use crate::report::Problem;
use crate::schema::{Affinity, Column, Index, Table};

/// One note for each thing that goes.
pub(crate) fn dropped(model: &Model) -> Vec<Problem> {
    let mut notes = Vec::new();
    for old in model.old_tables() {
        if let Some(new) = model.catalog.new.get(&old.known_as).filter(|_| old.shared) {
            notes.extend(between(old, new).into_iter().map(|what| note(old, &what)));
            notes.extend(unnoticed(old, new));
        } else {
            notes.extend(old.triggers.iter().map(|trigger| Problem {
                line: None,
                column: None,
                reason: format!(
                    "the application's trigger {} stays on {}: it fires for what the sync writes \
                     there from write-new on, and goes with the table",
                    trigger.name, old.known_as
                ),
                fix: "let the application do what it does for the new tables".to_owned(),
            }));
        }
    }
    notes
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
            let refused = new.strict && other.affinity != Affinity::Text;
            !(alike || checked || refused)
        })
    })?;
    fits.then(|| Problem {
        line: None,
        column: None,
        reason: format!(
            "the statements of programs that know only the old {0} fit the new one too, where \
             {0}.{1} is of another type: from write-new on they would go through unnoticed",
            old.known_as, retyped.name
        ),
        fix: format!(
            "add a CHECK on {} that the old values do not meet, or give the column another name",
            retyped.name
        ),
    })
}

fn note(table: &Table, what: &str) -> Problem {
    Problem {
        line: None,
        column: None,
        reason: format!("new.{} has no {what}", table.known_as),
        fix: "add it to the migration's CREATE statements, if that is not meant".to_owned(),
    }
}

fn between(old: &Table, new: &Table) -> Vec<String> {
    let mut lost = Vec::new();
    let mut lose = |had: bool, has: bool, what: &str| {
        if had && !has {
            lost.push(what.to_owned());
        }
    };
    lose(
        old.autoincrement,
        new.autoincrement,
        "AUTOINCREMENT, which old has: ids of deleted rows can be given out again",
    );
    lose(old.strict, new.strict, "STRICT, which old is");
    lose(old.without_rowid, new.without_rowid, "WITHOUT ROWID, which old is");
    lose(old.has_checks, new.has_checks, "CHECK, which old has");
    for column in &old.columns {
        if let Some(other) = new.column(&column.name) {
            lost.extend(of_column(column, other));
        }
    }
    for key in &old.foreign_keys {
        let kept = new.foreign_keys.iter().any(|other| {
            other.table.eq_ignore_ascii_case(&key.table) && same(&other.columns, &key.columns)
        });
        if !kept {
            lost.push(format!("foreign key ({}) to {}", key.columns.join(", "), key.table));
        }
    }
    for unique in &old.uniques {
        if !new.uniques.iter().any(|other| same(&other.columns, &unique.columns)) {
            let what = if unique.primary { "primary key" } else { "unique key" };
            lost.push(format!("{what} ({})", unique.columns.join(", ")));
        }
    }
    lost.extend(
        old.indexes
            .iter()
            .filter(|index| !has_index(new, index))
            .map(|index| format!("index like {} ({})", index.name, index.columns.join(", "))),
    );
    lost
}

fn of_column(old: &Column, new: &Column) -> Vec<String> {
    let mut lost = Vec::new();
    if old.not_null && !new.not_null {
        lost.push(format!("NOT NULL on {}", old.name));
    }
    if old.default.is_some() && new.default.is_none() {
        lost.push(format!("DEFAULT on {}", old.name));
    }
    if !old.collation.eq_ignore_ascii_case(&new.collation) {
        lost.push(format!("COLLATE {} on {}", old.collation, old.name));
    }
    if old.generated && !new.generated {
        lost.push(format!("generated column {}: it is an ordinary one", old.name));
    }
    lost
}

/// Whether a table has an index of this name or over these columns. Indexes that belong to
/// a constraint are told as keys.
fn has_index(table: &Table, index: &Index) -> bool {
    let of_constraint = index.name.starts_with("sqlite_autoindex_");
    let named = |other: &Index| other.name.eq_ignore_ascii_case(&index.name);
    let alike = |other: &Index| same(&other.columns, &index.columns);
    of_constraint || table.indexes.iter().any(|other| named(other) || alike(other))
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}
