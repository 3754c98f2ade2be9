//! Two cursors in the order of the key, side by side: what a mapping gives, and what its target
//! holds.

use crate::backend::sqlite::Db;
use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::value::{Value, changes_class, order, show, stored_as};
use crate::derive::derived::{Place, derived, held};
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};
use crate::schema::Affinity;
use rusqlite::types::{FromSql as _, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Row, Rows};
use std::cmp::Ordering;

/// The same, of a part for all of which the mapping can be followed.
pub(crate) fn compare_whole(
    db: &Db,
    target: &Target,
    place: Place,
    chunk: &Chunk,
    keep: usize,
) -> Result<Outcome> {
    let doing = format!("comparing {}", target.table.known_as);
    let failed = |source| db.error(&doing, source);
    let ordered = |sql: &str| {
        let order = join(&target.key.columns, ", ", |column| {
            let binary = target.column(column).is_none_or(crate::schema::Column::is_binary);
            format!("d.{}{}", ident(column), if binary { "" } else { " COLLATE BINARY" })
        });
        format!("SELECT {} FROM ({sql}) AS d ORDER BY {order}", idents("d.", &target.columns))
    };
    let conn = db.conn();
    let parameters = chunk.parameters();
    let mut given =
        conn.prepare_cached(&ordered(&derived(target, place, chunk.part()))).map_err(failed)?;
    let mut kept =
        conn.prepare_cached(&ordered(&held(target, place, chunk.part()))).map_err(failed)?;
    bind(&mut given, &parameters).map_err(failed)?;
    bind(&mut kept, &parameters).map_err(failed)?;
    let mut given = given.raw_query();
    let mut kept = kept.raw_query();
    Walk::new(db, target, keep, place == Place::LIVE).run(&mut given, &mut kept)
}

/// Binds the parameters a statement has; one of the two may use fewer.
pub(crate) fn bind(
    statement: &mut CachedStatement<'_>,
    parameters: &[(String, Value)],
) -> rusqlite::Result<()> {
    for (name, value) in parameters {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}

pub(crate) struct Walk<'a> {
    db: &'a Db,
    target: &'a Target,
    /// Positions of the key's columns in the list.
    key: Vec<usize>,
    affinities: Vec<Affinity>,
    keep: usize,
    /// Whether a key of another type is a row that is missing, rather than a mapping that
    /// can't be: programs may have written it since the mapping was proved.
    lenient: bool,
    outcome: Outcome,
}

impl<'a> Walk<'a> {
    fn new(db: &'a Db, target: &'a Target, keep: usize, lenient: bool) -> Self {
        let position = |name: &String| target.columns.iter().position(|column| column == name);
        Self {
            db,
            target,
            key: target.key.columns.iter().filter_map(position).collect(),
            affinities: target
                .columns
                .iter()
                .map(|name| target.column(name).map_or(Affinity::Blob, |column| column.affinity))
                .collect(),
            keep,
            lenient,
            outcome: Outcome::default(),
        }
    }

    /// The lockstep.
    fn run(mut self, given: &mut Rows<'_>, kept: &mut Rows<'_>) -> Result<Outcome> {
        let failed = |source| self.db.error("reading a row", source);
        let mut left = given.next().map_err(failed)?;
        let mut right = kept.next().map_err(failed)?;
        loop {
            let ordering = match (left, right) {
                (None, None) => return Ok(self.outcome),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(left), Some(right)) => self.keys(left, right)?,
            };
            if let (Ordering::Less, Some(row)) = (ordering, left) {
                self.outcome.derived += 1;
                self.note(Kind::Missing, row, None)?;
                left = given.next().map_err(|source| self.db.error("reading a row", source))?;
            } else if let (Ordering::Greater, Some(row)) = (ordering, right) {
                self.note(Kind::Extra, row, None)?;
                right = kept.next().map_err(|source| self.db.error("reading a row", source))?;
            } else if let (Some(one), Some(other)) = (left, right) {
                self.outcome.derived += 1;
                if let Some(column) = self.difference(one, other)? {
                    self.note(Kind::Different, one, Some(column))?;
                }
                left = given.next().map_err(|source| self.db.error("reading a row", source))?;
                right = kept.next().map_err(|source| self.db.error("reading a row", source))?;
            }
        }
    }

    fn get<'r>(&self, row: &'r Row<'_>, position: usize) -> Result<ValueRef<'r>> {
        row.get_ref(position).map_err(|source| self.db.error("reading a row", source))
    }

    fn keys(&self, given: &Row<'_>, kept: &Row<'_>) -> Result<Ordering> {
        for position in &self.key {
            let value = self.get(given, *position)?;
            let ordering = order(value, self.get(kept, *position)?);
            if ordering != Ordering::Equal {
                return self.orderly(*position, value).map(|()| ordering);
            }
        }
        Ok(Ordering::Equal)
    }

    /// A key whose class changes when it is stored would not come in the order of
    /// the stored keys, and two keys could become one.
    fn orderly(&self, position: usize, value: ValueRef<'_>) -> Result<()> {
        let kept = Value::column_result(value).unwrap_or(Value::Null);
        if self.lenient || !changes_class(self.affinities[position], &kept) {
            return Ok(());
        }
        let (table, column) = (&self.target.table.known_as, &self.target.columns[position]);
        Err(Error::Refused(Refusal::new(
            format!("comparing {table}"),
            format!(
                "the mapping gives {} for the key {table}.{column}, which would store it as \
                 another type",
                show(value)
            ),
            format!(
                "write CAST(… AS the type of {column}) in the statement at line {}",
                self.target.line
            ),
        )))
    }

    fn difference(
        &self,
        given: &Row<'_>,
        kept: &Row<'_>,
    ) -> Result<Option<(usize, String, String)>> {
        for position in 0..self.affinities.len() {
            let (expected, found) = (self.get(given, position)?, self.get(kept, position)?);
            let affinity = self.affinities[position];
            let same = match stored_as(expected, affinity, found) {
                Some(same) => same,
                None => self.as_sqlite_stores(expected, affinity, found)?,
            };
            if !same {
                return Ok(Some((position, show(expected), show(found))));
            }
        }
        Ok(None)
    }

    /// Asks SQLite: what a column of this affinity makes of the value.
    fn as_sqlite_stores(
        &self,
        value: ValueRef<'_>,
        affinity: Affinity,
        found: ValueRef<'_>,
    ) -> Result<bool> {
        let column = match affinity {
            Affinity::Text => "t",
            Affinity::Integer | Affinity::Numeric => "n",
            Affinity::Real => "r",
            Affinity::Blob => "b",
        };
        let probe = || -> rusqlite::Result<bool> {
            let conn = self.db.conn();
            conn.execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS cutover_probe (t TEXT, n NUMERIC, r REAL, b)",
            )?;
            conn.prepare_cached("DELETE FROM temp.cutover_probe")?.execute([])?;
            conn.prepare_cached(&format!("INSERT INTO temp.cutover_probe ({column}) VALUES (?1)"))?
                .execute([ToSqlOutput::Borrowed(value)])?;
            conn.prepare_cached(&format!("SELECT {column} FROM temp.cutover_probe"))?
                .query_row([], |row| Ok(super::value::same(row.get_ref(0)?, found)))
        };
        probe().map_err(|source| self.db.error("comparing a value", source))
    }

    fn note(
        &mut self,
        kind: Kind,
        row: &Row<'_>,
        column: Option<(usize, String, String)>,
    ) -> Result<()> {
        match kind {
            Kind::Missing => self.outcome.missing += 1,
            Kind::Extra => self.outcome.extra += 1,
            Kind::Different | Kind::Fails => self.outcome.different += 1,
        }
        if self.outcome.diffs.len() < self.keep {
            let row = (0..self.affinities.len())
                .map(|position| row.get(position))
                .collect::<rusqlite::Result<_>>()
                .map_err(|source| self.db.error("reading a row", source))?;
            self.outcome.diffs.push(Diff { kind, row, column, says: None });
        }
        Ok(())
    }
}
