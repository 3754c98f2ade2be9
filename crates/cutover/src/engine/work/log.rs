//! Keeping the write-ahead log short during long work.
//!
//! Every chunk is written to the log first, and moved into the database by a checkpoint.
//! What a reader's snapshot does not show yet can't be moved, and a log that somebody reads
//! can't start anew: beside one program that forgot to end its read, a backfill would write
//! the whole mirror into the log and fill the disk. So the work waits. What it promises: the
//! log holds no more than [`Options::log_limit_bytes`](crate::Options), what the work writes
//! between two looks at it (a quarter of the limit, and a chunk of no more than about another),
//! and what programs write themselves.
//!
//! The checkpoints are made beside the work, and by us: else they fall to the next program
//! that commits.

use std::time::Instant;

use super::disk;
use super::pace::{Backoff, Pacer};
use super::session::Session;
use super::telemetry::Telemetry;
use crate::backend::sqlite::{Checkpointer, Db, Moving};
use crate::engine::options::Options;
use crate::error::{Error, Result};
use crate::report::Waiting;
use crate::watch::{Event, Watch};

/// Bytes in the log after which a checkpoint begins to move them into the database.
const WORTH_MOVING: u64 = 1 << 20;

/// The part of the limit that a chunk may write, and that the log may hold before the work
/// waits for a checkpoint: only while nobody writes can the log begin anew.
const SHARES: u64 = 4;

/// Frames in the log that the work waits at while others write: at 1,000 it would be one of
/// them whose commit makes the checkpoint (<https://www.sqlite.org/wal.html#ckpt>).
const FRAMES_BESIDE_WRITERS: u64 = 750;

/// Looks after the log of a database while much is written to it.
#[derive(Debug)]
pub(crate) struct Log {
    /// There once there is something to move.
    checkpointer: Option<Checkpointer>,
    /// Bytes written since a checkpoint began.
    pending: u64,
    /// Bytes in the log after the last chunk.
    was: u64,
    /// What is being done, where it takes room on the disk.
    fills: Option<&'static str>,
}

impl Log {
    /// For work that makes no more of what there is.
    pub(crate) fn new() -> Self {
        Self { checkpointer: None, pending: 0, was: 0, fills: None }
    }

    /// For work that takes room on the disk, which may run full meanwhile.
    pub(crate) fn filling(doing: &'static str) -> Self {
        Self { fills: Some(doing), ..Self::new() }
    }

    /// After a chunk for which so many rows were asked. Waits, if it must, until the log can be
    /// emptied. Lets no chunk grow so large that a few of them fill the log.
    pub(crate) fn written(
        &mut self,
        session: &Session<'_>,
        rows: u64,
        pacer: &mut Pacer,
        telemetry: &mut Telemetry,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let (db, options) = (session.db, &session.engine.options);
        if let Some(doing) = self.fills {
            disk::still_free(db.file(), doing, options)?;
        }
        let share = options.log_limit_bytes / SHARES;
        let now = db.committed_log_bytes();
        // A log that holds less than before was begun anew.
        let grown = if now < self.was { now } else { now - self.was };
        self.was = now;
        self.pending += grown;
        pacer.wrote(rows, grown, share);
        let bound = if pacer.has_company() {
            share.min(FRAMES_BESIDE_WRITERS * db.frame_bytes())
        } else {
            share
        };
        if self.pending < WORTH_MOVING.min(bound / 3) {
            return Ok(());
        }
        let checkpointer = match &mut self.checkpointer {
            Some(checkpointer) => checkpointer,
            none => none.insert(Checkpointer::start(db)?),
        };
        if checkpointer.order()? {
            self.pending = 0;
        }
        if now <= bound {
            return Ok(());
        }
        // What is left is moved while we write nothing, so that the log begins anew.
        checkpointer.wait()?;
        self.pending = 0;
        let how = if pacer.has_company() { Moving::Beside } else { Moving::All };
        let log = db.checkpoint(how)?.log_bytes;
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
    let checkpoint = db.checkpoint(Moving::AllAndTruncate)?;
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
