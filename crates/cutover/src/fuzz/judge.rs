//! The verdict: the tables written to equal the twin's, the mirror holds what the mapping gives, and
//! the live views give the old rows.

use super::world::is_volatile;
use crate::backend::sqlite::catalog::OURS;
use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::value::{Value, json};
use crate::backend::sqlite::{Answer, Connection, Db, Row, Unlike, unlike};
use crate::derive::derived::Place;
use crate::derive::names::Names;
use crate::derive::sql::{ident, idents};
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
    pub(super) fn of(table: &Table, written: bool) -> Self {
        let mut columns: Vec<String> = Vec::new();
        if table.rowid_alias.is_none() {
            columns.extend(hidden_rowid(table).map(str::to_owned));
        }
        for column in &table.columns {
            if written || !column.default.as_deref().is_some_and(is_volatile) {
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
        Self { name, columns, key, sql }
    }

    /// Rows in the order of their first column; none where they can't be read.
    fn by_first(conn: &Connection, name: &str, columns: Vec<String>) -> Option<Self> {
        let (list, from) = (idents("", &columns), ident(name));
        let sql = format!("SELECT {list} FROM {from} ORDER BY 1");
        conn.runs(&sql).ok()?;
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
pub(super) fn virtual_tables(conn: &Connection) -> Answer<Vec<Shared>> {
    let mut found = Vec::new();
    for (table, kind) in conn.apart()? {
        let columns = match kind.as_str() {
            "virtual table" => [vec!["rowid".to_owned()], conn.column_names(&table)?].concat(),
            "shadow table" if table.ends_with("_docsize") => conn.column_names(&table)?,
            _ => continue,
        };
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
) -> Answer<Option<Fault>> {
    let key_of = |row: &Row<'_>| -> serde_json::Map<String, serde_json::Value> {
        let value = |column: &usize| {
            let value: Value = row.get(*column).ok()?;
            Some((table.columns[*column].clone(), json(&value)))
        };
        table.key.iter().filter_map(value).collect()
    };
    let a_row = || Some("a row".to_owned());
    let found = unlike(scratch, twin, &table.sql, key_of)?;
    Ok(found.map(|unlike| {
        let (key, column, expected, found) = match unlike {
            Unlike::OnlyFirst(key) => (key, None, None, a_row()),
            Unlike::OnlySecond(key) => (key, None, a_row(), None),
            Unlike::Values { row, column, first, second } => {
                (row, Some(table.columns[column].clone()), Some(second), Some(first))
            }
        };
        let (name, key) = (table.name.clone(), serde_json::Value::Object(key));
        Fault {
            fault: FuzzFault::Source,
            reason: format!("{name} differs from the same run without cutover"),
            difference: Some(Difference { direction, table: name, key, column, expected, found }),
        }
    }))
}

/// Derives a whole target anew and compares; gives how many rows differ, and one of them.
pub(super) fn rederived(db: &Db, target: &Target) -> Result<(u64, Option<Fault>)> {
    let everything = Chunk::Range { lo: None, hi: None };
    let fault =
        |reason: String, difference| Some(Fault { fault: FuzzFault::Mirror, reason, difference });
    match compare::compare(db, target, Place::LIVE, &everything, 1) {
        Ok(outcome) => {
            let differing = outcome.missing + outcome.extra + outcome.different;
            let reason = format!("{} differs from what the mapping gives", target.table.name);
            let found = outcome.diffs.first().map(|diff| diff.report(target));
            Ok((differing, found.and_then(|difference| fault(reason, Some(difference)))))
        }
        // Two rows for one key: the sync should have refused the second.
        Err(Error::Refused(refusal)) => Ok((1, fault(refusal.reason, None))),
        // A row that differs and holds text that is not UTF-8 can be counted, not shown.
        Err(Error::Database { source, .. }) if source.is_not_utf8() => {
            let outcome = compare::compare(db, target, Place::LIVE, &everything, 0)?;
            let differing = outcome.missing + outcome.extra + outcome.different;
            let reason = format!(
                "{} differs from what the mapping gives; the row holds text that is not UTF-8",
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
pub(super) fn restless(conn: &Connection, tables: &[&Table]) -> Answer<Vec<String>> {
    let mut found = Vec::new();
    let triggers = conn.entries()?.into_iter().filter(|entry| entry.kind == "trigger");
    for trigger in triggers.filter_map(|entry| entry.sql).filter(|sql| is_volatile(sql)) {
        let trigger = trigger.to_lowercase();
        let named = tables.iter().filter(|table| trigger.contains(&table.name.to_lowercase()));
        found.extend(named.map(|table| table.name.clone()));
    }
    Ok(found)
}

/// The statements that make a table and its indexes, as a database has them; or those that
/// make the application's triggers on it.
pub(super) fn definitions(conn: &Connection, table: &str, triggers: bool) -> Answer<Vec<String>> {
    let kinds: &[&str] = if triggers { &["trigger"] } else { &["table", "index"] };
    let made = conn.entries()?.into_iter().filter(|entry| {
        kinds.contains(&entry.kind.as_str())
            && entry.on.eq_ignore_ascii_case(table)
            && !(triggers && entry.name.starts_with(OURS))
    });
    // The table before its indexes.
    let (tables, others): (Vec<_>, Vec<_>) = made.partition(|entry| entry.kind == "table");
    Ok(tables.into_iter().chain(others).filter_map(|entry| entry.sql).collect())
}
