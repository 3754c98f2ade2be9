//! Putting tombstones in the place of old tables.
//!
//! At the moment of the switch an old table gets a name of ours, and its tombstone takes its
//! own: so readers see the live rows from the first statement on, and not a table that is being
//! emptied. An old table that changed in place has such a name already, and no tombstone: its
//! former name is the new table's.

use crate::backend::sqlite::rename::{redefine, rename_alone};
use crate::backend::sqlite::triggers::tombstone::tombstone;
use crate::backend::sqlite::{Db, catalog, objects};
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::derive::target::Target;
use crate::error::Result;
use crate::migration::Migration;
use crate::migration::ddl::as_mirror;
use crate::model::build::Model;
use crate::model::definitions;
use crate::model::phase_objects::run;
use crate::phase::Side;
use crate::schema::{Change, Defined, Definition, Table};

/// Puts them, in the transaction at hand. `since` is when the migration was retired.
pub(crate) fn put(db: &Db, model: &Model, since: &str) -> Result<()> {
    // What a trigger does for a row that is deleted was done, or is not meant, when the table
    // as a whole goes.
    for table in model.old_tables() {
        drop_triggers(db, &table.name)?;
    }
    let mut replaced: Vec<&Target> = Vec::new();
    for target in model.backward.iter().filter(|target| !target.table.shared) {
        if db.has_table(&target.table.name)? {
            replaced.push(target);
        }
    }
    let mut ids = Vec::new();
    for target in &replaced {
        ids.push((&target.table.name, last_id(db, &target.table)?));
    }
    set_aside(db, model, &replaced)?;
    for (table, id) in ids {
        if let Some(id) = id {
            keep_last_id(db, table, id)?;
        }
    }
    let (names, migration) = (model.names, model.migration.name());
    let made: Vec<_> = replaced
        .iter()
        .flat_map(|target| tombstone(target, names, migration, since, &model.catalog))
        .collect();
    objects::create(db, "creating the tombstones", &made)
}

/// The tables of a retired migration that are still to be dropped, under whatever name.
pub(crate) fn still_there(db: &Db, migration: &Migration, names: Names) -> Result<Vec<String>> {
    let prefix = names.retired("");
    let mut tables: Vec<String> = objects::standing(db, &prefix, &[])?
        .into_iter()
        .filter(|object| object.kind == "table")
        .map(|object| object.name)
        .collect();
    for table in migration.old_tables().filter(|table| migration.replaces(table)) {
        let stored = match migration.shares(table) {
            true => Names::aside(Side::Old, table),
            // Under its own name where an older version retired it.
            false => table.to_owned(),
        };
        if db.has_table(&stored)? {
            tables.push(stored);
        }
    }
    Ok(tables)
}

fn drop_triggers(db: &Db, table: &str) -> Result<()> {
    let names = catalog::trigger_names(db, table)?;
    let drops: Vec<String> =
        names.iter().map(|name| format!("DROP TRIGGER {}", ident(name))).collect();
    run(db, "dropping triggers", &drops)
}

/// Gives the tables their names of ours.
fn set_aside(db: &Db, model: &Model, replaced: &[&Target]) -> Result<()> {
    let written = definitions::read_old(db, model)?;
    let mut changes = Vec::new();
    for target in replaced {
        let table = &target.table;
        let aside = model.names.retired(&table.known_as);
        let definition = written.iter().find(|definition| {
            definition.kind == Defined::Table && definition.name.eq_ignore_ascii_case(&table.name)
        });
        match definition.and_then(|definition| as_mirror(&definition.sql, &aside)) {
            Some(sql) => changes.push(Change {
                now: table.name.clone(),
                to: Definition { kind: Defined::Table, name: aside, sql },
            }),
            None => rename_alone(db, "renaming a retired table", &table.name, &aside)?,
        }
    }
    redefine(db, &changes)
}

/// The last id that an old table gave out, if it gives out none twice. With the table goes
/// the place where SQLite keeps it, and the new tables need not have it: where they hold such
/// ids in columns of another kind, only the application can go on counting.
fn last_id(db: &Db, table: &Table) -> Result<Option<i64>> {
    if !table.autoincrement || !db.has("sqlite_sequence")? {
        return Ok(None);
    }
    let sql = format!("SELECT max(seq) FROM sqlite_sequence WHERE name = {}", text(&table.name));
    db.row("reading a sequence", &sql, |row| row.get(0))
}

fn keep_last_id(db: &Db, table: &str, id: i64) -> Result<()> {
    let sql = format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({}, {id})", text(table));
    db.batch("recording a sequence", &sql)
}
