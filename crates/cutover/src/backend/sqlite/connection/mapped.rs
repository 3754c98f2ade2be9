//! Connections that only read, through a memory map (<https://www.sqlite.org/mmap.html>): half of
//! a verification is copying pages.
//!
//! A page of a map that can't be read is no error: the system ends the process with SIGBUS. So
//! there is a map only where that takes a disk that fails, or somebody who cuts the file off
//! behind SQLite's back:
//! - SQLite itself shortens a file only while nobody reads what goes, and maps it anew when it has
//!   changed. That holds for programs on one machine. With a write-ahead log all are; without one
//!   the file may be on another machine's disk, and is not mapped.
//! - On 32 bits there is no room for it.
//! - Whoever embeds the engine decides whether its process may end so
//!   ([`Options::mapped_reads`](crate::Options::mapped_reads)).

use super::db::Db;
use crate::error::Result;

/// As much of the file as SQLite maps at most, unless it was compiled otherwise.
const MOST_BYTES: u64 = 0x7fff_0000;

impl Db {
    /// Another connection to the same database, for work that reads much and writes nothing.
    pub(crate) fn reader(&self) -> Result<Self> {
        let mut reader = self.another()?;
        reader.mapped = self.mapped && cfg!(target_pointer_width = "64") && reader.has_log()?;
        reader.map_anew()?;
        Ok(reader)
    }

    /// Lets go of the pages of a map that were read: they count as memory of this process.
    pub(crate) fn map_anew(&self) -> Result<()> {
        if !self.mapped {
            return Ok(());
        }
        let sql = format!("PRAGMA mmap_size = 0; PRAGMA mmap_size = {MOST_BYTES}");
        self.batch("mapping the database", &sql)
    }
}
