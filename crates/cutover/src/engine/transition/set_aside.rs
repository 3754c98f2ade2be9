//! What is set aside on the way from one phase to another.
//!
//! Copies are made and taken back chunk by chunk, while programs write, and a scope that is looked
//! at again replaces its copies, so that a row is never there twice.

use super::dirty_log;
use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::Chunk;
use crate::derive::derived::Place;
use crate::derive::sql::{ident, idents, join, text};
use crate::derive::target::Target;
use crate::engine::work::chunked::Chunked;
use crate::engine::work::log::Log;
use crate::engine::work::pass::Pass;
use crate::engine::work::session::{Session, now};
use crate::engine::work::set_aside::{AT_ONE_GO, Aside};
use crate::error::Result;
use crate::pace::Pace;
use crate::phase::Direction;
use crate::report::Kept;
use crate::watch::{Watch, Work};

/// Keeps copies of every row of a direction's targets that the mapping does not give, or gives
/// otherwise: target by target, chunk by chunk. Tells whether anything differs.
pub(crate) fn keep_all(
    session: &Session<'_>,
    direction: Direction,
    watch: &mut dyn Watch,
) -> Result<bool> {
    let db = session.db;
    let (work, mut done, mut any) = (Work::Verify(direction), 0, false);
    let mut chunked = Chunked::begin(session, work, 0, Pace::Gentle, Log::new(), watch)?;
    for target in session.model.targets(direction) {
        let aside = Aside::of(session, target);
        let mut pass = Pass::begin(db, &session.model, target, Place::LIVE, Vec::new())?;
        chunked.table(session)?;
        loop {
            let compared = db.read("looking for rows to keep", || {
                let Some(chunk) = pass.chunk(db, chunked.rows())? else { return Ok(None) };
                let found = compare::compare(db, target, Place::LIVE, &chunk, 0)?;
                Ok(Some((chunk, found)))
            })?;
            let Some((chunk, found)) = compared else { break };
            done += found.derived;
            any |= found.missing > 0;
            if found.extra + found.different == 0 {
                if watch.interrupted() {
                    return Err(crate::error::Error::Interrupted);
                }
                continue;
            }
            let (kept, held) = chunked.write(session, "keeping rows", || aside.keep(&chunk))?;
            any |= kept > 0;
            chunked.after(session, (kept, done), held, watch)?;
        }
    }
    chunked.finish(watch);
    Ok(any)
}

/// Keeps copies of what would be lost in the noted scopes of a target, and takes the notes
/// off. Tells how many rows differ.
pub(crate) fn keep_noted(session: &Session<'_>, target: &Target, noted: u64) -> Result<u64> {
    let aside = Aside::of(session, target);
    let mut kept = 0;
    for _ in 0..noted.div_ceil(dirty_log::AT_ONE_GO) {
        let (rows, _) = session.write("keeping rows", || {
            let to = dirty_log::take_off_here(session, target)?;
            aside.keep(&Chunk::Listed { from: 1, to })
        })?;
        kept += rows;
    }
    Ok(kept)
}

/// The same in the transaction at hand, for all that is noted.
pub(crate) fn keep_last(session: &Session<'_>, target: &Target) -> Result<u64> {
    let to = dirty_log::listed(session, target)?;
    Aside::of(session, target).keep(&Chunk::Listed { from: 1, to })
}

/// The copies on this side are the rows from here on: gives what is kept now that was not.
pub(crate) fn settle(session: &Session<'_>, direction: Direction) -> Result<Vec<Kept>> {
    let at = text(&now());
    each(session, direction, |aside| {
        let set = format!("UPDATE {} SET _kept_at = {at}", ident(&aside.table()));
        let rows = aside.sweep(session, &set)?;
        Ok((rows > 0).then(|| aside.told(rows)))
    })
}

/// Keeps the rows of a target that meet a condition, but those that are kept already, in the
/// transaction at hand.
pub(crate) fn keep_where(
    session: &Session<'_>,
    target: &Target,
    condition: &str,
    reason: &str,
) -> Result<()> {
    let (db, table, aside) = (session.db, &target.table, Aside::of(session, target));
    let from = format!("FROM {} AS t WHERE ({condition})", ident(&table.name));
    if db.count(&format!("SELECT EXISTS (SELECT 1 {from})"))? == 0 {
        return Ok(());
    }
    aside.make()?;
    let kept = ident(&aside.table());
    let mut names: Vec<&String> = target.scope.iter().collect();
    names.extend(target.key.columns.iter().filter(|name| !target.scope.contains(name)));
    let same = join(&names, " AND ", |name| {
        format!("{} IS t.{}", aside.collated("r.", name), ident(name))
    });
    let columns: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let sql = format!(
        "INSERT INTO {kept} ({}, _migration, _reason) SELECT {}, {}, {} {from} \
         AND NOT EXISTS (SELECT 1 FROM {kept} AS r WHERE {same} AND {})",
        idents("", &columns),
        idents("t.", &columns),
        text(&session.record.name),
        text(reason),
        aside.copies()
    );
    db.batch("keeping rows", &sql)
}

/// Takes all copies back: the rows stand elsewhere.
pub(crate) fn forget(session: &Session<'_>, direction: Direction) -> Result<()> {
    each(session, direction, |aside| {
        let kept = ident(&aside.table());
        let rows = aside.sweep(session, &format!("DELETE FROM {kept}"))?;
        if rows > 0 && session.db.count(&format!("SELECT EXISTS (SELECT 1 FROM {kept})"))? == 0 {
            session.write("dropping an empty table", || {
                session.db.batch("dropping an empty table", &format!("DROP TABLE {kept}"))
            })?;
        }
        Ok(None)
    })
    .map(|_| ())
}

/// What is set aside at this moment, and stands elsewhere too.
pub(crate) fn set_aside(session: &Session<'_>, direction: Direction) -> Result<Vec<Kept>> {
    each(session, direction, |aside| {
        let rows = aside.count()?;
        Ok((rows > 0).then(|| aside.told(rows)))
    })
}

fn each(
    session: &Session<'_>,
    direction: Direction,
    mut f: impl FnMut(&Aside<'_>) -> Result<Option<Kept>>,
) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for target in session.model.targets(direction) {
        all.extend(f(&Aside::of(session, target))?);
    }
    Ok(all)
}

/// The scopes of rows that are set aside, to be tried again: `each` is called with some at a
/// time, in a transaction of its own.
pub(crate) fn scopes_again(
    session: &Session<'_>,
    target: &Target,
    each: impl Fn(&str) -> Result<()>,
) -> Result<()> {
    let aside = Aside::of(session, target);
    if !aside.exists()? {
        return Ok(());
    }
    let (kept, rowid) = (ident(&aside.table()), target.table.rowid());
    let mut after = i64::MIN;
    loop {
        let some = format!(
            "FROM {kept} WHERE {rowid} > {after} AND {} ORDER BY {rowid} LIMIT {AT_ONE_GO}",
            aside.copies()
        );
        let (last, _) = session.write("checking the kept rows again", || {
            each(&format!("SELECT * FROM (SELECT {} {some})", idents("", &target.scope)))?;
            let last = format!("SELECT max(r) FROM (SELECT {rowid} AS r {some})");
            session.db.row("reading the kept rows", &last, |row| row.get::<Option<i64>>(0))
        })?;
        match last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}
