//! Compares what a mapping gives with what its target holds, part by part: two
//! cursors in the order of the key, side by side. And applies the difference.

use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::side_by_side::{bind, compare_whole};
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, bound, failing};
use crate::derive::derived::{Place, derived, held};
use crate::derive::sql::{idents, join};
use crate::derive::target::Target;
use crate::error::Result;

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
        Err(error) if may_be_a_row(&error) => {
            failing::around(db, target, place, (chunk, keep), error)
        }
        compared => compared,
    }
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
    let doing = format!("repairing {}", target.table.known_as);
    let table = place.table(target.direction.target(), &target.table.name);
    let same_key = bound::equals(target, "", &target.key.columns);
    let set = bound::assigned(target);
    let all: Vec<usize> = (1..=target.columns.len()).collect();
    let run = || -> rusqlite::Result<()> {
        let conn = db.conn();
        // Deletes first: a row that is missing may take over a unique value of one
        // that is extra.
        let of_kind = |kind| diffs.iter().filter(move |diff| diff.kind == kind);
        let execute = |sql: &str, row: &[Value]| -> rusqlite::Result<()> {
            let mut statement = conn.prepare_cached(sql)?;
            bound::bind(&mut statement, row)?;
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
