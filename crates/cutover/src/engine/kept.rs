//! Rows of the new tables that the old ones can't hold. When the new side becomes
//! the mirror again it will hold what the mapping gives, and nothing else: the rows
//! that go, and the former values of those that change, are kept aside.

use super::Pace;
use super::gate::Loose;
use super::notes::list;
use super::pace::Pacer;
use super::reconcile::survey;
use super::session::Session;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::compare::{self, Chunk, Diff, Kind};
use crate::derive::derived::Place;
use crate::derive::names::Names;
use crate::derive::sql::{ident, join, text};
use crate::derive::target::Target;
use crate::error::Result;
use crate::migration::Migration;
use crate::phase::{Direction, Side};
use crate::report::Kept;
use crate::schema::Table;

/// Keeps what would be lost in these scopes, and makes the mirror one. In the
/// transaction at hand.
pub(crate) fn keep(session: &Session<'_>, lists: &[Loose]) -> Result<Vec<Kept>> {
    let db = session.db;
    let mut all = Vec::new();
    for loose in lists.iter().filter(|loose| !loose.scopes.is_empty()) {
        let target = &session.model.targets(Direction::Forward)[loose.target];
        let last = list(db, target, &loose.scopes)?;
        let chunk = Chunk::Listed { from: 1, to: last };
        let outcome = compare::compare(db, target, Place::LIVE, &chunk, usize::MAX)?;
        let lost: Vec<&Diff> =
            outcome.diffs.iter().filter(|diff| diff.kind != Kind::Missing).collect();
        if !lost.is_empty() {
            copy(db, target, &session.record.name, &lost)?;
            let table = target.table.known_as.clone();
            all.push(Kept { kept_in: kept_in(target), table, rows: lost.len() as u64 });
        }
        compare::apply(db, target, Place::LIVE, &outcome.diffs)?;
    }
    Ok(all)
}

/// Keeps every row of the frozen old tables that the new ones do not give, or give
/// otherwise. Only asked for when a frozen table is not what it was.
pub(crate) fn keep_old(session: &Session<'_>) -> Result<Vec<Kept>> {
    let db = session.db;
    let mut all = Vec::new();
    for target in session.model.targets(Direction::Backward) {
        let mut lost = Vec::new();
        let mut pacer = Pacer::new(Pace::Gentle);
        survey(db, &session.model, target, Place::LIVE, &mut pacer, usize::MAX, |outcome| {
            lost.extend(outcome.diffs.iter().filter(|diff| diff.kind != Kind::Missing).cloned());
            Ok(true)
        })?;
        if lost.is_empty() {
            continue;
        }
        let lost: Vec<&Diff> = lost.iter().collect();
        db.write("keeping rows", || {
            session.fence()?;
            copy(db, target, &session.record.name, &lost)
        })?;
        let table = target.table.known_as.clone();
        all.push(Kept { kept_in: kept_in(target), table, rows: lost.len() as u64 });
    }
    Ok(all)
}

fn copy(db: &Db, target: &Target, migration: &str, lost: &[&Diff]) -> Result<()> {
    let table = ident(&target.table.name);
    let kept = ident(&kept_in(target));
    let extra =
        format!("{} AS _migration, {} AS _kept_at", text(migration), text(&crate::clock::now()));
    db.batch(
        "keeping rows",
        &format!(
            "CREATE TABLE IF NOT EXISTS {kept} AS SELECT t.*, {extra} FROM {table} AS t WHERE 0"
        ),
    )?;
    let condition = join(&target.key.columns, " AND ", |column| {
        let position = target
            .columns
            .iter()
            .position(|name| name == column)
            .map_or(0, |position| position + 1);
        format!("t.{} IS ?{position}", ident(column))
    });
    let sql = format!("INSERT INTO {kept} SELECT t.*, {extra} FROM {table} AS t WHERE {condition}");
    let run = || -> rusqlite::Result<()> {
        let mut statement = db.conn().prepare(&sql)?;
        for diff in lost {
            for (position, value) in diff.row.iter().enumerate().take(statement.parameter_count()) {
                statement.raw_bind_parameter(position + 1, value)?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    };
    run().map_err(|source| db.error("keeping rows", source))
}

/// Where the rows of a target without an image are kept.
fn kept_in(target: &Target) -> String {
    let Table { known_as, shared, .. } = &target.table;
    Names::kept(target.direction.target(), known_as, *shared)
}

/// The tables of kept rows there are, and how many rows each holds.
pub(crate) fn kept_tables(db: &Db, migration: &Migration) -> Result<Vec<Kept>> {
    let mut tables: Vec<(Side, String)> = Vec::new();
    for mapping in &migration.mappings {
        let table = (mapping.side(), mapping.target.clone());
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let mut all = Vec::new();
    for (side, table) in tables {
        let kept_in = Names::kept(side, &table, migration.shares(&table));
        let exists = format!(
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {}",
            text(&kept_in)
        );
        if db.count(&exists)? > 0 {
            let rows = db.count(&format!("SELECT count(*) FROM {}", ident(&kept_in)))?;
            all.push(Kept { table, kept_in, rows });
        }
    }
    Ok(all)
}
