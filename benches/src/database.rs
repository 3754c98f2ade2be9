//! Legacy databases to measure on.

use std::path::{Path, PathBuf};

use consensus_store::sample::{Shape, populate};
use consensus_store::{LEGACY_SCHEMA, MIGRATION, MIGRATION_NAME};
use cutover::{Engine, Migration, Options};
use rusqlite::Connection;

/// Errors are only shown, and may come out of a thread.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A database of the reference shape, in WAL mode.
pub fn legacy(dir: &Path, name: &str, rows: u64) -> Result<PathBuf> {
    let path = dir.join(name);
    let conn = Connection::open(&path)?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    conn.execute_batch(LEGACY_SCHEMA)?;
    populate(&conn, rows, 1, Shape::Plain)?;
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(path)
}

/// A copy of a database nobody writes to.
pub fn copy(from: &Path, name: &str) -> Result<PathBuf> {
    let to = from.with_file_name(name);
    std::fs::copy(from, &to)?;
    Ok(to)
}

/// The consensus migration.
pub fn migration() -> Result<Migration> {
    Ok(Migration::parse(MIGRATION_NAME, MIGRATION)?)
}

/// An operator of a database.
pub fn engine(path: &Path) -> Result<Engine> {
    Ok(Engine::open(path, Options::default())?)
}

/// As an application opens it.
pub fn connect(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;",
    )?;
    Ok(conn)
}

/// The migration's forward statements on the database itself, as they would be run
/// offline: the tables and the statements, `old.` and `new.` taken off.
pub fn offline_sql() -> (String, String) {
    let bare = MIGRATION.replace("old.", "").replace("new.", "");
    let forward = bare.find("-- forward").unwrap_or(0);
    let backward = bare.find("-- backward").unwrap_or(bare.len());
    (bare[..forward].to_owned(), bare[forward..backward].to_owned())
}

/// A mapping of the consensus migration as plain SQL on the one database that has both
/// schemas: what it gives, and what its target holds, in the same columns.
pub struct PlainMapping {
    /// The SELECT of the mapping.
    pub gives: String,
    /// The same columns of the table it is for.
    pub holds: String,
}

/// Every mapping of the consensus migration, forward and backward.
pub fn plain_mappings() -> Vec<PlainMapping> {
    let bare = MIGRATION.replace("old.", "").replace("new.", "");
    let lines: Vec<&str> = bare.lines().filter(|line| !line.starts_with("--")).collect();
    let text = lines.join("\n");
    let mapping = |statement: &str| {
        let (table, rest) = statement.split_once('(')?;
        let (columns, gives) = rest.split_once(')')?;
        Some(PlainMapping {
            gives: gives.trim().to_owned(),
            holds: format!("SELECT {columns} FROM {}", table.trim()),
        })
    };
    text.split(';').filter_map(|s| mapping(s.trim().strip_prefix("INSERT INTO ")?)).collect()
}
