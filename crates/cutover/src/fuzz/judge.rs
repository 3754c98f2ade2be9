//! Whether everything is as it should be: the tables written to are the twin's, the
//! mirror is what the mapping gives, the live views give the old rows.

use rusqlite::Connection;

use super::world::is_volatile;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::compare::{self, Chunk};
use crate::backend::sqlite::value::{Value, json, same, show};
use crate::derive::derived::Place;
use crate::derive::names::Names;
use crate::derive::sql::{ident, idents, text};
use crate::derive::target::Target;
use crate::error::{Error, Result};
use crate::phase::Direction;
use crate::report::{Difference, FuzzFault};
use crate::schema::Table;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) fault: FuzzFault,
    pub(super) reason: String,
    pub(super) difference: Option<Difference>,
}

/// A table of which both databases must hold the same rows.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) name: String,
    columns: Vec<String>,
    key: Vec<usize>,
    /// What gives its rows, in the same order wherever they are the same.
    sql: String,
}

impl Shared {
    /// How a table is compared: with its rowid, and without columns that are filled with
    /// the time unless `written`, when every write names a value.
    pub(super) fn of(conn: &Connection, table: &Table, written: bool) -> rusqlite::Result<Self> {
        let mut columns: Vec<String> = Vec::new();
        if table.rowid_alias.is_none() {
            columns.extend(hidden_rowid(table).map(str::to_owned));
        }
        for column in &table.columns {
            let default: Option<String> = conn.query_row(
                "SELECT dflt_value FROM pragma_table_xinfo(?1) WHERE name = ?2",
                [&table.name, &column.name],
                |row| row.get(0),
            )?;
            if written || !default.as_deref().is_some_and(is_volatile) {
                columns.push(column.name.clone());
            }
        }
        let named = |names: &[String]| -> Option<Vec<usize>> {
            names.iter().map(|name| columns.iter().position(|column| column == name)).collect()
        };
        let key = table.primary_key().and_then(|key| named(&key.columns)).unwrap_or(vec![0]);
        let name = table.name.clone();
        // In the order in which the table stores them.
        let sql = format!("SELECT {} FROM {} NOT INDEXED", idents("", &columns), ident(&name));
        Ok(Self { name, columns, key, sql })
    }

    /// Rows in the order of their first column; none where they can't be read.
    fn by_first(conn: &Connection, name: &str, columns: Vec<String>) -> Option<Self> {
        let (list, from) = (idents("", &columns), ident(name));
        let sql = format!("SELECT {list} FROM {from} ORDER BY 1");
        conn.prepare(&sql).ok()?.query([]).ok()?.next().ok()?;
        Some(Self { name: name.to_owned(), columns, key: vec![0], sql })
    }
}

/// A name of the rowid that no column has taken, if the table has one.
pub(super) fn hidden_rowid(table: &Table) -> Option<&'static str> {
    let name = table.rowid();
    (!table.without_rowid && table.column(name).is_none()).then_some(name)
}

/// The virtual tables, as far as they can be compared: their rows and, of a full-text index,
/// which documents it has and how long they are. How it stores its words depends on when it
/// was written to the disk, which is SQLite's business.
pub(super) fn virtual_tables(conn: &Connection) -> rusqlite::Result<Vec<Shared>> {
    let strings = |sql: &str, of: &[&str]| -> rusqlite::Result<Vec<String>> {
        let of = rusqlite::params_from_iter(of);
        conn.prepare(sql)?.query_map(of, |row| row.get(0))?.collect()
    };
    let named = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = ?1 \
                 AND name LIKE ?2 ORDER BY name";
    let columns_of = |table: &str| {
        strings("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid", &[table])
    };
    let mut found = Vec::new();
    for table in strings(named, &["virtual", "%"])? {
        let columns = [vec!["rowid".to_owned()], columns_of(&table)?].concat();
        found.extend(Shared::by_first(conn, &table, columns));
    }
    for table in strings(named, &["shadow", "%_docsize"])? {
        let columns = columns_of(&table)?;
        found.extend(Shared::by_first(conn, &table, columns));
    }
    Ok(found)
}

/// Compares a table of the scratch copy with the twin's.
pub(super) fn like_twin(
    scratch: &Connection,
    twin: &Connection,
    table: &Shared,
    direction: Direction,
) -> rusqlite::Result<Option<Fault>> {
    let (mut ours, mut theirs) =
        (scratch.prepare_cached(&table.sql)?, twin.prepare_cached(&table.sql)?);
    let (mut ours, mut theirs) = (ours.query([])?, theirs.query([])?);
    let fault = |key: Vec<(String, Value)>, column: Option<&String>, expected, found| {
        let key = key.iter().map(|(name, value)| (name.clone(), json(value))).collect();
        Some(Fault {
            fault: FuzzFault::Source,
            reason: format!("{} is not what it is without cutover", table.name),
            difference: Some(Difference {
                direction,
                table: table.name.clone(),
                key: serde_json::Value::Object(key),
                column: column.cloned(),
                expected,
                found,
            }),
        })
    };
    let key_of = |row: &rusqlite::Row<'_>| -> Vec<(String, Value)> {
        let value = |column: &usize| {
            let value = row.get(*column).ok()?;
            Some((table.columns[*column].clone(), value))
        };
        table.key.iter().filter_map(value).collect()
    };
    loop {
        match (ours.next()?, theirs.next()?) {
            (None, None) => return Ok(None),
            (Some(row), None) => {
                return Ok(fault(key_of(row), None, None, Some("a row".to_owned())));
            }
            (None, Some(row)) => {
                return Ok(fault(key_of(row), None, Some("a row".to_owned()), None));
            }
            (Some(one), Some(other)) => {
                for (position, column) in table.columns.iter().enumerate() {
                    let (found, expected) = (one.get_ref(position)?, other.get_ref(position)?);
                    if !same(found, expected) {
                        return Ok(fault(
                            key_of(other),
                            Some(column),
                            Some(show(expected)),
                            Some(show(found)),
                        ));
                    }
                }
            }
        }
    }
}

/// Derives a whole target anew and compares; gives how many rows differ, and one of them.
pub(super) fn rederived(db: &Db, target: &Target) -> Result<(u64, Option<Fault>)> {
    let everything = Chunk::Range { lo: None, hi: None };
    let fault =
        |reason: String, difference| Some(Fault { fault: FuzzFault::Mirror, reason, difference });
    match compare::compare(db, target, Place::LIVE, &everything, 1) {
        Ok(outcome) => {
            let differing = outcome.missing + outcome.extra + outcome.different;
            let reason = format!("{} is not what the mapping gives", target.table.name);
            let found = outcome.diffs.first().map(|diff| diff.report(target));
            Ok((differing, found.and_then(|difference| fault(reason, Some(difference)))))
        }
        // Two rows for one key: the sync should have refused the second.
        Err(Error::Refused(refusal)) => Ok((1, fault(refusal.reason, None))),
        // A row that differs and holds text that is not UTF-8 can be counted, not shown.
        Err(Error::Database { source: rusqlite::Error::Utf8Error(..), .. }) => {
            let outcome = compare::compare(db, target, Place::LIVE, &everything, 0)?;
            let differing = outcome.missing + outcome.extra + outcome.different;
            let reason = format!(
                "{} is not what the mapping gives; the row holds text that is not UTF-8",
                target.table.name
            );
            Ok((differing, fault(reason, None)))
        }
        Err(error) => Err(error),
    }
}

/// Whether a live view gives the rows of its old table.
pub(super) fn live_view(db: &Db, table: &Table) -> Result<Option<Fault>> {
    let names: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let columns = idents("", &names);
    let (name, view) = (ident(&table.name), ident(&Names::live(&table.known_as)));
    let differing = db.count(&format!(
        "SELECT (SELECT count(*) FROM {view}) <> (SELECT count(*) FROM {name}) \
         OR EXISTS (SELECT {columns} FROM {name} EXCEPT SELECT {columns} FROM {view})"
    ))?;
    Ok((differing > 0).then(|| Fault {
        fault: FuzzFault::LiveView,
        reason: format!("{view} does not give the rows of {}", table.name),
        difference: None,
    }))
}

/// The tables that a trigger of the application fills with the time, or with chance: no two
/// databases hold the same there.
pub(super) fn restless(conn: &Connection, tables: &[&Table]) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL";
    let triggers: Vec<String> =
        conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for trigger in triggers.iter().filter(|trigger| is_volatile(trigger)) {
        let trigger = trigger.to_lowercase();
        let named = tables.iter().filter(|table| trigger.contains(&table.name.to_lowercase()));
        found.extend(named.map(|table| table.name.clone()));
    }
    Ok(found)
}

/// The statements that make a table and its indexes, as a database has them; or those that
/// make the application's triggers on it.
pub(super) fn definitions(
    conn: &Connection,
    table: &str,
    triggers: bool,
) -> rusqlite::Result<Vec<String>> {
    let kinds = if triggers { "type = 'trigger'" } else { "type IN ('table', 'index')" };
    let sql = format!(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = {} COLLATE NOCASE AND {kinds} \
         AND NOT (type = 'trigger' AND substr(name, 1, 9) = '_cutover_') \
         AND sql IS NOT NULL ORDER BY type DESC, rowid",
        text(table)
    );
    conn.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
}
