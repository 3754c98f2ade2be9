//! Definitions that change without a row being touched: other names, no foreign keys.
//!
//! `ALTER TABLE … RENAME` would rewrite what refers to a table, so that it goes on leading to
//! the same rows; and building an index anew under another name would hold writers off for as
//! long as the table is large. So the definitions are changed by writing `sqlite_schema`, as
//! SQLite documents for changes that touch no row
//! (<https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes>).
//! SQLite reads them anew in the same transaction; then every table is compared with what it
//! was.

use rusqlite::params;

use super::redefined::redefined;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::catalog::{self, Entry};
use crate::derive::sql::{ident, join, text};
use crate::error::{Refusal, Result};
use crate::schema::{Change, Defined, Table};

/// Whether a definition differs from what is recorded.
pub(crate) fn redefines(db: &Db, changes: &[Change]) -> Result<bool> {
    Ok(!changes.is_empty() && !redefined(&catalog::entries(db)?, changes).is_empty())
}

/// Writes the definitions that differ from those recorded.
pub(crate) fn redefine(db: &Db, changes: &[Change]) -> Result<()> {
    let doing = "changing definitions";
    let edits = redefined(&catalog::entries(db)?, changes);
    if edits.is_empty() {
        return Ok(());
    }
    let edited = |change: &&Change| {
        let is_it = |entry: &Entry| entry.on == change.to.name;
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
            return Err(Refusal::new(
                doing,
                format!("the table {} would change its shape", change.to.name),
                "report this as a bug, with the table's definition",
            )
            .into());
        }
    }
    rename_in_statistics(db, changes)
}

fn write(db: &Db, edits: &[Entry]) -> rusqlite::Result<()> {
    let mut update = db.conn().prepare(
        "UPDATE main.sqlite_schema SET name = ?2, tbl_name = ?3, sql = ?4 WHERE rowid = ?1",
    )?;
    for entry in edits {
        update.execute(params![entry.place, entry.name, entry.on, entry.sql])?;
    }
    Ok(())
}

/// Where SQLite keeps the sequences and the statistics of tables and indexes, under their names.
const STATISTICS: [(&str, &str); 7] = [
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
    Ok(catalog::table(db, name)?.map(|mut table| {
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

/// What ANALYZE noted of our tables and indexes.
pub(crate) fn forget_statistics(db: &Db) -> Result<()> {
    for (table, column) in STATISTICS {
        if db.has(table)? {
            let sql =
                format!("DELETE FROM {table} WHERE {column} LIKE '\\_cutover\\_%' ESCAPE '\\'");
            db.batch("forgetting the statistics", &sql)?;
        }
    }
    Ok(())
}

/// Gives a table another name, and leaves alone what names it elsewhere. Slower with many
/// tables than [`redefine`].
pub(crate) fn rename_alone(db: &Db, doing: &str, table: &str, name: &str) -> Result<()> {
    db.batch(
        doing,
        &format!(
            "PRAGMA legacy_alter_table = ON; ALTER TABLE {} RENAME TO {}; \
             PRAGMA legacy_alter_table = OFF",
            ident(table),
            ident(name)
        ),
    )
}

/// A change as a statement, to be read by people.
pub(crate) fn statement(Change { now, to }: &Change) -> String {
    format!(
        "UPDATE sqlite_schema SET name = {}, sql = {} WHERE type = '{}' AND name = {}",
        text(&to.name),
        text(&to.sql),
        to.kind.name(),
        text(now)
    )
}
