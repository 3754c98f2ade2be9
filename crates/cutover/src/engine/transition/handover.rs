//! Handing over to the other side, in the transaction in which writes begin to enter it:
//! the names that both sides have, the foreign keys, the sequences of ids.
//!
//! Nothing else in the schema changes: what refers to a table by its name leads to whoever
//! bears it. `ALTER TABLE … RENAME` would rewrite those references, so that they go on leading
//! to the same rows, and building an index anew under another name would hold writers off for
//! as long as the table is large. So the definitions are changed by writing `sqlite_schema`,
//! as SQLite documents for changes that touch no row
//! (<https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes>).
//! SQLite reads them anew in the same transaction; then every table is compared with what it
//! was, and the rest of the schema too.

use rusqlite::params;

use super::redefined::{Row, redefined};
use crate::backend::sqlite::{Db, catalog, state};
use crate::derive::sequences::sequences;
use crate::derive::sql::{ident, join, text};
use crate::error::{Refusal, Result};
use crate::model::build::Model;
use crate::model::definitions::{self, Change};
use crate::model::phase_objects::run;
use crate::phase::{Direction, Side};
use crate::schema::{Defined, Definition, Table};

/// Makes the side that `to` says the bearer of the shared names. The sync's objects are gone
/// at this moment.
pub(crate) fn hand_over(db: &Db, from: &Model, to: &Model) -> Result<()> {
    let doing = "handing over the tables' names";
    let before = others(db, from, to)?;
    let changes = match to.bearer {
        Side::New => {
            let written = definitions::read_old(db, from)?;
            state::keep_definitions(db, from.names.migration, &written)?;
            let mut changes = definitions::old_aside(to, &written);
            changes.extend(definitions::new_changes(from, to));
            let mut made = definitions::of_new(from);
            made.extend(written);
            definitions::as_redefined(changes, &made, &defined(db)?)
        }
        Side::Old => {
            let written = state::definitions(db, from.names.migration)?;
            let mut changes = definitions::new_changes(from, to);
            changes.extend(definitions::old_restored(to, &written));
            let mut made = definitions::of_new(from);
            made.extend(definitions::as_aside(from, &written));
            definitions::as_redefined(changes, &made, &defined(db)?)
        }
    };
    let triggers = own_triggers(db, from)?;
    run(db, doing, &triggers.iter().map(|(name, _)| drop_trigger(name)).collect::<Vec<_>>())?;
    redefine(db, &changes)?;
    // In the order in which they were made: SQLite runs the last one made first.
    run(db, doing, &triggers.into_iter().map(|(_, sql)| sql).collect::<Vec<_>>())?;
    let direction = match to.bearer {
        Side::New => Direction::Forward,
        Side::Old => Direction::Backward,
    };
    if db.has("sqlite_sequence")? {
        run(db, "carrying the sequences over", &sequences(to.targets(direction), &to.catalog))?;
    }
    if others(db, from, to)? != before {
        return Err(Refusal {
            action: doing.to_owned(),
            reason: "something else in the schema would change".to_owned(),
            fix: "report this as a bug, with the database's schema".to_owned(),
            examples: Vec::new(),
        }
        .into());
    }
    Ok(())
}

/// The statements of a hand-over to the new side, to be read by people.
pub(crate) fn planned(db: &Db, from: &Model, to: &Model) -> Result<Vec<String>> {
    let written = definitions::read_old(db, from)?;
    let mut changes = definitions::old_aside(to, &written);
    changes.extend(definitions::new_changes(from, to));
    let mut before = definitions::of_new(from);
    before.extend(written);
    let changed = changes.into_iter().filter(|change| !before.contains(&change.to));
    let mut statements: Vec<String> = changed
        .map(|Change { now, to }| {
            format!(
                "UPDATE sqlite_schema SET name = {}, sql = {} WHERE type = '{}' AND name = {}",
                text(&to.name),
                text(&to.sql),
                to.kind.name(),
                text(&now)
            )
        })
        .collect();
    statements.extend(sequences(&to.forward, &to.catalog));
    Ok(statements)
}

/// Writes the definitions that differ from those recorded.
pub(crate) fn redefine(db: &Db, changes: &[Change]) -> Result<()> {
    let doing = "changing definitions";
    let edits = redefined(&schema(db)?, changes);
    if edits.is_empty() {
        return Ok(());
    }
    let edited = |change: &&Change| {
        let is_it = |row: &Row| row.table == change.to.name;
        change.to.kind == Defined::Table && edits.iter().any(is_it)
    };
    let tables: Vec<&Change> = changes.iter().filter(edited).collect();
    let before: Vec<_> =
        tables.iter().map(|change| shape(db, &change.now)).collect::<Result<_>>()?;
    db.batch(doing, "PRAGMA writable_schema = ON")?;
    let written = write(db, &edits);
    // Forgets the schema. It is read anew by what follows: there a definition fails that SQLite
    // does not accept.
    db.batch(doing, "PRAGMA writable_schema = RESET")?;
    written.map_err(|source| db.error(doing, source))?;
    db.read_schema_anew(doing)?;
    for (change, before) in tables.into_iter().zip(before) {
        if shape(db, &change.to.name)? != before {
            return Err(Refusal {
                action: doing.to_owned(),
                reason: format!("the table {} would change its shape", change.to.name),
                fix: "report this as a bug, with the table's definition".to_owned(),
                examples: Vec::new(),
            }
            .into());
        }
    }
    rename_in_statistics(db, changes)
}

fn write(db: &Db, edits: &[Row]) -> rusqlite::Result<()> {
    let mut update = db.conn().prepare(
        "UPDATE main.sqlite_schema SET name = ?2, tbl_name = ?3, sql = ?4 WHERE rowid = ?1",
    )?;
    for row in edits {
        update.execute(params![row.rowid, row.name, row.table, row.sql])?;
    }
    Ok(())
}

/// Where SQLite keeps the sequences and the statistics of tables and indexes, under their names.
pub(crate) const STATISTICS: [(&str, &str); 7] = [
    ("sqlite_sequence", "name"),
    ("sqlite_stat1", "tbl"),
    ("sqlite_stat1", "idx"),
    ("sqlite_stat3", "tbl"),
    ("sqlite_stat3", "idx"),
    ("sqlite_stat4", "tbl"),
    ("sqlite_stat4", "idx"),
];

fn rename_in_statistics(db: &Db, changes: &[Change]) -> Result<()> {
    let renamed: Vec<&Change> = changes.iter().filter(|c| c.now != c.to.name).collect();
    if renamed.is_empty() {
        return Ok(());
    }
    let cases = join(&renamed, " ", |c| format!("WHEN {} THEN {}", text(&c.now), text(&c.to.name)));
    for (table, column) in STATISTICS {
        if db.has(table)? {
            let sql =
                format!("UPDATE {table} SET {column} = CASE {column} {cases} ELSE {column} END");
            db.batch("renaming in the statistics", &sql)?;
        }
    }
    Ok(())
}

/// Everything that is known of a table, but for its name and its foreign keys.
fn shape(db: &Db, name: &str) -> Result<Option<Table>> {
    let table = catalog::table(db.conn(), "main", name)
        .map_err(|source| db.error("reading a table", source))?;
    Ok(table.map(|mut table| {
        table.name.clear();
        table.known_as.clear();
        table.foreign_keys.clear();
        // They may name the table; that there are as many as before is looked at.
        table.checks.iter_mut().for_each(|check| check.sql.clear());
        table.triggers.clear();
        table.indexes.iter_mut().for_each(|index| index.name.clear());
        // Told by words that may stand in the name a foreign key refers to.
        (table.has_checks, table.replaces_by_default, table.autoincrement) = (false, false, false);
        table
    }))
}

/// The application's triggers on tables whose name changes hands, oldest first: they belong
/// to the name.
fn own_triggers(db: &Db, model: &Model) -> Result<Vec<(String, String)>> {
    let bearer = model.catalog.side(model.bearer);
    let mut all = Vec::new();
    for table in bearer.iter().filter(|table| table.shared) {
        let triggers = catalog::triggers(db.conn(), "main", &table.name)
            .map_err(|source| db.error("reading the triggers", source))?;
        all.extend(triggers.into_iter().map(|trigger| (trigger.name, trigger.sql)));
    }
    Ok(all)
}

fn drop_trigger(name: &str) -> String {
    format!("DROP TRIGGER {}", ident(name))
}

/// The schema as it is recorded.
fn schema(db: &Db) -> Result<Vec<Row>> {
    let read = || -> rusqlite::Result<Vec<Row>> {
        db.conn()
            .prepare("SELECT rowid, type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type, name")?
            .query_map([], |row| {
                Ok(Row {
                    rowid: row.get(0)?,
                    kind: row.get(1)?,
                    name: row.get(2)?,
                    table: row.get(3)?,
                    sql: row.get(4)?,
                })
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the schema", source))
}

/// The tables and indexes as they are recorded.
fn defined(db: &Db) -> Result<Vec<Definition>> {
    let kind = |row: &Row| {
        [Defined::Table, Defined::Index].into_iter().find(|kind| kind.name() == row.kind)
    };
    let rows = schema(db)?.into_iter();
    Ok(rows
        .filter_map(|row| Some(Definition { kind: kind(&row)?, name: row.name, sql: row.sql? }))
        .collect())
}

/// The schema without the tables of the migration and what is on them, but for triggers.
fn others(db: &Db, from: &Model, to: &Model) -> Result<Vec<Row>> {
    let mut own: Vec<String> = Vec::new();
    for model in [from, to] {
        own.extend(model.old_tables().chain(model.new_tables()).map(|t| t.name.to_lowercase()));
    }
    let mut rows = schema(db)?;
    rows.retain(|row| row.kind == "trigger" || !own.contains(&row.table.to_lowercase()));
    // A trigger that was made anew stands in another row.
    rows.iter_mut().for_each(|row| row.rowid = 0);
    Ok(rows)
}
