//! The change on SQLite.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cutover::{AdvanceOptions, Migration, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, connect, engine};
use benches::program::{Kind, Programs};

use super::tools::run as command;
use super::{Outcome, beside};

const COLUMNS: &str = "id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, ";

/// The change by one of the tools, on a database of its own.
pub(super) fn run(rows: u64, change: impl FnOnce(&Path) -> Result<()>) -> Result<Outcome> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("peers.db");
    Connection::open(&path)?.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN;
         CREATE TABLE clients ({COLUMNS} city TEXT, bio TEXT, score INTEGER NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO clients SELECT i, 'name ' || i, i || '@example.org', 'city ' || (i % 100),
           'about client ' || i, i % 1000 FROM n;
         COMMIT;"
    ))?;
    let programs = Programs::start(&path, Kind::Client, 1, Duration::from_millis(5))?;
    beside(programs, rows, || change(&path), || changed(&path))
}

/// How many rows there are, after the change: the column refuses a NULL.
fn changed(path: &Path) -> Result<i64> {
    let conn = connect(path)?;
    let strict: bool = conn.query_row(
        "SELECT \"notnull\" FROM pragma_table_info('clients') WHERE name = 'city'",
        [],
        |row| row.get(0),
    )?;
    if !strict {
        return Err("the column is not NOT NULL".into());
    }
    Ok(conn.query_row("SELECT count(*) FROM clients", [], |row| row.get(0))?)
}

pub(super) fn cutover(path: &Path) -> Result<()> {
    migrate(path, Pace::Gentle)
}

pub(super) fn cutover_fast(path: &Path) -> Result<()> {
    migrate(path, Pace::Fast)
}

fn migrate(path: &Path, pace: Pace) -> Result<()> {
    let columns = "id, name, email, city, bio, score";
    let migration = Migration::parse(
        "not-null",
        &format!(
            "CREATE TABLE new.clients ({COLUMNS} city TEXT NOT NULL, bio TEXT, score INTEGER NOT NULL);
             INSERT INTO new.clients ({columns}) SELECT {columns} FROM old.clients;
             INSERT INTO old.clients ({columns}) SELECT {columns} FROM new.clients;"
        ),
    )?;
    let mut operator = engine(path)?;
    let options = StartOptions { pace, ..StartOptions::default() };
    operator.start(&migration, options, &mut Silent)?;
    let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
    operator.advance("not-null", &to, &mut Silent)?;
    Ok(())
}

/// As SQLite's documentation says: <https://sqlite.org/lang_altertable.html#otheralter>.
pub(super) fn by_hand(path: &Path) -> Result<()> {
    let conn = connect(path)?;
    conn.execute_batch(&format!(
        "PRAGMA busy_timeout = 60000; PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;
         CREATE TABLE new_clients ({COLUMNS} city TEXT NOT NULL, bio TEXT, score INTEGER NOT NULL);
         INSERT INTO new_clients SELECT id, name, email, city, bio, score FROM clients;
         DROP TABLE clients;
         ALTER TABLE new_clients RENAME TO clients;
         PRAGMA foreign_key_check;
         COMMIT; PRAGMA foreign_keys = ON;"
    ))?;
    Ok(())
}

pub(super) fn sqlite_utils(python: &Path, path: &Path) -> Result<()> {
    let tool = python.with_file_name("sqlite-utils");
    command(Command::new(tool).arg("transform").arg(path).args(["clients", "--not-null", "city"]))?;
    Ok(())
}

pub(super) fn alembic(python: &Path, path: &Path) -> Result<()> {
    let script = path.with_file_name("alembic_batch.py");
    std::fs::write(&script, include_str!("../../peers/alembic_batch.py"))?;
    command(Command::new(python).arg(script).arg(path))?;
    Ok(())
}
