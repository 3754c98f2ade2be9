//! The engine: one file per operation.

mod abort;
mod advance;
mod backfill;
mod backup;
mod check;
mod definitions;
mod dependents;
mod drift;
mod dropped;
mod frozen;
mod fuzz;
mod gate;
mod handover;
mod kept;
mod model;
mod pace;
mod pass;
mod plan;
mod reconcile;
mod redefined;
mod references;
mod repair;
mod retire;
mod rollback;
mod scaffold;
mod session;
mod start;
mod status;
mod suitability;
mod switch;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::fuzz::FuzzOptions;
use crate::backend::sqlite::Db;
use crate::error::{Error, Result};
use crate::phase::Phase;

/// How an [`Engine`] behaves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Who operates, for the journal and the lease.
    pub actor: String,
    /// How long to wait for a lock that another program holds.
    pub busy_timeout: Duration,
    /// How long a lease lives without being renewed.
    pub lease_ttl: Duration,
    /// Where scratch databases are made; the system's temporary directory if absent.
    pub scratch_dir: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            actor: "cutover".to_owned(),
            busy_timeout: Duration::from_secs(5),
            lease_ttl: Duration::from_secs(30),
            scratch_dir: None,
        }
    }
}

/// How hard a backfill, a verification or a repair may press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pace {
    /// Chunks of a few milliseconds, and room for other writers between them.
    #[default]
    Gentle,
    /// As fast as the disk allows; other writers may wait for tens of milliseconds.
    Fast,
}

/// What `start` does beyond entering `dual-write`.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartOptions {
    /// Leave the backfill for a later call.
    pub no_backfill: bool,
    /// The pace of the backfill.
    pub pace: Pace,
}

/// How far `advance` goes.
#[derive(Debug, Clone, Default)]
pub struct AdvanceOptions {
    /// The phase to go to; the next one if absent.
    pub to: Option<Phase>,
    /// Entering `retired` was confirmed: there is no way back from it.
    pub confirmed: bool,
    /// Where to write a copy of the database before it is retired.
    pub backup: Option<PathBuf>,
}

/// A database and the operations on its migrations.
#[derive(Debug)]
pub struct Engine {
    db: Db,
    options: Options,
}

impl Engine {
    /// Opens a database that exists. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`](crate::Error::Unusable) if it is not there, not a
    /// database, or can't be written.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Ok(Self { db: Db::open(path, options.busy_timeout)?, options })
    }

    /// A directory for scratch databases, removed when it is dropped.
    fn scratch_dir(&self) -> Result<tempfile::TempDir> {
        let made = match &self.options.scratch_dir {
            Some(dir) => tempfile::tempdir_in(dir),
            None => tempfile::tempdir(),
        };
        made.map_err(|source| Error::Io { doing: "making a scratch directory".to_owned(), source })
    }

    /// Opens a database that exists, also one that can't be written: for what only reads.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`](crate::Error::Unusable) if it is not there, not a
    /// database, or can't be read without writing.
    pub fn open_to_read(path: &Path, options: Options) -> Result<Self> {
        Ok(Self { db: Db::open_to_read(path, options.busy_timeout)?, options })
    }
}

/// Stands back for a moment, so that others get the lock.
fn pacer_sleep(pause: Duration) {
    if !pause.is_zero() {
        std::thread::sleep(pause);
    }
}
