//! How large a database is, whole copies of it, and giving back what no row uses.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use super::authorizer::Wall;
use super::db::Db;
use super::failure::locked;
use crate::derive::sql::text;
use crate::error::{Error, Result};

/// How large a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// All pages, those that wait in the log too.
    pub(crate) bytes: u64,
    /// Of these, what SQLite will use again before the file grows.
    pub(crate) unused_bytes: u64,
    pub(crate) page_bytes: u64,
}

impl Size {
    pub(crate) fn used_bytes(self) -> u64 {
        self.bytes.saturating_sub(self.unused_bytes)
    }
}

impl Db {
    /// Copies the database as it is at one moment into a new file that nobody else may read.
    /// SQLite does it: a file that we opened and closed ourselves would take the locks of
    /// every connection of this process with it
    /// (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
    pub(crate) fn copy_to(&self, path: &Path) -> Result<()> {
        let mut copy = Self::scratch(path, self.busy_timeout)?;
        let failed = |source| self.error("copying the database", source);
        let backup = Backup::new(self.conn(), &mut copy.connection.0).map_err(failed)?;
        // In one step: no writer commits until it is done, so it need not begin again.
        match backup.step(-1).map_err(failed)? {
            StepResult::Done | StepResult::More => Ok(()),
            _ => Err(locked("copying the database", self.busy_timeout)),
        }
    }

    /// How many bytes the pages take, and how many of these no row uses.
    pub(crate) fn size(&self) -> Result<Size> {
        let page = self.count("SELECT page_size FROM pragma_page_size")?;
        let pages = self.count("SELECT page_count FROM pragma_page_count")?;
        let unused = self.unused_pages()?;
        Ok(Size { bytes: pages * page, unused_bytes: unused * page, page_bytes: page })
    }

    /// Writes a compact copy of the database into a file.
    pub(crate) fn compact_copy(&self, doing: &str, path: &Path) -> Result<()> {
        self.vacuum(doing, &format!("VACUUM INTO {}", text(&path.to_string_lossy())))
    }

    /// Writes the whole database anew, without the pages that no row uses. If the disk runs
    /// full it is as it was.
    pub(crate) fn write_anew(&self, doing: &str) -> Result<()> {
        self.vacuum(doing, "VACUUM").map_err(|error| match error {
            Error::Database { source, .. } if source.is_disk_full() => {
                Error::Database { doing: format!("{doing}: the database is as it was"), source }
            }
            error => error,
        })
    }

    /// A VACUUM can't be in a transaction, and attaches the database that it writes.
    fn vacuum(&self, doing: &str, sql: &str) -> Result<()> {
        self.behind(Wall::Lifted, || self.batch(doing, sql))
    }

    /// Whether free pages can be given back a few at a time
    /// (<https://www.sqlite.org/pragma.html#pragma_auto_vacuum>).
    pub(crate) fn gives_back_in_steps(&self) -> Result<bool> {
        const INCREMENTAL: u64 = 2;
        Ok(self.count("SELECT auto_vacuum FROM pragma_auto_vacuum")? == INCREMENTAL)
    }

    /// Gives some free pages back; how many are left.
    pub(crate) fn give_back(&self, doing: &str, pages: u64) -> Result<u64> {
        let sql = format!("PRAGMA incremental_vacuum({pages})");
        // Each step of the statement moves one page, and gives no row.
        let run = || self.conn().prepare(&sql)?.raw_query().next().map(|_| ());
        run().map_err(|source| self.error(doing, source))?;
        self.unused_pages()
    }

    fn unused_pages(&self) -> Result<u64> {
        self.count("SELECT freelist_count FROM pragma_freelist_count")
    }
}
