//! The legacy database that the demo begins with, and its twin.

use std::path::{Path, PathBuf};

use cli_kit::exit::{Doing, Failure};
use consensus_store::sample;
use rusqlite::Connection;

use crate::{canary, log};

/// What a row takes on disk, roughly, once in each copy that the demo makes: the
/// old tables, the new ones, the twin's, and what is derived from the twin.
const BYTES_PER_ROW: u64 = 3_200 * 4;

/// The databases of a demo.
#[derive(Debug)]
pub(crate) struct Databases {
    /// The one that is migrated.
    pub(crate) live: PathBuf,
    /// The one that gets the same writes and nothing else.
    pub(crate) twin: PathBuf,
    /// Scratch.
    pub(crate) derived: PathBuf,
}

impl Databases {
    /// Names them in a directory, where they must not exist yet.
    pub(crate) fn new(dir: &Path) -> Result<Self, Failure> {
        let databases = Self {
            live: dir.join("live.db"),
            twin: dir.join("twin.db"),
            derived: dir.join("derived.db"),
        };
        for path in [&databases.live, &databases.twin, &databases.derived] {
            if path.exists() {
                return Err(Failure::unusable(
                    format!("{} already exists, and is left as it is", path.display()),
                    "name a directory that holds no demo yet: `cutover demo --keep DIR`",
                ));
            }
        }
        Ok(databases)
    }

    /// Makes the legacy database and its twin.
    pub(crate) fn make(&self, rows: u64, seed: u64) -> Result<(), Failure> {
        populate(&self.live, rows, seed).doing(|| format!("making {}", self.live.display()))?;
        std::fs::copy(&self.live, &self.twin)
            .doing(|| format!("copying it to {}", self.twin.display()))?;
        // Only the live database has a log; the twin is what an application that
        // never heard of the demo would have.
        Connection::open(&self.live)
            .and_then(|conn| conn.execute_batch(log::SCHEMA))
            .doing(|| "making the log of writes".into())
    }
}

fn populate(path: &Path, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.execute_batch(consensus_store::LEGACY_SCHEMA)?;
    sample::populate(&conn, rows, seed, sample::Shape::Realistic)?;
    let tx = conn.unchecked_transaction()?;
    canary::plant(&tx)?;
    tx.commit()?;
    // The copy for the twin is of this one file: nothing may be left in the WAL.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Refuses to begin what would fill the disk.
pub(crate) fn enough_space(dir: &Path, rows: u64) -> Result<(), Failure> {
    let stat = rustix::fs::statvfs(dir)
        .doing(|| format!("asking how much space {} has", dir.display()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let needed = rows.saturating_mul(BYTES_PER_ROW) + (64 << 20);
    if free >= needed {
        return Ok(());
    }
    Err(Failure::Other {
        doing: format!(
            "{} has {} free, and a demo of {} rows needs about {}",
            dir.display(),
            cli_kit::render::bytes(free),
            cli_kit::render::count(rows),
            cli_kit::render::bytes(needed)
        ),
        source: None,
        fix: Some(
            "make it smaller (`cutover demo --rows 10000`), or choose another place with --keep DIR \
             or the environment variable TMPDIR"
                .into(),
        ),
    })
}
