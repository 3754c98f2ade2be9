//! What writes touch while a verification runs, or after it: triggers note the scopes, and they
//! are compared again.

use std::collections::HashMap;

use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::{Chunk, Outcome};
use crate::backend::sqlite::triggers::touched;
use crate::backend::sqlite::{Db, objects, scan};
use crate::derive::derived::Place;
use crate::derive::sql::{ident, idents};
use crate::derive::target::{Target, scope_columns};
use crate::engine::work::session::Session;
use crate::engine::work::set_aside::Aside;
use crate::error::Result;

/// From here on writes are noted.
pub(crate) fn begin(session: &Session<'_>) -> Result<()> {
    let (db, model) = (session.db, &session.model);
    let made = touched::notes(model.forward.iter().chain(&model.backward), model.names);
    db.write("creating the note triggers", || {
        session.fence()?;
        objects::create(db, "creating notes", &made)
    })?;
    Ok(())
}

/// How many scopes are noted, by target.
#[derive(Debug)]
pub(crate) struct Noted(HashMap<String, u64>);

impl Noted {
    /// Counts a table of notes.
    pub(crate) fn count(db: &Db, table: &str) -> Result<Self> {
        let sql = format!("SELECT target, count(*) FROM {} GROUP BY target", ident(table));
        let rows = db.rows("counting the notes", &sql, &[], |row| {
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?.unsigned_abs()))
        })?;
        Ok(Self(rows.into_iter().collect()))
    }

    /// Counts what is noted while a gate verifies.
    pub(crate) fn of(session: &Session<'_>) -> Result<Self> {
        Self::count(session.db, &session.model.names.touched())
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those of one target.
    pub(crate) fn at(&self, target: &Target) -> u64 {
        self.0.get(&target.table.name).copied().unwrap_or(0)
    }
}

/// Scopes that are taken off at one go. It holds writers off for about a millisecond.
pub(crate) const AT_ONE_GO: u64 = 500;

/// Compares the `noted` scopes of a target, and takes the notes off. They are taken off first:
/// what is touched from here on is noted anew, and compared in the next round.
pub(crate) fn compare_noted(
    session: &Session<'_>,
    target: &Target,
    noted: u64,
    mut each: impl FnMut(&Outcome) -> Result<()>,
) -> Result<()> {
    let db = session.db;
    for _ in 0..noted.div_ceil(AT_ONE_GO) {
        let last = take_off(session, target)?;
        let outcome = db.read("verifying what was written meanwhile", || {
            compare_listed(session, target, last, usize::MAX)
        })?;
        each(&outcome)?;
    }
    Ok(())
}

/// Forgets what is noted of a target.
pub(crate) fn forget(session: &Session<'_>, target: &Target, noted: u64) -> Result<()> {
    (0..noted.div_ceil(AT_ONE_GO)).try_for_each(|_| take_off(session, target).map(|_| ()))
}

/// Moves some notes to the temporary list; gives how many there are in it.
fn take_off(session: &Session<'_>, target: &Target) -> Result<i64> {
    let (last, _) = session.db.write("reading the notes", || {
        session.fence()?;
        take_off_here(session, target)
    })?;
    Ok(last)
}

/// The same in the transaction at hand.
pub(crate) fn take_off_here(session: &Session<'_>, target: &Target) -> Result<i64> {
    take_some(session.db, target, &session.model.names.touched(), AT_ONE_GO)
}

/// Moves some notes of a target to the temporary list, in the transaction at hand; gives how
/// many there are in it. Those come first that the index finds first: which makes no difference
/// to how many are left.
pub(crate) fn take_some(db: &Db, target: &Target, table: &str, most: u64) -> Result<i64> {
    let columns = idents("", &scope_columns(target));
    let (table, of) = (ident(table), touched::of(target));
    let some = format!("FROM {table} WHERE {of} ORDER BY {columns} LIMIT {most}");
    let last = scan::fill_scopes(db, target, &format!("SELECT {columns} {some}"))?;
    let sql = format!("DELETE FROM {table} WHERE n IN (SELECT n {some})");
    db.batch("reading the notes", &sql)?;
    Ok(last)
}

/// Compares the noted scopes of a target in the transaction at hand, and leaves the notes.
pub(crate) fn compare_last(
    session: &Session<'_>,
    target: &Target,
    examples: usize,
) -> Result<Outcome> {
    let last = listed(session, target)?;
    compare_listed(session, target, last, examples)
}

fn compare_listed(
    session: &Session<'_>,
    target: &Target,
    last: i64,
    examples: usize,
) -> Result<Outcome> {
    let chunk = Chunk::Listed { from: 1, to: last };
    let mut found = compare::compare(session.db, target, Place::LIVE, &chunk, usize::MAX)?;
    Aside::of(session, target).leave_out(&mut found)?;
    found.diffs.truncate(examples);
    Ok(found)
}

/// Fills the temporary list with the noted scopes.
pub(crate) fn listed(session: &Session<'_>, target: &Target) -> Result<i64> {
    let columns = idents("", &scope_columns(target));
    let (table, of) = (ident(&session.model.names.touched()), touched::of(target));
    let query = format!("SELECT {columns} FROM {table} WHERE {of}");
    scan::fill_scopes(session.db, target, &query)
}
