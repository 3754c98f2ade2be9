//! What else in the schema uses a table that changes in place: whether it still works once
//! the new table bears the name. Rehearsed on a copy of the schema, with the very hand-over
//! that the switch makes; SQLite itself says what does not work.

use std::collections::BTreeMap;

use super::definitions;
use super::handover::hand_over;
use super::model::Model;
use crate::backend::sqlite::{Db, state};
use crate::derive::sql::{ident, join};
use crate::error::Result;
use crate::phase::Side;
use crate::report::Problem;

/// What worked before the hand-over and does not after it.
pub(crate) fn broken(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    if model.new_tables().all(|table| !table.shared) {
        return Ok(Vec::new());
    }
    let copy = whole_schema(db)?;
    for definition in definitions::of_new(model) {
        // They exist already once the migration has started.
        let _ = copy.conn().execute_batch(&definition.sql);
    }
    state::create(&copy)?;
    copy.batch("preparing the copy", "PRAGMA foreign_keys = ON")?;
    let before = failing(&copy)?;
    copy.batch("rehearsing a switch", "BEGIN")?;
    hand_over(&copy, model, &model.borne_by(Side::New)?)?;
    let after = failing(&copy)?;
    copy.batch("ending the rehearsal", "ROLLBACK")?;
    let broken = after.into_iter().filter(|(what, _)| !before.contains_key(what));
    Ok(broken
        .map(|(what, reason)| Problem {
            line: None,
            column: None,
            reason: format!("{what} would fail once the new table bears the name: {reason}"),
            fix: "let the new table keep what is used, or change or drop what uses it first"
                .to_owned(),
        })
        .collect())
}

/// Every statement that can't be prepared, under what it is; triggers and foreign keys are
/// part of a statement on their table.
fn failing(copy: &Db) -> Result<BTreeMap<String, String>> {
    let objects: Vec<(String, String)> = {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            copy.conn()
                .prepare(
                    "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') \
                     AND substr(name, 1, 9) <> '_cutover_' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read().map_err(|source| copy.error("reading the schema", source))?
    };
    let mut failing = BTreeMap::new();
    for (kind, name) in objects {
        let quoted = ident(&name);
        let mut note = |what: String, sql: &str| {
            if let Err(error) = copy.conn().prepare(sql) {
                failing.insert(what, error.to_string());
            }
        };
        note(format!("reading the {kind} {name}"), &format!("SELECT * FROM {quoted}"));
        let instead = |event: &str| -> bool {
            kind == "table" || has_instead_of(copy, &name, event).unwrap_or(false)
        };
        if instead("INSERT") {
            note(format!("an INSERT into {name}"), &format!("INSERT INTO {quoted} DEFAULT VALUES"));
        }
        if instead("UPDATE")
            && let Some(columns) = written(copy, &name)
        {
            let same = join(&columns, ", ", |column| format!("{0} = {0}", ident(column)));
            note(format!("an UPDATE of {name}"), &format!("UPDATE {quoted} SET {same}"));
        }
        if instead("DELETE") {
            note(format!("a DELETE from {name}"), &format!("DELETE FROM {quoted}"));
        }
    }
    Ok(failing)
}

fn has_instead_of(copy: &Db, view: &str, event: &str) -> rusqlite::Result<bool> {
    copy.conn().query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger' \
         AND tbl_name = ?1 COLLATE NOCASE AND sql LIKE '%INSTEAD OF ' || ?2 || '%')",
        [view, event],
        |row| row.get(0),
    )
}

/// The columns that can be set; none where the view itself can't be read.
fn written(copy: &Db, name: &str) -> Option<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        copy.conn()
            .prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0")?
            .query_map([name], |row| row.get(0))?
            .collect()
    };
    read().ok().filter(|columns| !columns.is_empty())
}

/// The application's schema in memory, without a row.
fn whole_schema(db: &Db) -> Result<Db> {
    let copy = Db::memory()?;
    let read = || -> rusqlite::Result<Vec<String>> {
        db.conn()
            .prepare(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' \
                 AND substr(name, 1, 9) <> '_cutover_' AND substr(name, 1, 13) <> 'cutover_live_' \
                 ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    for sql in read().map_err(|source| db.error("reading the schema", source))? {
        // What is made by another object (the tables of a full-text index) is there
        // already; what needs a module that is not compiled in here fails before and after.
        let _ = copy.conn().execute_batch(&sql);
    }
    Ok(copy)
}
