//! What the schema lists: names, kinds and statements.

use std::collections::HashMap;

use crate::backend::sqlite::{Answer, Connection, Db, Row};
use crate::error::Result;
use crate::schema::AppTrigger;

/// Objects whose names begin so are ours.
pub(crate) const OURS: &str = "_cutover_";

/// An object as the schema lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it is listed. What is made later comes after, but for gaps that are filled.
    pub(crate) place: i64,
    /// `table`, `index`, `view` or `trigger`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The table or view that it is on; its own name, where it is one.
    pub(crate) on: String,
    /// Nothing for an index that a constraint made.
    pub(crate) sql: Option<String>,
}

impl Connection {
    /// Everything that the schema lists, in its order.
    pub(crate) fn entries(&self) -> Answer<Vec<Entry>> {
        const ALL: &str =
            "SELECT rowid, type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY rowid";
        self.rows(ALL, &[], |row| {
            Ok(Entry {
                place: row.get(0)?,
                kind: row.get(1)?,
                name: row.get(2)?,
                on: row.get(3)?,
                sql: row.get(4)?,
            })
        })
    }

    /// What has rows and takes no triggers, and what it is: `view`, `virtual table` or
    /// `shadow table`.
    pub(crate) fn apart(&self) -> Answer<Vec<(String, String)>> {
        self.rows(
            "SELECT name, iif(type = 'view', 'view', type || ' table') FROM pragma_table_list \
             WHERE schema = 'main' AND type IN ('view', 'virtual', 'shadow') \
             AND name NOT LIKE '\\_cutover\\_%' ESCAPE '\\' ORDER BY name",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// The columns of a table or view that an INSERT may name; none where there is no such.
    pub(crate) fn column_names(&self, table: &str) -> Answer<Vec<String>> {
        self.texts(
            "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid",
            &[table.into()],
        )
    }
}

/// Everything that the schema lists, in its order.
pub(crate) fn entries(db: &Db) -> Result<Vec<Entry>> {
    told(db, db.connection().entries())
}

/// The application's objects, each with its statement, in an order in which they can be made:
/// tables, indexes, views, triggers.
pub(crate) fn application(db: &Db) -> Result<Vec<Entry>> {
    let rank = |entry: &Entry| match entry.kind.as_str() {
        "table" => 0,
        "index" => 1,
        "view" => 2,
        _ => 3,
    };
    let mut found = entries(db)?;
    found.retain(|entry| {
        entry.sql.is_some() && !entry.name.starts_with("sqlite_") && !entry.name.starts_with(OURS)
    });
    found.sort_by_key(rank);
    Ok(found)
}

/// What has rows and takes no triggers, and what it is.
pub(crate) fn apart(db: &Db) -> Result<Vec<(String, String)>> {
    told(db, db.connection().apart())
}

/// The columns of a table that an INSERT may name.
pub(crate) fn column_names(db: &Db, table: &str) -> Result<Vec<String>> {
    told(db, db.connection().column_names(table))
}

impl Db {
    /// Whether there is something of this name, whatever it is. SQLite compares names without
    /// case.
    pub(crate) fn has(&self, name: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE)";
        told(self, self.connection().row(sql, &[name.into()], |row| row.get(0)))
    }

    /// Whether there is a table of this name; a view is none.
    pub(crate) fn has_table(&self, name: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema \
                   WHERE type = 'table' AND name = ?1 COLLATE NOCASE)";
        told(self, self.connection().row(sql, &[name.into()], |row| row.get(0)))
    }
}

/// Where the schema lists each table: whoever asks of many looks through it once.
#[derive(Debug)]
pub(crate) struct Places(HashMap<String, i64>);

impl Places {
    pub(crate) fn read(db: &Db) -> Result<Self> {
        let sql = "SELECT name, rowid FROM main.sqlite_schema WHERE type = 'table'";
        let found: Vec<(String, i64)> =
            db.rows(READING, sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self(found.into_iter().map(|(name, at)| (name.to_ascii_lowercase(), at)).collect()))
    }

    /// Where it lists the table of this name, if there is one.
    pub(crate) fn of(&self, table: &str) -> Option<i64> {
        self.0.get(&table.to_ascii_lowercase()).copied()
    }
}

/// The objects of a kind whose names begin so.
pub(crate) fn named(db: &Db, kind: &str, prefix: &str) -> Result<Vec<String>> {
    let found = begin_with(db, prefix)?.into_iter().filter(|(is, _)| is == kind);
    Ok(found.map(|(_, name)| name).collect())
}

/// The kinds and names of all objects whose names begin so. Letter case counts: we write our names
/// in one way only, and what an application calls `_CUTOVER_…` is the application's.
pub(crate) fn begin_with(db: &Db, prefix: &str) -> Result<Vec<(String, String)>> {
    let mut found = begin_with_in_any_case(db, prefix)?;
    found.retain(|(_, name)| name.starts_with(prefix));
    Ok(found)
}

/// The same in whatever letter case: SQLite would give none of these names to another object.
pub(crate) fn begin_with_in_any_case(db: &Db, prefix: &str) -> Result<Vec<(String, String)>> {
    db.rows(
        READING,
        "SELECT type, name FROM main.sqlite_schema \
         WHERE substr(name, 1, length(?1)) = ?1 COLLATE NOCASE ORDER BY name",
        &[prefix.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The names of the ordinary tables that are not SQLite's or ours. A virtual table, which has
/// no page of its own, is not even asked for its columns: its module may be one that only the
/// application has.
pub(crate) fn table_names(db: &Db) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND substr(name, 1, 9) <> '{OURS}' ORDER BY rowid"
    );
    db.texts(READING, &sql, &[])
}

/// The virtual tables, each with its statement.
pub(crate) fn virtual_tables(db: &Db) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, sql FROM main.sqlite_schema \
               WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL %' ORDER BY rowid";
    db.rows(READING, sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The statement that made a table.
pub(crate) fn definition(db: &Db, table: &str) -> Result<String> {
    let sql =
        "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    told(db, db.connection().row(sql, &[table.into()], |row| row.get(0)))
}

/// The names and statements of a table's objects of a kind, oldest first. A table is on itself.
pub(crate) fn definitions_on(db: &Db, kind: &str, table: &str) -> Result<Vec<(String, String)>> {
    db.rows(
        READING,
        "SELECT name, sql FROM main.sqlite_schema WHERE type = ?1 \
         AND tbl_name = ?2 COLLATE NOCASE AND sql IS NOT NULL ORDER BY rowid",
        &[kind.into(), table.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The names of all triggers on a table or view, ours too.
pub(crate) fn trigger_names(db: &Db, table: &str) -> Result<Vec<String>> {
    let found = definitions_on(db, "trigger", table)?;
    Ok(found.into_iter().map(|(name, _)| name).collect())
}

/// The tables and views with triggers whose names begin so.
pub(crate) fn tables_with_triggers(db: &Db, prefix: &str) -> Result<Vec<String>> {
    db.texts(
        READING,
        "SELECT DISTINCT tbl_name FROM main.sqlite_schema \
         WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1 ORDER BY tbl_name",
        &[prefix.into()],
    )
}

/// The views with triggers whose names begin so.
pub(crate) fn views_with_triggers(db: &Db, prefix: &str) -> Result<Vec<String>> {
    db.texts(
        READING,
        "SELECT name FROM main.sqlite_schema WHERE type = 'view' AND lower(name) IN \
         (SELECT lower(tbl_name) FROM main.sqlite_schema \
          WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1) ORDER BY name",
        &[prefix.into()],
    )
}

/// The application's triggers on tables and views, oldest first.
pub(crate) fn all_triggers(db: &Db) -> Result<Vec<AppTrigger>> {
    let sql = format!(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' \
         AND substr(name, 1, 9) <> '{OURS}' ORDER BY rowid"
    );
    db.rows(READING, &sql, &[], trigger)
}

/// The application's triggers, oldest first, each with the table or view that it is on.
pub(crate) fn triggers_with_tables(db: &Db) -> Result<Vec<(String, AppTrigger)>> {
    let sql = format!(
        "SELECT name, sql, tbl_name FROM main.sqlite_schema WHERE type = 'trigger' \
         AND substr(name, 1, 9) <> '{OURS}' ORDER BY rowid"
    );
    let read = |row: &Row<'_>| Ok((row.get(2)?, trigger(row)?));
    told(db, db.connection().rows(&sql, &[], read))
}

/// The application's triggers on a table, oldest first.
pub(super) fn triggers_of(connection: &Connection, table: &str) -> Answer<Vec<AppTrigger>> {
    let sql = format!(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' \
         AND tbl_name = ?1 COLLATE NOCASE AND substr(name, 1, 9) <> '{OURS}' ORDER BY rowid"
    );
    connection.rows(&sql, &[table.into()], trigger)
}

fn trigger(row: &Row<'_>) -> Answer<AppTrigger> {
    Ok(AppTrigger { name: row.get(0)?, sql: row.get(1)? })
}

const READING: &str = "reading the schema";

fn told<T>(db: &Db, answer: Answer<T>) -> Result<T> {
    answer.map_err(|source| db.error(READING, source))
}
