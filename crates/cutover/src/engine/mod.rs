//! The engine: one file per operation.

mod abort;
mod advance;
mod backfill;
mod backup;
mod beside;
mod beyond;
mod catch_up;
mod check;
mod consent;
mod constraints;
mod control;
mod counterparts;
mod definitions;
mod dependents;
mod drift;
mod dropped;
mod facts;
mod follow;
mod forget;
mod frozen;
mod fuzz;
mod gate;
mod handover;
mod kept;
mod labour;
mod log;
mod lookup;
mod lost;
mod meddling;
mod mending;
mod model;
mod next_actions;
mod notes;
mod only_new;
mod overlap;
mod pace;
mod pass;
mod plan;
mod reconcile;
mod redefined;
mod references;
mod refused;
mod remains;
mod repair;
mod retire;
mod rollback;
mod rowids;
mod scaffold;
mod session;
mod snapshot;
mod space;
mod start;
mod suitability;
mod switch;
mod taken;
mod telemetry;
mod tidy;
mod tombstones;
mod vacuum;
mod verify;
mod way_back;
mod written;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::control::Request;
pub use self::fuzz::FuzzOptions;
pub use self::snapshot::Observer;
use crate::backend::sqlite::{Db, file};
use crate::error::Result;
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
    /// Bytes that have to stay free on a disk: what would leave fewer is refused.
    pub keep_free_bytes: u64,
    /// How large the write-ahead log may grow before long work waits for the readers that
    /// keep it from being emptied.
    pub log_limit_bytes: u64,
    /// How long it waits for them before it gives up; the next call goes on.
    pub log_patience: Duration,
    /// Told of what went wrong after a command had done what was asked: it is no failure.
    pub warn: fn(&str),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            actor: "cutover".to_owned(),
            busy_timeout: Duration::from_secs(5),
            lease_ttl: Duration::from_secs(30),
            scratch_dir: None,
            keep_free_bytes: 32 << 20,
            log_limit_bytes: 64 << 20,
            log_patience: Duration::from_secs(600),
            warn: |_| {},
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
    /// Like `Gentle`, within limits of one's own.
    Limited(Limits),
}

/// Limits of a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a chunk may hold the write lock, about; as `Gentle` has it, if absent.
    pub stall: Option<Duration>,
    /// Rows a second at most, over a second or so; no limit, if absent.
    pub rows_per_second: Option<u64>,
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
    /// How to give back to the disk what the old tables took.
    pub vacuum: Option<Vacuum>,
    /// Postpone the cutover, keep everything verified, and switch as soon as somebody asks
    /// for [`Request::Unpostpone`].
    pub when_told: bool,
}

/// What `forget` may remove.
#[derive(Debug, Clone, Copy, Default)]
pub struct ForgetOptions {
    /// The rows that are kept for the migration go too, though they exist nowhere else.
    pub drop_kept: bool,
    /// That was confirmed.
    pub confirmed: bool,
}

/// How a migration is left.
#[derive(Debug, Clone, Copy, Default)]
pub struct AbortOptions {
    /// That values which only the new tables hold leave them was confirmed: they are kept aside.
    pub confirmed: bool,
}

/// How the space of dropped tables is given back to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacuum {
    /// In small steps beside other writers. Only a database with
    /// `auto_vacuum = INCREMENTAL` can do that.
    Incremental,
    /// Besides, where that leaves something, by writing the whole database anew. Writers are
    /// held off for as long as it takes, and it takes disk space for one or two copies.
    Full,
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

    /// Tells of what went wrong after a command had done what was asked.
    fn warn(&self, text: &str) {
        (self.options.warn)(text);
    }

    /// A directory for scratch databases, removed when it is dropped.
    fn scratch_dir(&self) -> Result<tempfile::TempDir> {
        file::private_dir(self.options.scratch_dir.as_deref())
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
