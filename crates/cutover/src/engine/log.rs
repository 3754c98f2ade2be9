//! Keeping the write-ahead log short during long work.
//!
//! Every chunk is written to the log first, and moved into the database by a checkpoint.
//! What a reader's snapshot does not show yet can't be moved, and a log that somebody reads
//! can't start anew: beside one program that forgot to end its read, a backfill would write
//! the whole mirror into the log and fill the disk. So the work waits. What it promises: the
//! log holds no more than [`Options::log_limit_bytes`](crate::Options), what the work writes
//! between two checkpoints (a quarter of the limit, and a chunk of no more than about another),
//! and what programs write themselves.

use std::time::{Duration, Instant};

use super::Options;
use super::pace::{Backoff, Pacer};
use super::session::Session;
use super::space;
use super::telemetry::Telemetry;
use crate::backend::sqlite::Db;
use crate::error::{Error, Result};
use crate::report::Waiting;
use crate::watch::{Event, Watch};

/// Work after which what was written is moved from the log into the database, unless so much
/// has been written before.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(8);

/// The part of the limit that may be written between two checkpoints, and by one chunk.
const SHARES: u64 = 4;

/// Looks after the log of a database while much is written to it.
#[derive(Debug)]
pub(crate) struct Log {
    since_checkpoint: Duration,
    /// Bytes that the log has grown by since the last checkpoint.
    grown: u64,
    /// Bytes in the log after the last chunk.
    was: u64,
    /// What is being done, where it takes room on the disk.
    fills: Option<&'static str>,
}

impl Log {
    /// For work that makes no more of what there is.
    pub(crate) fn new() -> Self {
        Self { since_checkpoint: Duration::ZERO, grown: 0, was: 0, fills: None }
    }

    /// For work that takes room on the disk, which may run full meanwhile.
    pub(crate) fn filling(doing: &'static str) -> Self {
        Self { fills: Some(doing), ..Self::new() }
    }

    /// After a transaction that held the write lock for `held`. Waits, if it must, until
    /// the log can be emptied. Lets no chunk grow so large that a few of them fill the log.
    pub(crate) fn written(
        &mut self,
        session: &Session<'_>,
        held: Duration,
        pacer: &mut Pacer,
        telemetry: &mut Telemetry,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let (db, options) = (session.db, &session.engine.options);
        let share = options.log_limit_bytes / SHARES;
        let now = db.committed_log_bytes();
        // A log that holds less than before was begun anew.
        let grown = if now < self.was { now } else { now - self.was };
        self.was = now;
        pacer.wrote(grown, share);
        self.grown += grown;
        self.since_checkpoint += held;
        if self.since_checkpoint <= CHECKPOINT_EVERY && self.grown <= share {
            return Ok(());
        }
        (self.since_checkpoint, self.grown) = (Duration::ZERO, 0);
        if let Some(doing) = self.fills {
            space::still_free(db.file(), doing, options)?;
        }
        // Often, and by us: else it falls to the next program that commits.
        let log = db.checkpoint(false)?.log_bytes;
        if log.max(db.wal_bytes()) > options.log_limit_bytes {
            self.was = 0;
            if !emptied(db, options)? {
                return wait(session, telemetry, watch);
            }
        }
        Ok(())
    }
}

/// Tries to start the log anew; whether that is done, or need not be.
fn emptied(db: &Db, options: &Options) -> Result<bool> {
    let checkpoint = db.checkpoint(true)?;
    Ok(!checkpoint.hindered || checkpoint.log_bytes <= options.log_limit_bytes)
}

/// Waits for whoever reads an old snapshot.
fn wait(session: &Session<'_>, telemetry: &mut Telemetry, watch: &mut dyn Watch) -> Result<()> {
    let (db, options) = (session.db, &session.engine.options);
    let began = Instant::now();
    let mut backoff = Backoff::new();
    let mut renewed = Instant::now();
    let mut told = false;
    loop {
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(backoff.next());
        if emptied(db, options)? {
            telemetry.waits(None);
            return Ok(());
        }
        // What is over in a moment is nobody's concern.
        if !told && backoff.is_slow() {
            watch.event(&Event::Waiting { log_bytes: db.wal_bytes() });
            told = true;
            telemetry.waits(Some(Waiting::Reader));
            session.tell_now(telemetry)?;
        }
        if began.elapsed() > options.log_patience {
            let waited_s = began.elapsed().as_secs();
            return Err(Error::LogHeld { log_bytes: db.wal_bytes(), waited_s });
        }
        if renewed.elapsed() > options.lease_ttl / 4 {
            session.tell_now(telemetry)?;
            renewed = Instant::now();
        }
    }
}
