//! The state of migrations, as data in the user's database. Every process sees a
//! change of phase at its next statement.

use rusqlite::{OptionalExtension as _, params};

use crate::backend::sqlite::Db;
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{clients, control, refused, seen, verified, work};
use crate::error::{Error, Result};
use crate::phase::Phase;
use crate::schema::{Defined, Definition};

/// The tables of our own, shared by all migrations of a database.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _cutover_migrations (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, text TEXT NOT NULL, hash TEXT NOT NULL,
    phase TEXT NOT NULL, since TEXT NOT NULL,
    -- What an interrupted step still has to do, such as 'catch-up'; NULL when nothing is pending.
    pending TEXT);
CREATE TABLE IF NOT EXISTS _cutover_passes (
    migration INTEGER NOT NULL, target TEXT NOT NULL, number INTEGER NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (migration, target));
-- The key a pass has come to, one row a column; values keep their storage class.
CREATE TABLE IF NOT EXISTS _cutover_positions (
    migration INTEGER NOT NULL, target TEXT NOT NULL, n INTEGER NOT NULL, value,
    PRIMARY KEY (migration, target, n));
CREATE TABLE IF NOT EXISTS _cutover_digests (
    migration INTEGER NOT NULL, target TEXT NOT NULL, rows INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (migration, target));
-- The old tables and their indexes as their author wrote them, while they are the mirror.
CREATE TABLE IF NOT EXISTS _cutover_definitions (
    migration INTEGER NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    sql TEXT NOT NULL, PRIMARY KEY (migration, n));
CREATE TABLE IF NOT EXISTS _cutover_journal (
    id INTEGER PRIMARY KEY, migration TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL,
    event TEXT NOT NULL, phase_before TEXT NOT NULL, phase_after TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _cutover_lease (
    id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, actor TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, doing TEXT NOT NULL, expires_ms INTEGER NOT NULL);
";

const DROP_TABLES: &str = "
DROP TABLE IF EXISTS _cutover_migrations; DROP TABLE IF EXISTS _cutover_passes;
DROP TABLE IF EXISTS _cutover_positions; DROP TABLE IF EXISTS _cutover_digests;
DROP TABLE IF EXISTS _cutover_definitions; DROP TABLE IF EXISTS _cutover_journal; DROP TABLE IF EXISTS _cutover_lease;
DROP TABLE IF EXISTS _cutover_control; DROP TABLE IF EXISTS _cutover_work; DROP TABLE IF EXISTS _cutover_verified;
DROP TABLE IF EXISTS _cutover_refused; DROP TABLE IF EXISTS _cutover_seen; DROP TABLE IF EXISTS _cutover_clients;
";

/// A migration as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) hash: String,
    pub(crate) phase: Phase,
    pub(crate) since: String,
    pub(crate) pending: Option<Pending>,
}

/// What an interrupted step still has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// A rollback from `new-only` is bringing the old tables up to date.
    CatchUp,
    /// A rollback to `read-new` has left rows in the new tables that the old ones don't give:
    /// they are kept aside, and the tables made what the mapping gives.
    Tidy,
    /// Tables that are no longer used are being emptied, to be dropped.
    Drop,
    /// Nothing: the migration was aborted, and only its record and its journal are left.
    Aborted,
}

impl Record {
    /// Whether there is nothing left to do: retired or aborted.
    pub(crate) fn is_over(&self) -> bool {
        match self.pending {
            Some(Pending::Aborted) => true,
            pending => self.phase == Phase::Retired && pending.is_none(),
        }
    }

    /// Whether tables and triggers of the migration may be in the database.
    pub(crate) fn is_open(&self) -> bool {
        let only_recorded = self.phase == Phase::Legacy && self.pending.is_none();
        !self.is_over() && !only_recorded
    }
}

/// How far the filling of one target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassRecord {
    pub(crate) target: String,
    pub(crate) complete: bool,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

impl Pending {
    fn name(self) -> &'static str {
        match self {
            Self::CatchUp => "catch-up",
            Self::Tidy => "tidy",
            Self::Drop => "drop",
            Self::Aborted => "aborted",
        }
    }
}

/// Whether this database has our tables.
pub(crate) fn exists(db: &Db) -> Result<bool> {
    db.has_table("_cutover_migrations")
}

/// Refuses a database in which something else has the name of one of our tables.
pub(crate) fn refuse_others(db: &Db) -> Result<()> {
    const SHAPES: &str = "SELECT s.name, s.type || ' ' || \
        ifnull((SELECT group_concat(c.name) FROM pragma_table_info(s.name) AS c), '') \
        FROM main.sqlite_schema AS s WHERE s.name LIKE '\\_cutover\\_%' ESCAPE '\\' ORDER BY s.name";
    let shapes = |db: &Db| -> Result<Vec<(String, String)>> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = db.conn().prepare(SHAPES)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|source| db.error("reading the schema", source))
    };
    let ours = Db::memory()?;
    create(&ours)?;
    let ours = shapes(&ours)?;
    for (name, shape) in shapes(db)? {
        let expected = ours.iter().find(|(our, _)| our.eq_ignore_ascii_case(&name));
        if expected.is_some_and(|(_, expected)| *expected != shape) {
            return Err(Error::Unusable {
                path: db.file().to_owned(),
                reason: format!("{name} is not cutover's state table"),
                fix: "rename or remove it: names that begin with _cutover_ are reserved for \
                cutover"
                    .into(),
            });
        }
    }
    Ok(())
}

pub(crate) fn create(db: &Db) -> Result<()> {
    [
        TABLES,
        control::TABLE,
        work::TABLE,
        verified::TABLE,
        refused::TABLE,
        seen::TABLE,
        clients::TABLE,
    ]
    .iter()
    .try_for_each(|tables| db.batch("creating the state tables", tables))
}

/// Removes our tables when no migration is recorded any more.
pub(crate) fn drop_if_unused(db: &Db) -> Result<()> {
    if db.count("SELECT count(*) FROM _cutover_migrations")? == 0 {
        db.batch("removing the state tables", DROP_TABLES)?;
    }
    Ok(())
}

/// Every migration, oldest first.
pub(crate) fn all(db: &Db) -> Result<Vec<Record>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let read = || -> rusqlite::Result<Vec<Record>> {
        db.conn()
            .prepare("SELECT id, name, text, hash, phase, since, pending FROM _cutover_migrations ORDER BY id")?
            .query_map([], |row| {
                let phase: String = row.get(4)?;
                let pending: Option<String> = row.get(6)?;
                Ok(Record {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    text: row.get(2)?,
                    hash: row.get(3)?,
                    phase: phase.parse().map_err(|error| {
                        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(error))
                    })?,
                    since: row.get(5)?,
                    pending: [Pending::CatchUp, Pending::Tidy, Pending::Drop, Pending::Aborted]
                        .into_iter()
                        .find(|kind| Some(kind.name()) == pending.as_deref()),
                })
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the state", source))
}

pub(crate) fn load(db: &Db, name: &str) -> Result<Option<Record>> {
    Ok(all(db)?.into_iter().find(|record| record.name == name))
}

/// Records a migration that is about to start; gives its number.
pub(crate) fn insert(
    db: &Db,
    name: &str,
    text: &str,
    hash: &str,
    phase: Phase,
    since: &str,
) -> Result<i64> {
    execute(
        db,
        "INSERT INTO _cutover_migrations (name, text, hash, phase, since) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![name, text, hash, phase.name(), since],
    )?;
    Ok(db.conn().last_insert_rowid())
}

pub(crate) fn set_phase(db: &Db, id: i64, phase: Phase, since: &str) -> Result<()> {
    let sql = "UPDATE _cutover_migrations SET phase = ?2, since = ?3, pending = NULL WHERE id = ?1";
    execute(db, sql, params![id, phase.name(), since])
}

pub(crate) fn set_pending(db: &Db, id: i64, pending: Option<Pending>) -> Result<()> {
    let sql = "UPDATE _cutover_migrations SET pending = ?2 WHERE id = ?1";
    execute(db, sql, params![id, pending.map(Pending::name)])
}

/// Forgets a migration, and its lines in the journal.
pub(crate) fn remove(db: &Db, id: i64, name: &str) -> Result<()> {
    leave(db, id)?;
    execute(db, "DELETE FROM _cutover_migrations WHERE id = ?1", params![id])?;
    execute(db, "DELETE FROM _cutover_journal WHERE migration = ?1", params![name])
}

/// Records that a migration was aborted: only its record and its journal are left.
pub(crate) fn abort(db: &Db, id: i64) -> Result<()> {
    leave(db, id)?;
    set_pending(db, id, Some(Pending::Aborted))
}

/// Begins an aborted migration anew, from this text.
pub(crate) fn renew(db: &Db, id: i64, text: &str, hash: &str, since: &str) -> Result<()> {
    let sql = "UPDATE _cutover_migrations SET text = ?2, hash = ?3, since = ?4, pending = NULL WHERE id = ?1";
    execute(db, sql, params![id, text, hash, since])
}

/// Removes what is recorded of a migration beside itself.
fn leave(db: &Db, id: i64) -> Result<()> {
    [
        "DELETE FROM _cutover_passes WHERE migration = ?1",
        "DELETE FROM _cutover_positions WHERE migration = ?1",
        "DELETE FROM _cutover_digests WHERE migration = ?1",
        "DELETE FROM _cutover_definitions WHERE migration = ?1",
        "DELETE FROM _cutover_control WHERE migration = ?1",
        "DELETE FROM _cutover_work WHERE migration = ?1",
        "DELETE FROM _cutover_verified WHERE migration = ?1",
    ]
    .iter()
    .try_for_each(|sql| execute(db, sql, params![id]))?;
    seen::forget(db, id)?;
    refused::forget(db, id)
}

/// The passes of a migration, in the order in which they are made.
pub(crate) fn passes(db: &Db, id: i64) -> Result<Vec<PassRecord>> {
    let read = || -> rusqlite::Result<Vec<PassRecord>> {
        db.conn()
            .prepare("SELECT target, complete, done, total FROM _cutover_passes WHERE migration = ?1 ORDER BY number")?
            .query_map([id], |row| {
                Ok(PassRecord {
                    target: row.get(0)?,
                    complete: row.get(1)?,
                    done: row.get::<_, i64>(2)?.unsigned_abs(),
                    total: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the state", source))
}

/// Begins a set of passes anew: the targets in this order.
pub(crate) fn begin_passes(db: &Db, id: i64, targets: &[&str]) -> Result<()> {
    execute(db, "DELETE FROM _cutover_passes WHERE migration = ?1", params![id])?;
    execute(db, "DELETE FROM _cutover_positions WHERE migration = ?1", params![id])?;
    for (number, target) in targets.iter().enumerate() {
        execute(
            db,
            "INSERT INTO _cutover_passes (migration, target, number) VALUES (?1, ?2, ?3)",
            params![id, target, number as i64],
        )?;
    }
    Ok(())
}

/// Records how far a pass is; in the transaction that did the work.
pub(crate) fn advance_pass(db: &Db, id: i64, pass: &PassRecord, position: &[Value]) -> Result<()> {
    execute(
        db,
        "UPDATE _cutover_passes SET complete = ?3, done = ?4, total = ?5 WHERE migration = ?1 AND target = ?2",
        params![id, pass.target, pass.complete, pass.done as i64, pass.total as i64],
    )?;
    for (n, value) in position.iter().enumerate() {
        execute(
            db,
            "INSERT OR REPLACE INTO _cutover_positions (migration, target, n, value) VALUES (?1, ?2, ?3, ?4)",
            params![id, pass.target, n as i64, value],
        )?;
    }
    Ok(())
}

/// Where a pass has come to; empty at its beginning.
pub(crate) fn position(db: &Db, id: i64, target: &str) -> Result<Vec<Value>> {
    let read = || -> rusqlite::Result<Vec<Value>> {
        db.conn()
            .prepare("SELECT value FROM _cutover_positions WHERE migration = ?1 AND target = ?2 ORDER BY n")?
            .query_map(params![id, target], |row| row.get(0))?
            .collect()
    };
    read().map_err(|source| db.error("reading the state", source))
}

/// The digest of a frozen table: its rows and their hash.
pub(crate) fn digest(db: &Db, id: i64, table: &str) -> Result<Option<(u64, String)>> {
    db.conn()
        .query_row(
            "SELECT rows, digest FROM _cutover_digests WHERE migration = ?1 AND target = ?2",
            params![id, table],
            |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)),
        )
        .optional()
        .map_err(|source| db.error("reading the state", source))
}

pub(crate) fn set_digest(db: &Db, id: i64, table: &str, rows: u64, digest: &str) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO _cutover_digests (migration, target, rows, digest) VALUES (?1, ?2, ?3, ?4)";
    execute(db, sql, params![id, table, rows as i64, digest])
}

pub(crate) fn forget_digests(db: &Db, id: i64) -> Result<()> {
    execute(db, "DELETE FROM _cutover_digests WHERE migration = ?1", params![id])
}

/// Keeps the old tables' definitions for a rollback.
pub(crate) fn keep_definitions(db: &Db, id: i64, definitions: &[Definition]) -> Result<()> {
    execute(db, "DELETE FROM _cutover_definitions WHERE migration = ?1", params![id])?;
    for (n, definition) in definitions.iter().enumerate() {
        execute(
            db,
            "INSERT INTO _cutover_definitions (migration, n, kind, name, sql) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, n as i64, definition.kind.name(), definition.name, definition.sql],
        )?;
    }
    Ok(())
}

/// The definitions that were kept.
pub(crate) fn definitions(db: &Db, id: i64) -> Result<Vec<Definition>> {
    let read = || -> rusqlite::Result<Vec<Definition>> {
        db.conn()
            .prepare(
                "SELECT kind, name, sql FROM _cutover_definitions WHERE migration = ?1 ORDER BY n",
            )?
            .query_map([id], |row| {
                let kind: String = row.get(0)?;
                let kind =
                    if kind == Defined::Table.name() { Defined::Table } else { Defined::Index };
                Ok(Definition { kind, name: row.get(1)?, sql: row.get(2)? })
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the state", source))
}

fn execute(db: &Db, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<()> {
    db.conn()
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params))
        .map(|_| ())
        .map_err(|source| db.error("writing the state", source))
}
