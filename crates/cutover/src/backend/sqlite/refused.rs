//! Rows that a mapping gives and its target can't hold, and scopes for which it gives nothing
//! at all: found by inserting rows one by one, and written down so that `status` can look whether
//! they are still so.

use rusqlite::{ErrorCode, ffi, params};

use crate::backend::sqlite::compare::{compare, delete, given};
use crate::backend::sqlite::connection::message;
use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::value::{Value, changes_class, show};
use crate::backend::sqlite::{Db, failing};
use crate::derive::derived::Place;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};
use crate::schema::Affinity;

pub(super) const TABLE: &str = "
-- The scopes of rows that a command met and the mirror can't hold, one value a line.
CREATE TABLE IF NOT EXISTS _cutover_refused (
    migration INTEGER NOT NULL, target TEXT NOT NULL, scope INTEGER NOT NULL, n INTEGER NOT NULL, value,
    PRIMARY KEY (migration, scope, n));
";

/// What a target does not take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refused {
    /// A row.
    Row {
        /// The values that the mapping gives, in the order of the target's list.
        row: Vec<Value>,
        /// The row that has its unique values already.
        other: Option<Vec<Value>>,
        /// What SQLite says.
        says: String,
    },
    /// A scope for which the mapping fails.
    Fails(Diff),
}

/// Whether an error may come from a row that the target does not take.
pub(crate) fn may_be_one(error: &Error) -> bool {
    match error {
        Error::Database { source, .. } => source.is_constraint() || may_be_a_row(error),
        Error::Refused(_) => true,
        _ => false,
    }
}

/// What SQLite would not refuse, but make something else of: NULL for a rowid becomes a
/// new one, and a key of another type another key.
pub(super) fn unfit(target: &Target, row: &[Value]) -> Option<String> {
    let table = &target.table.known_as;
    for (name, value) in target.columns.iter().zip(row) {
        if *value == Value::Null && target.table.never_null(name) {
            return Some(format!("NOT NULL constraint failed: {table}.{name}"));
        }
        let affinity = target.column(name).map_or(Affinity::Blob, |column| column.affinity);
        if target.key.columns.contains(name) && changes_class(affinity, value) {
            let shown = show(value.into());
            return Some(format!(
                "the key {table}.{name} stores {shown} as another type (the mapping needs a CAST)"
            ));
        }
    }
    None
}

/// Refuses to write such a row.
pub(crate) fn refuse_unfit(target: &Target, diffs: &[Diff]) -> Result<()> {
    let missing = diffs.iter().filter(|diff| diff.kind == Kind::Missing);
    match missing.filter_map(|diff| unfit(target, &diff.row)).next() {
        None => Ok(()),
        Some(reason) => {
            let table = &target.table.known_as;
            let fix = "change that row on the other side, or write a CAST in the statement";
            Err(Refusal::new(format!("filling {table}"), reason, fix).into())
        }
    }
}

/// The first row of a part that the target does not take, in the transaction at hand, whose
/// changes are undone.
pub(crate) fn find(
    db: &Db,
    target: &Target,
    place: Place,
    chunk: &Chunk,
) -> Result<Option<Refused>> {
    let doing = "looking for the refused row";
    db.batch(doing, "SAVEPOINT cutover_refused")?;
    let found =
        compare(db, target, place, chunk, usize::MAX).and_then(|Outcome { diffs, .. }| {
            if let Some(fails) = diffs.iter().find(|diff| diff.kind == Kind::Fails) {
                return Ok(Some(Refused::Fails(fails.clone())));
            }
            let there = |diff: &&Diff| matches!(diff.kind, Kind::Extra | Kind::Different);
            for diff in diffs.iter().filter(there) {
                delete(db, target, place, &diff.row)?;
            }
            let given = |diff: &&Diff| matches!(diff.kind, Kind::Missing | Kind::Different);
            let rows = diffs.iter().filter(given).map(|diff| &diff.row);
            let table = place.table(target.direction.target(), &target.table.name);
            first(db, target, &table, rows)
        });
    db.batch(doing, "ROLLBACK TO cutover_refused; RELEASE cutover_refused")?;
    found
}

/// The first row that the mapping gives for a part and an empty table of the target's
/// definition does not take.
pub(crate) fn find_in(
    db: &Db,
    scratch: &Db,
    target: &Target,
    chunk: &Chunk,
) -> Result<Option<Refused>> {
    let rows = match given(db, target, Place::LIVE, chunk) {
        Err(error) if may_be_a_row(&error) => {
            let found = compare(db, target, Place::LIVE, chunk, usize::MAX)?;
            let fails = found.diffs.into_iter().find(|diff| diff.kind == Kind::Fails);
            return Ok(fails.map(Refused::Fails));
        }
        rows => rows?,
    };
    first(scratch, target, &ident(&target.table.name), rows.iter())
}

impl Refused {
    /// The rows that it is about, or their scopes alone, in the order of the target's list.
    pub(crate) fn rows(&self) -> Vec<&Vec<Value>> {
        match self {
            Self::Row { row, other, .. } => std::iter::once(row).chain(other).collect(),
            Self::Fails(diff) => vec![&diff.row],
        }
    }

    /// Why, where the mapping fails.
    pub(crate) fn failure(&self, target: &Target) -> Option<Refusal> {
        match self {
            Self::Row { .. } => None,
            Self::Fails(diff) => failing::first(target, std::slice::from_ref(diff)),
        }
    }
}

/// Inserts rows into a table until it does not take one.
fn first<'r>(
    db: &Db,
    target: &Target,
    table: &str,
    rows: impl Iterator<Item = &'r Vec<Value>>,
) -> Result<Option<Refused>> {
    let list = idents("", &target.columns);
    let marks = (1..=target.columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let insert = format!("INSERT INTO {table} ({list}) VALUES ({marks})");
    // Of whatever key it is that conflicts, this gives the row that is there.
    let meet = format!(
        "{insert} ON CONFLICT DO UPDATE SET {column} = {column} RETURNING {list}",
        column = join(&target.columns[..1], "", |column| ident(column))
    );
    let failed = |source| db.error("looking for the refused row", source);
    for row in rows {
        if let Some(says) = unfit(target, row) {
            return Ok(Some(Refused::Row { row: row.clone(), other: None, says }));
        }
        let values = || rusqlite::params_from_iter(row);
        let inserted =
            db.conn().prepare_cached(&insert).and_then(|mut statement| statement.execute(values()));
        let Err(error) = inserted else { continue };
        let unique = matches!(
            error.sqlite_error().map(|error| error.extended_code),
            Some(
                ffi::SQLITE_CONSTRAINT_UNIQUE
                    | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    | ffi::SQLITE_CONSTRAINT_ROWID
            )
        );
        if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
            return Err(failed(error));
        }
        let other = unique.then(|| {
            db.conn().query_row(&meet, values(), |row| {
                (0..target.columns.len()).map(|n| row.get(n)).collect::<rusqlite::Result<Vec<_>>>()
            })
        });
        let says = message(&error);
        // Another constraint may keep the row from getting that far.
        let other = other.and_then(rusqlite::Result::ok);
        return Ok(Some(Refused::Row { row: row.clone(), other, says }));
    }
    Ok(None)
}

/// Writes scopes down, in the place of those that were.
pub(crate) fn write(db: &Db, id: i64, target: &str, scopes: &[Vec<Value>]) -> Result<()> {
    let run = || -> rusqlite::Result<()> {
        let conn = db.conn();
        // A database that an older version began has no such table.
        conn.execute_batch(TABLE)?;
        conn.execute("DELETE FROM _cutover_refused WHERE migration = ?1", [id])?;
        let mut insert = conn.prepare(
            "INSERT INTO _cutover_refused (migration, target, scope, n, value) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (scope, values) in scopes.iter().enumerate() {
            for (n, value) in values.iter().enumerate() {
                insert.execute(params![id, target, scope as i64, n as i64, value])?;
            }
        }
        Ok(())
    };
    run().map_err(|source| db.error("recording refused rows", source))
}

/// The target and the scopes that were written down last.
pub(crate) fn read(db: &Db, id: i64) -> Result<Option<(String, Vec<Vec<Value>>)>> {
    if !exists(db)? {
        return Ok(None);
    }
    let read = || -> rusqlite::Result<Option<(String, Vec<Vec<Value>>)>> {
        let mut statement = db.conn().prepare(
            "SELECT target, scope, value FROM _cutover_refused WHERE migration = ?1 ORDER BY scope, n",
        )?;
        let mut rows = statement.query([id])?;
        let mut found: Option<(String, Vec<Vec<Value>>)> = None;
        while let Some(row) = rows.next()? {
            let (_, scopes) = found.get_or_insert((row.get(0)?, Vec::new()));
            let scope = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            if scopes.len() <= scope {
                scopes.push(Vec::new());
            }
            if let Some(values) = scopes.last_mut() {
                values.push(row.get(2)?);
            }
        }
        Ok(found)
    };
    read().map_err(|source| db.error("reading the refused rows", source))
}

/// Forgets what was written down.
pub(crate) fn forget(db: &Db, id: i64) -> Result<()> {
    if !exists(db)? {
        return Ok(());
    }
    db.conn()
        .execute("DELETE FROM _cutover_refused WHERE migration = ?1", [id])
        .map(|_| ())
        .map_err(|source| db.error("recording refused rows", source))
}

fn exists(db: &Db) -> Result<bool> {
    db.has_table("_cutover_refused")
}
