//! When a side was last written, as the triggers of [`seen`](super::triggers::seen) note it.

use rusqlite::{OptionalExtension as _, params};

use super::Db;
use super::triggers::seen::noted;
use crate::derive::names::Names;
use crate::error::Result;
use crate::phase::{Phase, Side};

pub(super) const TABLE: &str = "
-- When programs last wrote to the tables of a side, in seconds since 1970; noted once in 60 s.
CREATE TABLE IF NOT EXISTS _cutover_seen (
    id INTEGER PRIMARY KEY, migration INTEGER NOT NULL, side TEXT NOT NULL, phase TEXT NOT NULL,
    last INTEGER NOT NULL DEFAULT 0, notes INTEGER NOT NULL DEFAULT 0);
";

/// Makes the rows that the triggers of a phase write to. What was noted before stays, but for
/// what is no longer the last write: that of a side which programs write unnoted in this phase.
pub(crate) fn begin(db: &Db, migration: i64, phase: Phase) -> Result<()> {
    for (side, row) in noted(Names { migration }, phase) {
        // A migration that an older version started does not have it.
        db.batch("creating the state tables", TABLE)?;
        let sql = "INSERT OR IGNORE INTO _cutover_seen (id, migration, side, phase) \
                   VALUES (?1, ?2, ?3, ?4)";
        db.conn()
            .execute(sql, params![row, migration, side.name(), phase.name()])
            .map_err(|source| db.error("writing the state", source))?;
    }
    let is_noted = |side| noted(Names { migration }, phase).any(|(noted, _)| noted == side);
    let unnoted = |side: &Side| phase.writes().enter(*side) && !is_noted(*side);
    Side::BOTH.into_iter().filter(unnoted).try_for_each(|side| forget_side(db, migration, side))
}

fn forget_side(db: &Db, migration: i64, side: Side) -> Result<()> {
    if !db.has_table("_cutover_seen")? {
        return Ok(());
    }
    let sql = "DELETE FROM _cutover_seen WHERE migration = ?1 AND side = ?2";
    db.conn()
        .execute(sql, params![migration, side.name()])
        .map(|_| ())
        .map_err(|source| db.error("writing the state", source))
}

/// When a side was last written, in seconds since 1970. None if no write was noted.
pub(crate) fn last(db: &Db, migration: i64, side: Side) -> Result<Option<i64>> {
    if !db.has_table("_cutover_seen")? {
        return Ok(None);
    }
    let sql =
        "SELECT max(last) FROM _cutover_seen WHERE migration = ?1 AND side = ?2 AND notes > 0";
    db.conn()
        .query_row(sql, params![migration, side.name()], |row| row.get::<_, Option<i64>>(0))
        .optional()
        .map(Option::flatten)
        .map_err(|source| db.error("reading the state", source))
}

/// Forgets what was noted for a migration.
pub(super) fn forget(db: &Db, migration: i64) -> Result<()> {
    Side::BOTH.into_iter().try_for_each(|side| forget_side(db, migration, side))
}
