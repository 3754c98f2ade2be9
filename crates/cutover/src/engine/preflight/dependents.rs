//! What else in the schema uses a table of the migration: whether it still works once the
//! table changes in place, is retired, or its tombstone is removed.
//!
//! SQLite itself says so. Each step is rehearsed on a copy of the schema without a row, and
//! every view, table and trigger that could be prepared before and can't be prepared after it
//! is named. Who uses a table is told by what SQLite rewrites when the table is renamed there.
//! So a name in a text, a comment, an alias or a column is never taken for the table, and what
//! was broken before is nobody's obstacle.

use std::collections::BTreeMap;

use crate::backend::sqlite::catalog::{self, Entry};
use crate::backend::sqlite::triggers::tombstone;
use crate::backend::sqlite::{Db, rehearse, state};
use crate::derive::names::Names;
use crate::derive::sql::{ident, join};
use crate::engine::transition::handover::{self, hand_over};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::{definitions, remains};
use crate::phase::{Side, Writes};
use crate::report::{Command, Fix, Problem};
use crate::schema::{ForeignKey, Table};

/// What works before the hand-over and not after it.
pub(crate) fn broken(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    if model.new_tables().all(|table| !table.shared) {
        return Ok(Vec::new());
    }
    let copy = copy_for(db, model)?;
    rehearse::hold_foreign_keys(&copy)?;
    let before = failing(&copy, &[])?;
    copy.batch("rehearsing a switch", "BEGIN")?;
    rehearse_hand_over(&copy, model, &model.written(Writes::New)?)?;
    let after = failing(&copy, &[])?;
    copy.batch("ending the rehearsal", "ROLLBACK")?;
    let tombstones = left_by_others(db, &model.migration)?;
    Ok(newly(&before, after)
        .map(|(what, Failing { name, reason })| {
            let left = tombstones.iter().find(|(view, _)| view.eq_ignore_ascii_case(&name));
            let fix = match left {
                Some((_, migration)) => forget_first(migration),
                None => "keep in the new table what is used, or first change or drop what uses it"
                    .into(),
            };
            Problem::new(
                format!("{what} would fail once the new table has the name: {reason}"),
                fix,
            )
        })
        .collect())
}

fn rehearse_hand_over(copy: &Db, from: &Model, to: &Model) -> Result<()> {
    hand_over(copy, (from, to), &handover::changes(copy, from, to)?)
}

/// What works before the old tables are gone and not with their tombstones; foreign keys, which
/// [`referring`] tells, are not among it.
pub(crate) fn broken_by_retiring(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let gone: Vec<String> = replaced(model).map(|table| table.known_as.clone()).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut problems = indexing(db, &gone)?;
    let copy = copy_for(db, model)?;
    let to = model.written(Writes::New)?;
    if model.named_side() == Side::Old && model.new_tables().any(|table| table.shared) {
        rehearse_hand_over(&copy, model, &to)?;
    }
    let before = failing(&copy, &gone)?;
    for target in to.backward.iter().filter(|target| !target.table.shared) {
        let drop = format!("DROP TABLE IF EXISTS {}", ident(&target.table.name));
        copy.batch("rehearsing a retirement", &drop)?;
    }
    for target in to.backward.iter().filter(|target| !target.table.shared) {
        copy.batch("rehearsing a retirement", &tombstone::view(target, &to.catalog).sql)?;
    }
    let names = gone.join(", ");
    problems.extend(newly(&before, failing(&copy, &gone)?).map(|(what, failing)| {
        // The tombstone of the copy has no triggers, so that this shows already here.
        let written = failing.reason.contains("because it is a view");
        let reason = if written {
            format!(
                "{what} would fail: its trigger writes to {names}, which refuse writes from \
            write-new on"
            )
        } else {
            format!("{what} would fail once the migration is retired ({names}): {}", failing.reason)
        };
        Problem::new(reason, "change or drop it first, or let it use the new tables")
    }));
    Ok(problems)
}

/// What works with these views and not without them.
pub(crate) fn broken_by_dropping(db: &Db, views: &[String]) -> Result<Vec<Problem>> {
    let copy = Db::memory()?;
    copy_schema(db, &copy, &[])?;
    let before = failing(&copy, views)?;
    for view in views {
        copy.batch("rehearsing", &format!("DROP VIEW IF EXISTS {}", ident(view)))?;
    }
    let after = failing(&copy, views)?;
    Ok(newly(&before, after)
        .map(|(what, Failing { reason, .. })| {
            let reason = format!("{what} would fail without it: {reason}");
            Problem::new(reason, "change or drop it first")
        })
        .collect())
}

/// The views and triggers that use old tables and will go on doing so with the tombstones.
pub(crate) fn users(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let mut notes = Vec::new();
    let copy = copy_for(db, model)?;
    let own: Vec<&str> = model.old_tables().map(|table| table.name.as_str()).collect();
    let texts = rehearse::views_and_triggers(&copy)?;
    for table in replaced(model).filter(|table| may_use(&texts, &table.name)) {
        let name = &table.known_as;
        for Entry { kind, name: user, on, .. } in rehearse::users_of(&copy, &table.name)? {
            if own.iter().any(|own| own.eq_ignore_ascii_case(&on)) {
                continue;
            }
            notes.push(Problem::new(
                format!(
                    "the {kind} {user} uses {name}, which is frozen from new-only on, and gives \
                     the live rows again from retired on"
                ),
                format!("let it read {} or the new tables", Names::live(name)),
            ));
        }
    }
    Ok(notes)
}

/// The foreign keys of tables outside of the migration that refer to its old tables: they
/// stand in the way of `retired`, not before.
pub(crate) fn referring(model: &Model) -> impl Iterator<Item = (&Table, &ForeignKey)> {
    let outside = model
        .catalog
        .old
        .iter()
        .filter(|table| model.old_tables().all(|old| old.name != table.name));
    // Where a new table has the name, it is the new one that is referred to.
    let goes =
        |key: &ForeignKey| replaced(model).any(|old| old.name.eq_ignore_ascii_case(&key.table));
    outside.flat_map(move |table| {
        table.foreign_keys.iter().filter(move |key| goes(key)).map(move |key| (table, key))
    })
}

/// The views under old names, and live views, that retired migrations left, each with the name
/// of its migration.
pub(crate) fn left_by_others(
    db: &Db,
    migration: &crate::migration::Migration,
) -> Result<Vec<(String, String)>> {
    let mut left = Vec::new();
    for record in state::all(db)?.into_iter().filter(|record| record.is_over()) {
        if record.name == migration.name() {
            continue;
        }
        let views = remains::views_of(db, &record)?;
        left.extend(views.into_iter().map(|view| (view, record.name.clone())));
    }
    Ok(left)
}

/// What to do about a view that a migration left which is over.
pub(crate) fn forget_first(migration: &str) -> Fix {
    let left = format!(
        "the finished migration {migration} left that view; if no program uses it any more, \
         remove it with "
    );
    Fix::from(left).with(Command::forget(migration))
}

/// The old tables that a tombstone will stand for.
fn replaced(model: &Model) -> impl Iterator<Item = &Table> {
    model.old_tables().filter(|table| !table.shared)
}

/// Full-text indexes of rows that an old table holds.
fn indexing(db: &Db, gone: &[String]) -> Result<Vec<Problem>> {
    let tables = catalog::virtual_tables(db)?;
    let used = |sql: &str| {
        let content = content_of(sql)?;
        gone.iter().find(|table| table.eq_ignore_ascii_case(&content))
    };
    Ok(tables
        .iter()
        .filter_map(|(name, sql)| {
            let table = used(sql)?;
            Some(Problem::new(
                format!("the table {name} indexes rows of {table}"),
                "change or drop it first",
            ))
        })
        .collect())
}

/// The table whose rows a virtual table indexes: the option `content` of FTS4 and FTS5
/// (<https://www.sqlite.org/fts5.html#external_content_tables>).
fn content_of(sql: &str) -> Option<String> {
    let arguments = sql.get(sql.find('(')? + 1..sql.rfind(')')?)?;
    arguments.split(',').find_map(|argument| {
        let (option, value) = argument.split_once('=')?;
        if !option.trim().eq_ignore_ascii_case("content") {
            return None;
        }
        let value = value.trim();
        let quoted = [('\'', '\''), ('"', '"'), ('`', '`'), ('[', ']')]
            .into_iter()
            .find_map(|(from, to)| value.strip_prefix(from)?.strip_suffix(to));
        Some(quoted.unwrap_or(value).to_owned())
    })
}

/// Why something can't be prepared, and the table or view it is about.
#[derive(Debug, Clone)]
struct Failing {
    name: String,
    reason: String,
}

/// What fails now and did not before.
fn newly(
    before: &BTreeMap<String, Failing>,
    after: BTreeMap<String, Failing>,
) -> impl Iterator<Item = (String, Failing)> {
    after.into_iter().filter(|(what, _)| !before.contains_key(what))
}

/// Every statement that can't be prepared, under what it is; triggers and foreign keys are
/// part of a statement on their table. What a view has no INSTEAD OF trigger for fails always.
fn failing(copy: &Db, but: &[String]) -> Result<BTreeMap<String, Failing>> {
    let mut failing = BTreeMap::new();
    let looked_at = |name: &str| !but.iter().any(|but| but.eq_ignore_ascii_case(name));
    let mut objects = catalog::application(copy)?;
    objects.retain(|it| matches!(it.kind.as_str(), "table" | "view") && looked_at(&it.name));
    for Entry { kind, name, .. } in objects {
        let quoted = ident(&name);
        let mut note = |what: String, sql: &str| {
            if let Err(error) = copy.prepares(sql) {
                failing.insert(what, Failing { name: name.clone(), reason: error.to_string() });
            }
        };
        note(format!("reading the {kind} {name}"), &format!("SELECT * FROM {quoted}"));
        note(format!("an INSERT into {name}"), &format!("INSERT INTO {quoted} DEFAULT VALUES"));
        if let Some(columns) = written(copy, &name) {
            let same = join(&columns, ", ", |column| format!("{0} = {0}", ident(column)));
            note(format!("an UPDATE of {name}"), &format!("UPDATE {quoted} SET {same}"));
        }
        note(format!("a DELETE from {name}"), &format!("DELETE FROM {quoted}"));
    }
    Ok(failing)
}

/// The columns that can be set; none where the view itself can't be read.
fn written(copy: &Db, name: &str) -> Option<Vec<String>> {
    catalog::column_names(copy, name).ok().filter(|columns| !columns.is_empty())
}

/// Whether a text can name the table at all. Nothing more is decided by it: a rename reads the
/// whole schema, and most tables are named nowhere.
fn may_use(texts: &[Entry], table: &str) -> bool {
    let name = table.to_ascii_lowercase();
    let doubled = name.contains(['"', '\'', '`']);
    let names_it = |sql: &String| sql.to_ascii_lowercase().contains(&name);
    doubled || texts.iter().any(|entry| entry.sql.as_ref().is_some_and(names_it))
}

/// The schema with what the migration makes and without what is its own.
fn copy_for(db: &Db, model: &Model) -> Result<Db> {
    let copy = Db::memory()?;
    let own: Vec<String> = model.old_tables().map(|table| Names::live(&table.known_as)).collect();
    copy_schema(db, &copy, &own)?;
    for definition in definitions::of_new(model) {
        // They exist already once the migration has started.
        let _ = copy.attempt(&definition.sql);
    }
    state::create(&copy)?;
    Ok(copy)
}

/// Copies the schema, but for these views and what has a name of ours.
fn copy_schema(db: &Db, copy: &Db, but: &[String]) -> Result<()> {
    let left_out = |name: &str| but.iter().any(|but| but.eq_ignore_ascii_case(name));
    for entry in catalog::application(db)?.into_iter().filter(|entry| !left_out(&entry.name)) {
        // What is made by another object (the tables of a full-text index) is there
        // already; what needs a module that is not compiled in here fails before and after.
        let _ = copy.attempt(entry.sql.as_deref().unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_text_index_says_whose_rows_it_indexes() {
        for (sql, content) in [
            ("CREATE VIRTUAL TABLE f USING fts5(t, w)", None),
            ("CREATE VIRTUAL TABLE f USING fts5(w, content='', tokenize = 'porter')", Some("")),
            ("CREATE VIRTUAL TABLE f USING fts5(w, content='t', content_rowid=id)", Some("t")),
            ("CREATE VIRTUAL TABLE f USING fts5(w, CONTENT = \"my t\")", Some("my t")),
            ("CREATE VIRTUAL TABLE f USING fts4(content=[t], w)", Some("t")),
            ("CREATE VIRTUAL TABLE f USING rtree(id, a, b)", None),
        ] {
            assert_eq!(content_of(sql).as_deref(), content, "{sql}");
        }
    }
}
