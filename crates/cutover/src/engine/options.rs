//! How an [`Engine`](super::open::Engine) behaves, and what each of its calls may be told.

use std::path::PathBuf;
use std::time::Duration;

use crate::pace::Pace;
use crate::phase::Phase;

/// How an [`Engine`](super::open::Engine) behaves.
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
    /// Whether this process writes to the database on connections of its own. Programs in other
    /// processes are seen; those in this one have to be told of, so that long work leaves room
    /// for them before they have written.
    pub writers_in_process: bool,
    /// Read through a memory map where many rows are compared, which is faster: a disk that
    /// fails, or somebody who cuts the database's file off, then ends this process with SIGBUS
    /// in the place of an error. Databases without a write-ahead log are never mapped.
    pub mapped_reads: bool,
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
            writers_in_process: false,
            mapped_reads: false,
            warn: |_| {},
        }
    }
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
    /// Entering `retired` was confirmed: it cannot be undone.
    pub confirmed: bool,
    /// Where to write a copy of the database before it is retired.
    pub backup: Option<PathBuf>,
    /// How to give back to the disk what the old tables took.
    pub vacuum: Option<Vacuum>,
    /// Postpone the cutover, keep everything verified, and switch as soon as somebody asks
    /// for [`Request::Unpostpone`](crate::Request::Unpostpone).
    pub when_told: bool,
    /// Go on only if no write to the old tables was noted for so long. Ten minutes if absent for
    /// the step from `write-both` to `write-new`, and no matter for the others; zero goes on.
    pub quiet_for: Option<Duration>,
    /// Enter `new-only` and `retired` only if no process has the database open that started
    /// before `write-new`.
    pub require_restarted: bool,
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
