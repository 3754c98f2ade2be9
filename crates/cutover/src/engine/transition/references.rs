//! Foreign keys that begin to hold when writes enter the other side: whether its rows meet
//! them. A mirror has none, so nothing has asked before.

use crate::backend::sqlite::{Db, catalog};
use crate::derive::derived::Place;
use crate::derive::sql::{ident, join};
use crate::engine::work::session::Session;
use crate::error::{Error, Result};
use crate::model::build::Model;
use crate::phase::Side;
use crate::report::BrokenForeignKey;
use crate::schema::{ForeignKey, Table};

/// Rows that refer to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dangling {
    /// With its side, if it is one of the new tables.
    pub(crate) table: String,
    pub(crate) parent: String,
    pub(crate) rows: u64,
    /// The first of them, as `column = value`.
    pub(crate) example: String,
}

impl Dangling {
    pub(crate) fn reason(&self) -> String {
        let Self { table, parent, rows, example } = self;
        let (s, verb) = if *rows == 1 { ("", "refers") } else { ("s", "refer") };
        format!("{rows} row{s} of {table} {verb} to no row of {parent}; for example {example}")
    }
}

/// The rows of the new tables that do not meet the foreign keys their definitions give them.
pub(crate) fn dangling(db: &Db, model: &Model, place: Place) -> Result<Vec<Dangling>> {
    let mut all = Vec::new();
    for table in model.new_tables() {
        for key in &table.foreign_keys {
            let Some((parent, side)) = parent(model, key) else { continue };
            let Some(columns) = referred(key, parent) else { continue };
            let child = place.table(Side::New, &table.name);
            let parent_table = place.table(side, &parent.name);
            if let Some((rows, example)) = look(db, key, &child, &parent_table, &columns)? {
                let (table, parent) = (format!("new.{}", table.known_as), parent.known_as.clone());
                all.push(Dangling { table, parent, rows, example });
            }
        }
    }
    Ok(all)
}

/// The foreign keys of old tables, and of tables that refer to them, that rows break: written
/// by programs for which they did not hold.
pub(crate) fn broken(session: &Session<'_>) -> Result<Vec<BrokenForeignKey>> {
    let (db, model) = (session.db, &session.model);
    let ours = |name: &str| model.old_tables().any(|t| t.name.eq_ignore_ascii_case(name));
    // While they are the mirror the old tables have none; now they have theirs again.
    let read = |name: &str| catalog::table(db, name);
    let mut all = Vec::new();
    for known in model.catalog.old.iter() {
        let Some(child) = read(&known.name)? else { continue };
        for key in child.foreign_keys.iter().filter(|key| ours(&child.name) || ours(&key.table)) {
            let parent = read(&key.table)?;
            let columns = parent.as_ref().and_then(|parent| referred(key, parent));
            // What refers to a table, or a column, that there is not can't be written to at all.
            let (Some(parent), Some(columns)) = (parent, columns) else { continue };
            if columns.iter().any(|column| parent.column(column).is_none()) {
                continue;
            }
            let (from, to) = (ident(&child.name), ident(&parent.name));
            if let Some((rows, example)) = look(db, key, &from, &to, &columns)? {
                let table = known.known_as.clone();
                all.push(BrokenForeignKey { table, parent: key.table.clone(), rows, example });
            }
        }
    }
    Ok(all)
}

/// What tables outside of the migration would refer to in vain, once a new table has the
/// name they refer to. Rows that refer to nothing as it is do not count.
pub(crate) fn left_behind(db: &Db, model: &Model, place: Place) -> Result<Vec<Dangling>> {
    let mut all = Vec::new();
    let outside =
        model.catalog.old.iter().filter(|table| !model.old_tables().any(|o| o.name == table.name));
    for table in outside {
        for key in &table.foreign_keys {
            let old = model.catalog.old.get(&key.table).filter(|table| table.shared);
            let (Some(old), Some(new)) = (old, model.catalog.new.get(&key.table)) else { continue };
            // A parent without that key is found when the dependents are rehearsed.
            let Some(columns) =
                referred(key, new).filter(|c| c.iter().all(|c| new.column(c).is_some()))
            else {
                continue;
            };
            let child = place.table(Side::Old, &table.name);
            let before = look(db, key, &child, &place.table(Side::Old, &old.name), &columns)?;
            let after = look(db, key, &child, &place.table(Side::New, &new.name), &columns)?;
            let before = before.map_or(0, |(rows, _)| rows);
            if let Some((rows, example)) = after.filter(|(rows, _)| *rows > before) {
                let (table, parent) = (table.known_as.clone(), new.known_as.clone());
                all.push(Dangling { table, parent, rows: rows - before, example });
            }
        }
    }
    Ok(all)
}

/// The table a new table's key leads to: a new one, or an old one that stays.
fn parent<'m>(model: &'m Model, key: &ForeignKey) -> Option<(&'m Table, Side)> {
    let new = model.catalog.new.get(&key.table).map(|table| (table, Side::New));
    new.or_else(|| Some((model.catalog.old.get(&key.table)?, Side::Old)))
}

/// The columns a key refers to: those it names, or the parent's primary key.
fn referred(key: &ForeignKey, parent: &Table) -> Option<Vec<String>> {
    let columns = match key.referred.is_empty() {
        true => parent.primary_key()?.columns.clone(),
        false => key.referred.clone(),
    };
    (columns.len() == key.columns.len()).then_some(columns)
}

/// How many rows of `child` have a key, whole and without NULL, that `parent` lacks.
fn look(
    db: &Db,
    key: &ForeignKey,
    child: &str,
    parent: &str,
    referred: &[String],
) -> Result<Option<(u64, String)>> {
    let given = join(&key.columns, " AND ", |column| format!("c.{} IS NOT NULL", ident(column)));
    let pairs: Vec<(&String, &String)> = referred.iter().zip(&key.columns).collect();
    // The parent's affinity and collation decide, not the child's
    // (https://www.sqlite.org/foreignkeys.html#fk_basics).
    let same = join(&pairs, " AND ", |(parent, child)| {
        format!("p.{} = +c.{}", ident(parent), ident(child))
    });
    let from = format!(
        "FROM {child} AS c WHERE {given} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {same})"
    );
    let rows = db.count(&format!("SELECT count(*) {from}"))?;
    if rows == 0 {
        return Ok(None);
    }
    let columns = join(&key.columns, ", ", |column| format!("c.{}", ident(column)));
    let example = db.row("reading a row", &format!("SELECT {columns} {from} LIMIT 1"), |row| {
        let mut shown = Vec::new();
        for (position, column) in key.columns.iter().enumerate() {
            shown.push(format!("{column} = {}", row.shown(position)?));
        }
        Ok(shown.join(", "))
    });
    match example {
        Ok(example) => Ok(Some((rows, example))),
        // Repaired between the two reads.
        Err(Error::Database { source, .. }) if source.is_no_row() => Ok(None),
        Err(error) => Err(error),
    }
}
