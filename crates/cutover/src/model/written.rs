//! Old tables as their author wrote them, while they are the mirror.
//!
//! A mirror's definition is one of ours: it has no foreign keys and may have another name. What
//! the sync is made of must not depend on that. The triggers of a phase are derived before the
//! handover, from the tables as they are then, and looked at later, from the tables as it left
//! them; and those for a rollback are derived before the tables have their foreign keys again.

use crate::backend::sqlite::{Db, Wall, catalog};
use crate::error::Result;
use crate::migration::ddl::as_mirror;
use crate::schema::{Defined, Definition, Table};

/// Gives a table of the mirror what only its written definition tells. One that a program has
/// defined otherwise meanwhile stays as it is: so it will be after the handover.
pub(super) fn as_written(db: &Db, table: Table, written: &[Definition]) -> Result<Table> {
    let same = |definition: &&Definition| {
        definition.kind == Defined::Table && definition.name.eq_ignore_ascii_case(&table.known_as)
    };
    let Some(definition) = written.iter().find(same) else { return Ok(table) };
    let is = catalog::definition(db, &table.name)?;
    if as_mirror(&definition.sql, &table.name) != Some(is) {
        return Ok(table);
    }
    let scratch = Db::memory()?;
    let create = || scratch.attempt(&definition.sql);
    // What SQLite accepts only in its place is as the database has it.
    if scratch.behind(Wall::Definition, create).is_err() {
        return Ok(table);
    }
    let found = catalog::table(&scratch, &definition.name)?;
    let Some(found) = found else { return Ok(table) };
    let mut columns = table.columns;
    for (column, own) in columns.iter_mut().zip(found.columns) {
        column.expression = own.expression;
        column.computed = own.computed;
    }
    Ok(Table {
        columns,
        foreign_keys: found.foreign_keys,
        has_checks: found.has_checks,
        checks: found.checks,
        replaces_by_default: found.replaces_by_default,
        autoincrement: found.autoincrement,
        ..table
    })
}
