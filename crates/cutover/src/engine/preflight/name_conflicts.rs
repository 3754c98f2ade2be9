//! Names that the migration's objects will have, and that something else in the database has
//! already: it would be in the way, or be taken for the migration's and dropped with it.

use super::dependents::{forget_first, left_by_others};
use crate::backend::sqlite::{Db, catalog};
use crate::derive::names::Names;
use crate::error::Result;
use crate::model::build::Model;
use crate::model::remains;
use crate::phase::Side;
use crate::report::Problem;
use crate::schema::Index;

/// What to do about a name that is taken.
const OCCUPIED: &str = "choose another name, or remove what has it";

/// Names that the migration will create and that something has already.
pub(crate) fn name_conflicts(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let migration = &model.migration;
    let mut names: Vec<(String, Option<usize>)> = Vec::new();
    for table in &migration.tables {
        let line = Some(table.at.line);
        if migration.shares(&table.name) {
            names.extend(Side::BOTH.map(|side| (Names::aside(side, &table.name), line)));
        } else {
            names.push((table.name.clone(), line));
        }
    }
    for index in &migration.indexes {
        let line = Some(index.at.line);
        let shared = model.catalog.old.get(&index.table).filter(|table| table.shared);
        if shared.is_some() {
            names.extend(Side::BOTH.map(|side| (Names::aside(side, &index.name), line)));
        }
        // An index of the table that changes in place may have the name: it steps aside.
        let own = |other: &Index| other.name.eq_ignore_ascii_case(&index.name);
        if !shared.is_some_and(|table| table.indexes.iter().any(own)) {
            names.push((index.name.clone(), line));
        }
    }
    names.extend(model.old_tables().map(|table| (Names::live(&table.known_as), None)));
    let left = left_by_others(db, &model.migration)?;
    let mut problems = Vec::new();
    for (name, line) in names {
        if db.has(&name)? {
            let by = left.iter().find(|(view, _)| view.eq_ignore_ascii_case(&name));
            let reason = format!("the database already has something named {name}");
            let fix = by.map_or_else(|| OCCUPIED.into(), |(_, m)| forget_first(m));
            problems.push(Problem { line, ..Problem::new(reason, fix) });
        }
    }
    Ok(problems)
}

/// What has a name that begins as those of this migration's objects will, or as those of kept rows
/// in other letters. Removing these goes by their names.
pub(crate) fn occupied(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let mut found = catalog::begin_with_in_any_case(db, &model.names.prefix())?;
    let kept = catalog::begin_with_in_any_case(db, remains::KEPT)?;
    found.extend(kept.into_iter().filter(|(_, name)| !name.starts_with(remains::KEPT)));
    let reason = |(kind, name)| {
        format!("the database has the {kind} {name}, which would be taken for cutover's")
    };
    Ok(found.into_iter().map(|what| Problem::new(reason(what), OCCUPIED)).collect())
}
