//! Compares what a mapping gives with what its target holds, part by part: two
//! cursors in the order of the key, side by side. And applies the difference.

use std::cmp::Ordering;

use rusqlite::types::{FromSql as _, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Row, Rows};

use super::Db;
use super::failing;
use super::mend::changes_class;
use super::value::{Value, json, order, show, stored_as};
use crate::derive::derived::{Part, Place, derived, held};
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};
use crate::phase::Direction;
use crate::report::Difference;
use crate::schema::Affinity;

/// A part of a target, with the values that bound it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chunk {
    /// Keys above `lo` up to `hi`; an absent end is open.
    Range { lo: Option<Vec<Value>>, hi: Option<Vec<Value>> },
    /// The scopes with these numbers in the temporary list.
    Listed { from: i64, to: i64 },
}

impl Chunk {
    pub(crate) fn part(&self) -> Part<'static> {
        match self {
            Self::Range { lo, hi } => Part::Range { lo: lo.is_some(), hi: hi.is_some() },
            Self::Listed { .. } => Part::Listed,
        }
    }

    /// The named parameters of the part and their values.
    pub(crate) fn parameters(&self) -> Vec<(String, Value)> {
        let ends = |name: &str, values: &Option<Vec<Value>>| {
            let values = values.clone().unwrap_or_default();
            let name = name.to_owned();
            values.into_iter().enumerate().map(move |(n, value)| (format!(":{name}{n}"), value))
        };
        match self {
            Self::Range { lo, hi } => ends("lo", lo).chain(ends("hi", hi)).collect(),
            Self::Listed { from, to } => {
                vec![(":from".to_owned(), (*from).into()), (":to".to_owned(), (*to).into())]
            }
        }
    }
}

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The mapping gives it, the target lacks it.
    Missing,
    /// The target holds it, the mapping does not give it.
    Extra,
    /// Both have it, with other values.
    Different,
    /// The mapping fails for the whole scope: it can't be told what it gives.
    Fails,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diff {
    pub(crate) kind: Kind,
    /// The derived row, or the held one where it is extra; in the order of the list.
    pub(crate) row: Vec<Value>,
    /// Position of the first column that differs, and both its values as shown.
    pub(crate) column: Option<(usize, String, String)>,
    /// What SQLite says where the mapping fails. Of the row only the scope is known then.
    pub(crate) says: Option<String>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Rows the mapping gives.
    pub(crate) derived: u64,
    pub(crate) missing: u64,
    pub(crate) extra: u64,
    pub(crate) different: u64,
    /// The differences, as many as were asked for.
    pub(crate) diffs: Vec<Diff>,
}

/// Compares one part of a target. Keeps at most `keep` differences.
///
/// A scope for which the mapping fails is one of them.
pub(crate) fn compare(
    db: &Db,
    target: &Target,
    place: Place,
    chunk: &Chunk,
    keep: usize,
) -> Result<Outcome> {
    match compare_whole(db, target, place, chunk, keep) {
        Err(error) if failing::may_be_a_row(&error) => {
            failing::around(db, target, place, (chunk, keep), error)
        }
        compared => compared,
    }
}

/// The same, of a part for all of which the mapping can be followed.
pub(super) fn compare_whole(
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
    let lenient = target.direction == Direction::Backward && place == Place::LIVE;
    Walk::new(db, target, keep, lenient).run(&mut given, &mut kept)
}

/// The rows that the mapping gives for a part.
pub(crate) fn given(
    db: &Db,
    target: &Target,
    place: Place,
    chunk: &Chunk,
) -> Result<Vec<Vec<Value>>> {
    let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
        let mut statement = db.conn().prepare_cached(&derived(target, place, chunk.part()))?;
        bind(&mut statement, &chunk.parameters())?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((0..target.columns.len()).map(|n| row.get(n)).collect::<Result<_, _>>()?);
        }
        Ok(all)
    };
    read().map_err(|source| db.error("reading what a mapping gives", source))
}

/// Deletes the row of this key.
pub(crate) fn delete(db: &Db, target: &Target, place: Place, row: &[Value]) -> Result<()> {
    let gone = Diff { kind: Kind::Extra, row: row.to_vec(), column: None, says: None };
    apply(db, target, place, &[gone])
}

/// Binds the parameters a statement has; one of the two may use fewer.
fn bind(
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

struct Walk<'a> {
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
        Err(Error::Refused(Refusal {
            action: format!("comparing {table}"),
            reason: format!(
                "the mapping gives {} for the key {table}.{column}, which stores it as another type",
                show(value)
            ),
            fix: format!(
                "write CAST(… AS the type of {column}) in the statement at line {}",
                self.target.line
            )
            .into(),
            examples: Vec::new(),
        }))
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

impl Outcome {
    pub(crate) fn is_clean(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }
}

/// The mapping of a target. Which of several statements it is that fails is not known.
fn statement(target: &Target) -> String {
    match &target.sources[..] {
        [_] => format!("the statement at line {}", target.line),
        _ => "one of the statements that fill it".to_owned(),
    }
}

impl Diff {
    /// Where the mapping fails, what it says.
    pub(crate) fn failure(&self, target: &Target) -> Option<String> {
        let says = self.says.as_ref()?;
        Some(format!("{} fails: {says}", statement(target)))
    }

    /// As it stands in a report.
    pub(crate) fn report(&self, target: &Target) -> Difference {
        let known = if self.kind == Kind::Fails { &target.scope } else { &target.key.columns };
        let key = known.iter().filter_map(|name| {
            let position = target.columns.iter().position(|column| column == name)?;
            Some((name.clone(), json(self.row.get(position)?)))
        });
        let (column, expected, found) = match (&self.column, self.kind) {
            (_, Kind::Fails) => {
                let says = self.says.as_deref().unwrap_or("an error");
                let given = format!("what {} gives", statement(target));
                (None, Some(given), Some(format!("an error: {says}")))
            }
            (Some((position, expected, found)), _) => (
                target.columns.get(*position).cloned(),
                Some(expected.clone()),
                Some(found.clone()),
            ),
            (None, Kind::Extra) => (None, None, Some("a row".to_owned())),
            (None, _) => (None, Some("a row".to_owned()), None),
        };
        Difference {
            direction: target.direction,
            table: target.table.known_as.clone(),
            key: serde_json::Value::Object(key.collect()),
            column,
            expected,
            found,
        }
    }
}

/// Fills an empty part in one statement. Gives the rows inserted, or none if the
/// target already holds rows there.
pub(crate) fn fill(db: &Db, target: &Target, place: Place, chunk: &Chunk) -> Result<Option<u64>> {
    let doing = format!("filling {}", target.table.known_as);
    let run = || -> rusqlite::Result<Option<u64>> {
        let conn = db.conn();
        let parameters = chunk.parameters();
        let mut any =
            conn.prepare_cached(&format!("SELECT EXISTS ({})", held(target, place, chunk.part())))?;
        bind(&mut any, &parameters)?;
        let occupied = any.raw_query().next()?.is_none_or(|row| row.get(0).unwrap_or(true));
        if occupied { Ok(None) } else { insert_given(db, target, place, chunk).map(Some) }
    };
    run().map_err(|source| db.error(&doing, source))
}

/// Inserts what the mapping gives for a part, as it would be done offline.
pub(crate) fn insert(db: &Db, target: &Target, place: Place, chunk: &Chunk) -> Result<u64> {
    let inserted = insert_given(db, target, place, chunk);
    inserted.map_err(|source| db.error(&format!("building {}", target.table.known_as), source))
}

/// Runs a statement that names the ends of a part, or the numbers of its scopes.
pub(crate) fn execute(db: &Db, doing: &str, sql: &str, chunk: &Chunk) -> Result<()> {
    let run = || -> rusqlite::Result<()> {
        let mut statement = db.conn().prepare_cached(sql)?;
        bind(&mut statement, &chunk.parameters())?;
        statement.raw_execute().map(drop)
    };
    run().map_err(|source| db.error(doing, source))
}

fn insert_given(db: &Db, target: &Target, place: Place, chunk: &Chunk) -> rusqlite::Result<u64> {
    let mut insert = db.conn().prepare_cached(&format!(
        "INSERT INTO {} ({}) {}",
        place.table(target.direction.target(), &target.table.name),
        idents("", &target.columns),
        derived(target, place, chunk.part())
    ))?;
    bind(&mut insert, &chunk.parameters())?;
    Ok(insert.raw_execute()? as u64)
}

/// Makes the target hold what the mapping gives, for the rows that differ.
pub(crate) fn apply(db: &Db, target: &Target, place: Place, diffs: &[Diff]) -> Result<()> {
    let doing = format!("mending {}", target.table.known_as);
    let table = place.table(target.direction.target(), &target.table.name);
    let values: Vec<String> = target.values().cloned().collect();
    let parameter = |name: &String| {
        target.columns.iter().position(|column| column == name).map_or(0, |position| position + 1)
    };
    let same_key = join(&target.key.columns, " AND ", |column| {
        let operator = if target.table.never_null(column) { "=" } else { "IS" };
        format!("{} {operator} ?{}", ident(column), parameter(column))
    });
    let set = join(&values, ", ", |column| format!("{} = ?{}", ident(column), parameter(column)));
    let all: Vec<usize> = (1..=target.columns.len()).collect();
    let run = || -> rusqlite::Result<()> {
        let conn = db.conn();
        // Deletes first: a row that is missing may take over a unique value of one
        // that is extra.
        let of_kind = |kind| diffs.iter().filter(move |diff| diff.kind == kind);
        let execute = |sql: &str, row: &[Value]| -> rusqlite::Result<()> {
            let mut statement = conn.prepare_cached(sql)?;
            for (position, value) in row.iter().enumerate() {
                if position < statement.parameter_count() {
                    statement.raw_bind_parameter(position + 1, value)?;
                }
            }
            statement.raw_execute().map(|_| ())
        };
        for diff in of_kind(Kind::Extra) {
            execute(&format!("DELETE FROM {table} WHERE {same_key}"), &diff.row)?;
        }
        for diff in of_kind(Kind::Different) {
            execute(&format!("UPDATE {table} SET {set} WHERE {same_key}"), &diff.row)?;
        }
        let list = idents("", &target.columns);
        let marks = join(&all, ", ", |n| format!("?{n}"));
        for diff in of_kind(Kind::Missing) {
            execute(&format!("INSERT INTO {table} ({list}) VALUES ({marks})"), &diff.row)?;
        }
        Ok(())
    };
    run().map_err(|source| db.error(&doing, source))
}
