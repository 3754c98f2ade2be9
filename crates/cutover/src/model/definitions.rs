//! How the tables and indexes of a migration are defined in each role.
//!
//! The tables of the side that writes enter are defined as their authors wrote them. Those of
//! the mirror have no foreign keys, and stand under another name where the other side has
//! theirs. What a mirror refers to is decided by the source: a row may be derived before the
//! row it refers to has been copied, and a cascade of the source is derived like any change.

use std::collections::HashMap;

use super::build::Model;
use super::definitions;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::catalog::{self, Entry};
use crate::derive::names::Names;
use crate::error::Result;
use crate::migration::ddl::{as_mirror, index_as, on_table};
use crate::phase::Side;
use crate::schema::{Change, Defined, Definition};

/// The new tables and then their indexes, in the order of the file, as they are defined
/// while writes enter the sides that the model says.
pub(crate) fn of_new(model: &Model) -> Vec<Definition> {
    let ruling = model.writes.enter(Side::New);
    let tables = model.migration.tables.iter().filter_map(|created| {
        let name = model.catalog.new.get(&created.name)?.name.clone();
        let mirror = (!ruling).then(|| as_mirror(&created.sql, &name)).flatten();
        let sql = mirror.unwrap_or_else(|| created.sql.clone());
        Some(Definition { kind: Defined::Table, name, sql })
    });
    let indexes = model.migration.indexes.iter().filter_map(|created| {
        let table = model.catalog.new.get(&created.table)?;
        let (name, sql) = if ruling || !table.shared {
            (created.name.clone(), created.sql.clone())
        } else {
            let name = Names::aside(Side::New, &created.name);
            let sql = index_as(&created.sql, &name, &table.name)?;
            (name, sql)
        };
        Some(Definition { kind: Defined::Index, name, sql })
    });
    tables.chain(indexes).collect()
}

/// What becomes of the new tables and their indexes when the bearer changes.
pub(crate) fn new_changes(from: &Model, to: &Model) -> Vec<Change> {
    let now = of_new(from).into_iter().map(|definition| definition.name);
    now.zip(of_new(to)).map(|(now, to)| Change { now, to }).collect()
}

/// The old tables that the migration replaces, and their indexes, as their author wrote
/// them. Read while they are the source.
pub(crate) fn read_old(db: &Db, model: &Model) -> Result<Vec<Definition>> {
    // Looked through once: there may be hundreds of tables, and it happens in a switch.
    let entries = catalog::entries(db)?;
    let mut on: HashMap<String, Vec<&Entry>> = HashMap::new();
    for entry in &entries {
        on.entry(entry.on.to_ascii_lowercase()).or_default().push(entry);
    }
    let mut all = Vec::new();
    for table in model.old_tables() {
        let found = on.get(&table.name.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice);
        for kind in [Defined::Table, Defined::Index] {
            let of_kind = found.iter().filter(|entry| entry.kind == kind.name());
            all.extend(of_kind.filter_map(|entry| {
                Some(Definition { kind, name: entry.name.clone(), sql: entry.sql.clone()? })
            }));
        }
    }
    Ok(all)
}

/// What becomes of the old tables' definitions when they become the mirror. `written` is
/// what [`read_old`] gave, `model` the one in which the new side has the names.
pub(crate) fn old_aside(model: &Model, written: &[Definition]) -> Vec<Change> {
    let mut table = None;
    let mut changes = Vec::new();
    for definition in written {
        match definition.kind {
            Defined::Table => {
                table = model.catalog.old.get(&definition.name);
                let Some(table) = table else { continue };
                // What can't be taken apart stays as it was written; `check` refuses it where
                // the name changes.
                if let Some(sql) = as_mirror(&definition.sql, &table.name) {
                    let (now, name) = (definition.name.clone(), table.name.clone());
                    changes.push(Change { now, to: Definition { name, sql, ..*definition } });
                }
            }
            Defined::Index => {
                let Some(table) = table.filter(|_| is_taken(model, &definition.name)) else {
                    continue;
                };
                let name = Names::aside(Side::Old, &definition.name);
                if let Some(sql) = index_as(&definition.sql, &name, &table.name) {
                    let now = definition.name.clone();
                    changes.push(Change { now, to: Definition { name, sql, ..*definition } });
                }
            }
        }
    }
    changes
}

/// Undoes [`old_aside`]: everything as it was written.
pub(crate) fn old_restored(model: &Model, written: &[Definition]) -> Vec<Change> {
    written
        .iter()
        .map(|definition| {
            let aside = match definition.kind {
                Defined::Table => model.migration.shares(&definition.name),
                Defined::Index => is_taken(model, &definition.name),
            };
            let now = match aside {
                true => Names::aside(Side::Old, &definition.name),
                false => definition.name.clone(),
            };
            Change { now, to: definition.clone() }
        })
        .collect()
}

/// The old tables' definitions as [`old_aside`] left them.
pub(crate) fn as_aside(model: &Model, written: &[Definition]) -> Vec<Definition> {
    let changes = old_aside(model, written);
    let mut table = String::new();
    let as_left = |definition: &Definition| {
        let same =
            |change: &&Change| change.to.kind == definition.kind && change.now == definition.name;
        let changed = changes.iter().find(same).map(|change| change.to.clone());
        let left = changed.unwrap_or_else(|| definition.clone());
        match definition.kind {
            Defined::Table => table.clone_from(&left.name),
            // An index whose own name nobody takes still follows its table.
            Defined::Index if left == *definition => {
                let on = on_table(&left.sql).filter(|on| !on.eq_ignore_ascii_case(&table));
                let sql = on.and_then(|_| index_as(&left.sql, &left.name, &table));
                return Definition { sql: sql.unwrap_or(left.sql), ..left };
            }
            Defined::Index => {}
        }
        left
    };
    written.iter().map(as_left).collect()
}

/// The changes for a schema in which a program has defined a table or an index otherwise since
/// it was `made`: what the program made of it stays, under the name it is to have. A mirror has
/// no foreign keys then either.
pub(crate) fn as_redefined(
    changes: Vec<Change>,
    made: &[Definition],
    present: &[Definition],
) -> Vec<Change> {
    let find = |all: &[Definition], kind: Defined, name: &str| {
        let found = |d: &&Definition| d.kind == kind && d.name.eq_ignore_ascii_case(name);
        all.iter().find(found).cloned()
    };
    let kept = |change: Change| {
        let Change { now, to } = &change;
        let (Some(is), Some(was)) = (find(present, to.kind, now), find(made, to.kind, now)) else {
            return change;
        };
        if is.sql == was.sql {
            return change;
        }
        let sql = match to.kind {
            Defined::Table if is.name == to.name => Some(is.sql.clone()),
            Defined::Table => as_mirror(&is.sql, &to.name),
            Defined::Index => {
                on_table(&to.sql).and_then(|table| index_as(&is.sql, &to.name, &table))
            }
        };
        match sql {
            Some(sql) => Change { now: change.now, to: Definition { sql, ..change.to } },
            None => change,
        }
    };
    changes.into_iter().map(kept).collect()
}

/// Whether an index of a new table takes this name when the new side has the names.
fn is_taken(model: &Model, index: &str) -> bool {
    model.migration.indexes.iter().any(|created| {
        created.name.eq_ignore_ascii_case(index) && model.migration.shares(&created.table)
    })
}

/// The statements that create the new tables, their indexes, and the indexes that
/// the sync needs on them.
pub(crate) fn new_table_statements(model: &Model) -> Vec<String> {
    let defined = definitions::of_new(model).into_iter().map(|definition| definition.sql);
    let needed = model
        .missing_indexes()
        .into_iter()
        .filter(|(_, needed)| needed.side == crate::phase::Side::New)
        .map(|(name, needed)| needed.sql(&name));
    defined.chain(needed).collect()
}
