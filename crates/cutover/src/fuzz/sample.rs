//! What the scratch copy begins with: the schema of the user's database, and some of its
//! rows, read in one short snapshot. A sample, because after each statement the whole
//! mirror is derived again; and in a small table writes meet each other more often.

use std::collections::BTreeSet;

use super::links::{Link, links, related};
use super::literal::literal;
use super::schema::{Schema, schema};
use super::statement::{Kind, Part, Statement};
use crate::backend::sqlite::{Db, Row};
use crate::derive::sql::{ident, idents, join};
use crate::error::Result;
use crate::model::build::Model;
use crate::schema::Table;

/// Rows taken from each table, before those that they refer to.
const ROWS: usize = 120;

/// Rows that stand together: those of one group often do.
const RUN: usize = 10;

/// Rows taken at most because others refer to them, from each table.
const REFERRED: usize = 1_000;

/// The schema and some rows, as statements.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) schema: Schema,
    /// An INSERT for each row, parents before children as far as that is known.
    pub(super) rows: Vec<Statement>,
}

impl Sample {
    /// The statements that make the application's database with these rows.
    pub(super) fn statements<'s>(
        &'s self,
        rows: &'s [Statement],
    ) -> impl Iterator<Item = String> + 's {
        let Schema { tables, feeding, filling, later, .. } = &self.schema;
        // They are made anew in their place among the others, which decides what fires first.
        let fed = feeding.iter().map(|trigger| format!("DROP TRIGGER {}", ident(&trigger.name)));
        let tables = tables.iter().cloned();
        let feeding = feeding.iter().map(|trigger| trigger.sql.clone());
        let (filling, later) = (filling.iter().cloned(), later.iter().cloned());
        let rows = rows.iter().map(Statement::sql);
        tables.chain(feeding).chain(rows).chain(fed).chain(filling).chain(later)
    }
}

const READING: &str = "reading a sample";

/// Reads the sample.
pub(super) fn sample(db: &Db, model: &Model) -> Result<Sample> {
    db.read(READING, || read(db, model))
}

fn read(db: &Db, model: &Model) -> Result<Sample> {
    let mut sample = Sample { schema: schema(db, model)?, rows: Vec::new() };
    let links = links(model);
    let tables = related(model, &links);
    let mut rows: Vec<BTreeSet<String>> = Vec::new();
    for table in &tables {
        rows.push(some_rows(db, table)?);
    }
    // Rows that are referred to may refer to others.
    for _ in 0..8 {
        let before: usize = rows.iter().map(BTreeSet::len).sum();
        for link in &links {
            let find = |name: &str| tables.iter().position(|t| t.name.eq_ignore_ascii_case(name));
            if let (Some(child), Some(parent)) = (find(&link.child), find(&link.parent)) {
                let more = referred(db, link, tables[child], tables[parent], &rows[child])?;
                rows[parent].extend(more);
            }
        }
        if rows.iter().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    for (table, names) in tables.iter().zip(&rows) {
        for name in names {
            sample.rows.extend(row(db, table, name)?);
        }
    }
    Ok(sample)
}

/// The columns that name a row.
fn row_name(table: &Table) -> String {
    match table.primary_key() {
        Some(key) if table.without_rowid => idents("", &key.columns),
        _ => table.rowid().to_owned(),
    }
}

/// Names of rows, as literals: all of a small table, runs from all over a large one.
fn some_rows(db: &Db, table: &Table) -> Result<BTreeSet<String>> {
    let (from, name) = (ident(&table.name), row_name(table));
    let first = format!("SELECT {name} FROM {from} ORDER BY {name} LIMIT {}", ROWS + 1);
    let mut found = names(db, &first)?;
    if found.len() <= ROWS || table.without_rowid {
        return Ok(found);
    }
    found.clear();
    let ends = format!("SELECT min({name}), max({name}) FROM {from}");
    let (min, max): (i64, i64) = db.row(READING, &ends, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let runs = i64::try_from(ROWS / RUN).unwrap_or(1);
    for n in 0..runs {
        // In two steps, because the distance of two integers may not be one.
        let at = min.saturating_add((max / runs - min / runs).saturating_mul(n));
        found.extend(names(
            db,
            &format!("SELECT {name} FROM {from} WHERE {name} >= {at} ORDER BY {name} LIMIT {RUN}"),
        )?);
    }
    Ok(found)
}

fn names(db: &Db, sql: &str) -> Result<BTreeSet<String>> {
    let read = |row: &Row<'_>| Ok(join(&row.values(row.width())?, ", ", literal));
    Ok(db.rows(READING, sql, &[], read)?.into_iter().collect())
}

/// The names of the rows that these refer to, in one query: nothing may index them.
fn referred(
    db: &Db,
    link: &Link,
    child: &Table,
    parent: &Table,
    rows: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let listed = rows.iter().map(|name| format!("({name})")).collect::<Vec<_>>().join(", ");
    names(
        db,
        &format!(
            "SELECT {} FROM {} WHERE ({}) IN (SELECT {} FROM {} WHERE ({}) IN (VALUES {listed})) LIMIT {REFERRED}",
            row_name(parent),
            ident(&parent.name),
            idents("", &link.keys),
            idents("", &link.columns),
            ident(&child.name),
            row_name(child),
        ),
    )
}

/// The statement that inserts a row.
fn row(db: &Db, table: &Table, name: &str) -> Result<Option<Statement>> {
    let columns: Vec<&String> = table.stored_columns().map(|column| &column.name).collect();
    let from = ident(&table.name);
    let sql = format!(
        "SELECT {} FROM {from} WHERE ({}) = ({name})",
        idents("", &columns),
        row_name(table)
    );
    let literals = |row: &Row<'_>| Ok(row.values(columns.len())?.iter().map(literal).collect());
    let found = db.rows(READING, &sql, &[], literals)?;
    Ok(found.into_iter().next().map(|values| Statement {
        parts: vec![
            Part::Sql(format!(
                "INSERT INTO {from} ({}) VALUES ",
                join(&columns, ", ", |column| ident(column))
            )),
            Part::Rows(vec![values]),
        ],
        kind: Kind::Write,
    }))
}
