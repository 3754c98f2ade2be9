//! Rows that a mapping gives and its target can't hold: found by inserting them one by one, and
//! written down so that `status` can look whether they are still so.

use rusqlite::{ErrorCode, ffi, params};

use crate::backend::sqlite::Db;
use crate::backend::sqlite::compare::{compare, delete, given};
use crate::backend::sqlite::connection::message;
use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::Target;
use crate::error::{Error, Result};

pub(super) const TABLE: &str = "
-- The scopes of rows that a backfill met and the mirror can't hold, one value a line.
CREATE TABLE IF NOT EXISTS _cutover_refused (
    migration INTEGER NOT NULL, target TEXT NOT NULL, scope INTEGER NOT NULL, n INTEGER NOT NULL, value,
    PRIMARY KEY (migration, scope, n));
";

/// A row that a target does not take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// The values that the mapping gives, in the order of the target's list.
    pub(crate) row: Vec<Value>,
    /// The row that has its unique values already.
    pub(crate) other: Option<Vec<Value>>,
    /// What SQLite says.
    pub(crate) says: String,
}

/// Whether it says that a row breaks a constraint of a table.
pub(crate) fn breaks_a_constraint(error: &Error) -> bool {
    matches!(error, Error::Database { source, .. } if source.is_constraint())
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
    let rows = given(db, target, Place::LIVE, chunk)?;
    first(scratch, target, &ident(&target.table.name), rows.iter())
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
        return Ok(Some(Refused { row: row.clone(), other, says }));
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
