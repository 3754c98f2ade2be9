//! The write-ahead log of a connection's database: how long it is, and moving it into the
//! database.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::ErrorCode;
use rusqlite::hooks::Wal;

use super::db::Db;
use super::wal::FRAME_HEADER_BYTES;
use crate::error::Result;

/// How a checkpoint goes about it (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moving {
    /// Beside all others. What they write meanwhile stays in the log.
    Beside,
    /// Holds writers off for the little that is left to move, so that the log begins anew.
    All,
    /// The same, and the log's file becomes empty.
    AllAndTruncate,
}

/// What a checkpoint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Whether somebody was in the way: another checkpoint, a writer, or a reader that
    /// still needs what the log holds.
    pub(crate) hindered: bool,
    /// Bytes of the log that are in use.
    pub(crate) log_bytes: u64,
}

impl Db {
    /// Has SQLite tell at each commit how long the log is: asking for it would be a checkpoint.
    /// This takes the place of SQLite's own checkpoints, which hang on the same hook
    /// (<https://www.sqlite.org/c3ref/wal_hook.html>); ours are made by who writes much.
    pub(super) fn count_frames(&mut self) -> Result<()> {
        self.page_bytes = self.count("SELECT page_size FROM pragma_page_size")?;
        let frames = Arc::clone(&self.log_frames);
        let hook = move |_: &mut Wal, now| {
            frames.store(u64::try_from(now).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        let hooked = self.connection.0.wal_hook(Some(hook));
        hooked.map_err(|source| self.error("configuring the connection", source))
    }

    /// Whether there is a write-ahead log.
    pub(crate) fn has_log(&self) -> Result<bool> {
        let mode: String =
            self.row("reading the journal mode", "PRAGMA journal_mode", |row| row.get(0))?;
        Ok(mode == "wal")
    }

    /// Bytes in the write-ahead log; 0 in other journal modes.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let mut path = self.file().as_os_str().to_owned();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |meta| meta.len())
    }

    /// Bytes of the log that were in use when this connection last committed; 0 in other
    /// journal modes.
    pub(crate) fn committed_log_bytes(&self) -> u64 {
        self.log_frames.load(Ordering::Relaxed) * self.frame_bytes()
    }

    /// What a page takes in the log.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.page_bytes + FRAME_HEADER_BYTES
    }

    /// Moves what the log holds into the database.
    pub(crate) fn checkpoint(&self, how: Moving) -> Result<Checkpoint> {
        let mode = match how {
            Moving::Beside => "PASSIVE",
            Moving::All => "RESTART",
            Moving::AllAndTruncate => "TRUNCATE",
        };
        if how != Moving::Beside {
            // Most of it is moved while others write on, so that little is left.
            self.checkpoint(Moving::Beside)?;
        }
        // Three numbers: whether something was in the way, frames in the log, frames moved
        // (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
        // A reader in the way is no error: the next call moves what this one could
        // not. Waiting for it would be one, with the write lock in hand.
        let moved = self.patience.without(|| self.conn().query_row(&sql, [], read));
        match moved {
            Ok((hindered, frames)) => {
                let log_bytes = u64::try_from(frames).unwrap_or(0) * self.frame_bytes();
                Ok(Checkpoint { hindered, log_bytes })
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Checkpoint { hindered: true, log_bytes: self.wal_bytes() })
            }
            Err(error) => Err(self.error("checkpointing", error)),
        }
    }
}
