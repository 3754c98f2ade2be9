//! What writes touch while a verification runs, or after it: triggers note the scopes, and they
//! are compared again.

use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::{Chunk, Outcome};
use crate::backend::sqlite::triggers::touched;
use crate::backend::sqlite::{Db, scan};
use crate::derive::derived::Place;
use crate::derive::sql::{ident, idents};
use crate::derive::target::{Target, scope_columns};
use crate::engine::work::session::Session;
use crate::engine::work::set_aside::Aside;
use crate::error::Result;

/// From here on writes are noted.
pub(crate) fn begin(session: &Session<'_>) -> Result<()> {
    let db = session.db;
    db.write("creating the note triggers", || {
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

/// Moves the oldest notes to the temporary list; gives how many there are in it.
fn take_off(session: &Session<'_>, target: &Target) -> Result<i64> {
    let (last, _) = session.db.write("reading the notes", || {
        session.fence()?;
        take_off_here(session, target)
    })?;
    Ok(last)
}

/// The same in the transaction at hand.
pub(crate) fn take_off_here(session: &Session<'_>, target: &Target) -> Result<i64> {
    let table = session.model.names.touched(&target.table.name);
    take_oldest(session.db, target, &table, AT_ONE_GO)
}

/// Moves the oldest notes of a table of such to the temporary list, in the transaction at
/// hand; gives how many there are in it.
pub(crate) fn take_oldest(db: &Db, target: &Target, table: &str, most: u64) -> Result<i64> {
    let (table, oldest) = (ident(table), format!("ORDER BY n LIMIT {most}"));
    let columns = idents("", &scope_columns(target));
    let last = scan::fill_scopes(db, target, &format!("SELECT {columns} FROM {table} {oldest}"))?;
    let sql = format!("DELETE FROM {table} WHERE n IN (SELECT n FROM {table} {oldest})");
    db.batch("reading the notes", &sql)?;
    Ok(last)
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
    let columns = scope_columns(target);
    scan::fill_scopes(session.db, target, &query(session, target, &columns))
}

fn query(session: &Session<'_>, target: &Target, columns: &[String]) -> String {
    format!("SELECT {} FROM {}", idents("", columns), table(session, target))
}

fn table(session: &Session<'_>, target: &Target) -> String {
    ident(&session.model.names.touched(&target.table.name))
}
