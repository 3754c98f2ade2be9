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

/// Removes a database and its log.
pub fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if Path::new(&name).exists() {
            std::fs::remove_file(name)?;
        }
    }
    Ok(())
}
