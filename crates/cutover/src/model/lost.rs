//! Tables of a migration that are gone: dropped, renamed, or lost on the way of a rebuild.
//!
//! A tool that rebuilds a table (`CREATE` another, `INSERT … SELECT`, `DROP`, `ALTER TABLE …
//! RENAME`) without a transaction stops at the RENAME: SQLite looks at every trigger and view
//! of the schema, and ours name the table that was just dropped. No trigger can refuse the DROP.
//! The rows are in the other table then, and `repair` gives it the name.

use crate::backend::sqlite::Db;
use crate::backend::sqlite::catalog::{self, Places};
use crate::backend::sqlite::state::Record;
use crate::derive::names::Names;
use crate::derive::sql::ident;
use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::phase::{Direction, Phase, Side, Syncs};
use crate::report::{Command, Fix, Problem};

/// A table that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) name: String,
    /// Tables that have all its columns, each with whether our triggers are on it: then it is
    /// the table itself, under another name.
    pub(crate) candidates: Vec<(String, bool)>,
}

impl Lost {
    /// The table that a rebuild left behind: the only one that could be meant.
    pub(crate) fn left_behind(&self) -> Option<&str> {
        match self.candidates.as_slice() {
            [(name, false)] => Some(name),
            _ => None,
        }
    }

    /// Whether `repair` does something about it.
    pub(crate) fn is_repairable(&self) -> bool {
        !self.candidates.is_empty() && self.candidates.iter().all(|(_, ours)| !ours)
    }

    pub(crate) fn problem(&self) -> Problem {
        let name = &self.name;
        let renamed = self.candidates.iter().find(|(_, ours)| *ours);
        let (reason, fix) = match (renamed, self.left_behind()) {
            (Some((other, _)), _) => (
                format!("the table {name} is gone: it was renamed to {other}"),
                Fix::from(format!(
                    "rename it back (ALTER TABLE {} RENAME TO {}) and run ",
                    ident(other),
                    ident(name)
                ))
                .with(Command::Repair)
                .with(", or leave the migration with ")
                .with(Command::ABORT),
            ),
            (None, Some(other)) => (
                format!(
                    "the table {name} is gone, and {other} has its columns: a tool dropped {name} \
                     to rebuild it, and could not rename {other}"
                ),
                Fix::run(Command::Repair)
                    .with(format!(
                        ": it renames {other} to {name} and fixes the mirror; then create the \
                         indexes and triggers of {name}, as the tool would have; or leave the \
                         migration with "
                    ))
                    .with(Command::ABORT),
            ),
            (None, None) if self.candidates.is_empty() => (
                format!("the table {name} is gone, and no other table has its columns"),
                Fix::from("leave the migration with ")
                    .with(Command::ABORT)
                    .with(format!("; or create {name} again with its columns and rows, then run "))
                    .with(Command::Repair),
            ),
            (None, None) => {
                let others: Vec<&str> = self.candidates.iter().map(|(n, _)| n.as_str()).collect();
                (
                    format!("the table {name} is gone; {} have its columns", others.join(", ")),
                    Fix::run(Command::Repair)
                        .with(format!(
                            ", which removes cutover's triggers and views, then ALTER TABLE … RENAME \
                             TO {}, then ",
                            ident(name)
                        ))
                        .with(Command::Repair)
                        .with(" once more; or leave the migration with ")
                        .with(Command::ABORT),
                )
            }
        };
        Problem::new(reason, fix)
    }
}

/// The tables that are gone, while the migration is under way.
pub(crate) fn lost(db: &Db, record: &Record) -> Result<Vec<Lost>> {
    if record.is_over() || matches!(record.phase, Phase::Legacy | Phase::Retired) {
        return Ok(Vec::new());
    }
    // Of a text that this version does not read, nothing is known.
    let Ok(migration) = Migration::started(&record.name, &record.text) else {
        return Ok(Vec::new());
    };
    let places = Places::read(db)?;
    let names = made_since(db, &places, &migration, record.phase)?;
    let mut lost: Vec<Lost> = Vec::new();
    for mapping in &migration.mappings {
        let (side, table) = (mapping.side(), &mapping.target);
        let aside = migration.shares(table) && record.phase.writes().named_side() != side;
        let stored = if aside { Names::aside(side, table) } else { table.clone() };
        let known = lost.iter().any(|other| other.name.eq_ignore_ascii_case(&stored));
        if known || places.of(&stored).is_some() {
            continue;
        }
        let mut candidates = Vec::new();
        for (name, since) in names.iter().filter(|(name, _)| is_free(&migration, name)) {
            let ours = bears_ours(db, name, record)?;
            if (ours || *since) && has_columns(db, name, &mapping.columns)? {
                candidates.push((name.clone(), ours));
            }
        }
        lost.push(Lost { name: stored, candidates });
    }
    Ok(lost)
}

/// What is wrong where a table is gone, as an error.
pub(crate) fn refuse_lost(db: &Db, record: &Record) -> Result<()> {
    let Some(lost) = lost(db, record)?.into_iter().next() else { return Ok(()) };
    let Problem { reason, fix, .. } = lost.problem();
    Err(Error::Unusable { path: db.path().to_owned(), reason, fix })
}

/// The tables, each with whether it was made after this migration's own: what was there
/// before is no table that a rebuild made meanwhile. The schema lists tables in the order
/// in which they were made.
fn made_since(
    db: &Db,
    places: &Places,
    migration: &Migration,
    phase: Phase,
) -> Result<Vec<(String, bool)>> {
    let all = catalog::table_names(db)?;
    let mut since: Option<i64> = None;
    for table in &migration.tables {
        let aside = migration.shares(&table.name) && phase.writes().named_side() != Side::New;
        let stored = if aside { Names::aside(Side::New, &table.name) } else { table.name.clone() };
        since = since.into_iter().chain(places.of(&stored)).min();
    }
    let later = |name: String| {
        let later = places.of(&name) > since;
        (name, later)
    };
    Ok(all.into_iter().map(later).collect())
}

fn has_columns(db: &Db, table: &str, columns: &[String]) -> Result<bool> {
    let found = catalog::table(db, table)?;
    Ok(found.is_some_and(|found| columns.iter().all(|column| found.column(column).is_some())))
}

/// Whether triggers of this migration are on a table.
fn bears_ours(db: &Db, table: &str, record: &Record) -> Result<bool> {
    let prefix = Names { migration: record.id }.prefix();
    let triggers = catalog::trigger_names(db, table)?;
    Ok(triggers.iter().any(|name| name.starts_with(&prefix)))
}

/// The indexes that the sync needs and no table has any more: their names and statements. An
/// index serves whatever its name, and whoever made it; and what the file says of the new tables
/// tells nothing of the indexes they have. One of a few rows serves the forward sync alone.
pub(crate) fn lost_indexes(
    db: &Db,
    model: &crate::model::build::Model,
    phase: Phase,
) -> Result<Vec<(String, String)>> {
    let forward = phase.sync() == Some(Syncs::OneWay(Direction::Forward));
    let mut lost = Vec::new();
    for (name, needed) in model.missing_indexes() {
        if needed.only.is_some() && !forward {
            continue;
        }
        let table = catalog::table(db, &needed.table)?;
        if table.is_some_and(|table| !needed.is_served_by(&table, &name)) {
            let sql = needed.sql(&name);
            lost.push((name, sql));
        }
    }
    Ok(lost)
}

/// Whether a table is none of the migration's.
fn is_free(migration: &Migration, name: &str) -> bool {
    let filled = migration.mappings.iter().map(|mapping| &mapping.target);
    let created = migration.tables.iter().map(|table| &table.name);
    !filled.chain(created).any(|own| own.eq_ignore_ascii_case(name))
}
