//! What can go wrong, sorted by what the caller can do about it.

use std::path::PathBuf;

use serde::Serialize;

use crate::backend::sqlite::connection::database_error::DatabaseError;
use crate::migration::MigrationError;
use crate::phase::Phase;
use crate::report::command::Command;
use crate::report::fix::Fix;
use crate::report::verify::Difference;

/// The result of an engine operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation did not do what was asked. Unless a variant says otherwise,
/// nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The migration file can't be used.
    #[error(transparent)]
    Migration(#[from] MigrationError),

    /// A gate or a proof said no. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),

    /// Another operator works on this database.
    #[error("another operator holds the lease: {0}")]
    LeaseHeld(LeaseHolder),

    /// This process lost its lease to another operator while it worked. What it
    /// had committed stays; the work goes on from there. Who holds it now, if anyone.
    #[error("another operator took over the lease while this one stalled{}", by(.0.as_ref()))]
    LeaseLost(Option<LeaseHolder>),

    /// The database stayed locked for longer than the busy timeout.
    #[error("the database stayed locked for {waited_ms} ms while {doing}")]
    Locked {
        /// What was being attempted.
        doing: String,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },

    /// The file is not a database this command can work on.
    #[error("{path}: {reason}")]
    Unusable {
        /// The database.
        path: PathBuf,
        /// Why it can't be used.
        reason: String,
        /// What to do about it.
        fix: Fix,
    },

    /// The database holds no migration of that name, or none, or several and no
    /// name was given.
    #[error("{reason}")]
    NoSuchMigration {
        /// What was looked for and what there is.
        reason: String,
        /// What to do about it.
        fix: Fix,
    },

    /// The caller asked the operation to stop. What was done so far is kept, and
    /// the next call goes on from there.
    #[error("stopped on request; the work done so far is kept, and the next call resumes")]
    Interrupted,

    /// Another program's long read kept the write-ahead log from being emptied. What was
    /// done is kept, and the next call goes on from there.
    #[error(
        "the write-ahead log has {log_bytes} bytes and can't restart: for {waited_s} s another \
         program has kept a read transaction open"
    )]
    LogHeld {
        /// Bytes in the log.
        log_bytes: u64,
        /// How long was waited, in seconds.
        waited_s: u64,
    },

    /// The disk runs full. What was done is kept, and the next call goes on from there.
    #[error(
        "{doing} stopped: {dir} has {free_bytes} bytes free, and {keep_free_bytes} must stay free"
    )]
    DiskFull {
        /// What was being done.
        doing: String,
        /// A directory on that disk.
        dir: PathBuf,
        /// Bytes that are free.
        free_bytes: u64,
        /// Bytes that have to be.
        keep_free_bytes: u64,
    },

    /// The database reported an error.
    #[error("{doing}")]
    Database {
        /// What was being attempted.
        doing: String,
        /// The database's error.
        #[source]
        source: DatabaseError,
    },

    /// A file could not be read or written.
    #[error("{doing}")]
    Io {
        /// What was being attempted.
        doing: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
}

/// The classes of errors a caller acts on differently. The CLI's exit codes are
/// these, one to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It failed; trying again may help.
    Failed,
    /// A gate or a proof refused; nothing was changed.
    Refused,
    /// Another operator is at work, or the database stayed locked.
    Busy,
    /// The migration file or the database is not what the command needs.
    Unusable,
}

impl Error {
    /// The class of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) => ErrorKind::Refused,
            Self::LeaseHeld(_)
            | Self::LeaseLost(_)
            | Self::Locked { .. }
            | Self::LogHeld { .. } => ErrorKind::Busy,
            Self::Migration(_) | Self::Unusable { .. } | Self::NoSuchMigration { .. } => {
                ErrorKind::Unusable
            }
            Self::Interrupted | Self::DiskFull { .. } | Self::Database { .. } | Self::Io { .. } => {
                ErrorKind::Failed
            }
        }
    }

    /// What the user can do about it, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<Fix> {
        match self {
            Self::Migration(error) => error.fix().cloned(),
            Self::Refused(refusal) => Some(refusal.fix.clone()),
            Self::LeaseHeld(_) => Some(
                Fix::from("wait for it to finish, or for its lease to expire; ")
                    .with(Command::Status)
                    .with(" works meanwhile"),
            ),
            Self::LeaseLost(_) => {
                Some("run the command again when the other operator is done".into())
            }
            Self::Locked { .. } => {
                Some("a program holds a transaction open on this database; try again".into())
            }
            Self::LogHeld { .. } => {
                Some("end that program's read, then run the command again: it resumes".into())
            }
            Self::DiskFull { .. } => {
                Some("free some space, then run the command again: it resumes".into())
            }
            Self::Database { source, .. } if source.is_disk_full() => {
                Some("free some disk space, then run the command again: it resumes".into())
            }
            Self::Unusable { fix, .. } | Self::NoSuchMigration { fix, .. } => Some(fix.clone()),
            Self::Interrupted | Self::Database { .. } | Self::Io { .. } => None,
        }
    }
}

/// A gate or a proof that said no: what was asked, why not, and what to do.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{action} refused: {reason}")]
pub struct Refusal {
    /// What was asked for, such as `advance to write-new`.
    pub action: String,
    /// Why it was refused.
    pub reason: String,
    /// What to do about it.
    pub fix: Fix,
    /// The rows that show why, if rows do: a sample, not all of them.
    pub examples: Vec<Difference>,
}

/// Who holds the lease on a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseHolder {
    /// The operator's name.
    pub actor: String,
    /// The machine it runs on.
    pub host: String,
    /// Its process id on that machine.
    pub pid: u32,
    /// What it is doing, such as `backfill`.
    pub doing: String,
    /// When the lease expires unless it is renewed: RFC 3339, UTC.
    pub expires: String,
}

impl std::fmt::Display for LeaseHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { actor, host, pid, doing, expires } = self;
        write!(f, "{actor} on {host} (pid {pid}), running {doing}, until {expires}")
    }
}

fn by(holder: Option<&LeaseHolder>) -> String {
    holder.map_or_else(|| "; it has finished since".to_owned(), |holder| format!(": {holder}"))
}

impl Refusal {
    /// What was asked, why not, and what to do.
    pub fn new(action: impl Into<String>, reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self { action: action.into(), reason: reason.into(), fix: fix.into(), examples: Vec::new() }
    }

    /// A refused step from one phase to another.
    pub(crate) fn transition(to: Phase, reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self::new(format!("going to {to}"), reason, fix)
    }
}
