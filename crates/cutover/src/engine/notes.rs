//! What writes touch while a verification runs, or after it: triggers note the scopes, and they
//! are compared again.

use super::session::Session;
use crate::backend::sqlite::compare::{self, Chunk, Outcome};
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, scan};
use crate::derive::derived::{Place, SCOPES};
use crate::derive::procedure::scope_columns;
use crate::derive::sql::{ident, idents};
use crate::derive::target::Target;
use crate::derive::touched;
use crate::error::Result;

/// From here on writes are noted.
pub(crate) fn begin(session: &Session<'_>) -> Result<()> {
    let db = session.db;
    db.write("noting what is written from here on", || {
        session.fence()?;
        let model = &session.model;
        touched::notes(model.forward.iter().chain(&model.backward), model.names)
            .iter()
            .try_for_each(|object| db.batch("creating notes", &object.sql))
    })?;
    Ok(())
}

/// How many scopes of a target are noted.
pub(crate) fn noted(session: &Session<'_>, target: &Target) -> Result<u64> {
    session.db.count(&format!("SELECT count(*) FROM {}", table(session, target)))
}

/// The noted scopes of a target.
pub(crate) fn read(session: &Session<'_>, target: &Target) -> Result<Vec<Vec<Value>>> {
    let columns = scope_columns(target);
    let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
        session
            .db
            .conn()
            .prepare(&query(session, target, &columns))?
            .query_map([], |row| (0..columns.len()).map(|n| row.get(n)).collect())?
            .collect()
    };
    read().map_err(|source| session.db.error("reading notes", source))
}

/// Compares the noted scopes of a target, and takes the notes off. They are taken off first:
/// what is touched from here on is noted anew, and compared in the next round.
pub(crate) fn compare_noted(
    session: &Session<'_>,
    target: &Target,
    examples: usize,
) -> Result<Outcome> {
    let db = session.db;
    let (last, _) = db.write("taking off notes", || {
        session.fence()?;
        let last = listed(session, target)?;
        db.batch("taking off notes", &format!("DELETE FROM {}", table(session, target)))?;
        Ok(last)
    })?;
    db.read("verifying what was written meanwhile", || compare_listed(db, target, last, examples))
}

/// Compares the noted scopes of a target in the transaction at hand, and leaves the notes.
pub(crate) fn compare_last(
    session: &Session<'_>,
    target: &Target,
    examples: usize,
) -> Result<Outcome> {
    if noted(session, target)? == 0 {
        return Ok(Outcome::default());
    }
    let last = listed(session, target)?;
    compare_listed(session.db, target, last, examples)
}

fn compare_listed(db: &Db, target: &Target, last: i64, examples: usize) -> Result<Outcome> {
    compare::compare(db, target, Place::LIVE, &Chunk::Listed { from: 1, to: last }, examples)
}

/// Fills the temporary list with the noted scopes.
fn listed(session: &Session<'_>, target: &Target) -> Result<i64> {
    let columns = scope_columns(target);
    scan::fill_scopes(session.db, target, &query(session, target, &columns))
}

fn query(session: &Session<'_>, target: &Target, columns: &[String]) -> String {
    format!("SELECT {} FROM {}", idents("", columns), table(session, target))
}

fn table(session: &Session<'_>, target: &Target) -> String {
    ident(&session.model.names.touched(&target.table.name))
}

/// The temporary list, filled with given scopes.
pub(crate) fn list(db: &Db, target: &Target, scopes: &[Vec<Value>]) -> Result<i64> {
    let columns = scope_columns(target);
    scan::fill_scopes(
        db,
        target,
        &format!(
            "SELECT {} WHERE 0",
            columns.iter().map(|_| "NULL").collect::<Vec<_>>().join(", ")
        ),
    )?;
    let marks = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let same = columns
        .iter()
        .enumerate()
        .map(|(n, c)| format!("{c} IS ?{}", n + 1))
        .collect::<Vec<_>>()
        .join(" AND ");
    let sql = format!(
        "INSERT INTO {SCOPES} ({}) SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM {SCOPES} WHERE {same})",
        columns.join(", ")
    );
    for scope in scopes {
        db.conn()
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(scope)))
            .map_err(|source| db.error("listing scopes", source))?;
    }
    db.row("listing scopes", &format!("SELECT ifnull(max(n), 0) FROM {SCOPES}"), |row| row.get(0))
}
