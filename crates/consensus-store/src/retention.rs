//! Keeping a store small: deleting by age, and returning free pages.

use cutover::Side;

use crate::error::{Error, Result};
use crate::reports::Deleted;
use crate::store::Store;
use crate::tables::{Next, Rows};

/// The most rows that one transaction of [`Store::prune`] looks at, so that other
/// programs wait a few milliseconds for it at most.
const CHUNK: i64 = 200;

/// How [`Store::compact`] gives space back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compact {
    /// Free pages, in short transactions beside other programs. It can do so for files
    /// that were made by this store; others it leaves as they are.
    Incremental,
    /// The whole file is written anew, in the least space. Other programs can't write
    /// meanwhile, and the disk needs room for the file twice.
    Full,
}

impl Store {
    /// Deletes the outputs and syntheses made before a time, in milliseconds since 1970.
    /// Rows without a time that can be read stay.
    ///
    /// It works in short transactions, so that other programs can write meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] and such. What was deleted before stays deleted.
    pub fn prune(&self, older_than_ms: i64) -> Result<Deleted> {
        Ok(Deleted {
            artifacts: self.prune_rows(Rows::Artifacts, older_than_ms)?,
            syntheses: self.prune_rows(Rows::Syntheses, older_than_ms)?,
        })
    }

    fn prune_rows(&self, rows: Rows, older_than_ms: i64) -> Result<u64> {
        let mut deleted = 0;
        // Where it has come to, on which side: the sides count syntheses differently.
        let mut place: Option<(Side, i64)> = None;
        loop {
            let (side, step) = self.write("pruning", |conn, layout| {
                let side = layout.writes;
                let after = place.filter(|(at, _)| *at == side).map_or(i64::MIN, |(_, id)| id);
                let next = Next { after, rows: CHUNK, older_than_ms };
                Ok((side, layout.writes().prune(conn, rows, next)?))
            })?;
            deleted += step.deleted;
            match step.until {
                Some(next) => place = Some((side, next)),
                None => return Ok(deleted),
            }
        }
    }

    /// Gives the space of deleted rows back to the file system; gives how many bytes the
    /// file became smaller.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`]; [`Error::DiskFull`] where [`Compact::Full`] finds no room. The
    /// store is as it was then.
    pub fn compact(&self, how: Compact) -> Result<u64> {
        let conn = self.writer()?.alone();
        let raw = conn.raw();
        let run = || -> rusqlite::Result<u64> {
            let pages = || -> rusqlite::Result<u64> {
                let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
                Ok(raw.query_row(sql, (), |row| row.get::<_, i64>(0))?.unsigned_abs())
            };
            let before = pages()?;
            match how {
                Compact::Incremental => loop {
                    let free: i64 = raw.query_row("PRAGMA freelist_count", (), |row| row.get(0))?;
                    // A row for each page: all have to be fetched for it to happen.
                    let mut statement = raw.prepare("PRAGMA incremental_vacuum(256)")?;
                    let mut rows = statement.query(())?;
                    while rows.next()?.is_some() {}
                    let left: i64 = raw.query_row("PRAGMA freelist_count", (), |row| row.get(0))?;
                    if left == 0 || left == free {
                        break;
                    }
                },
                Compact::Full => {
                    // From now on its free pages can be given back a few at a time.
                    raw.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
                    raw.execute_batch("VACUUM")?;
                }
            }
            // In WAL mode the file itself shrinks at a checkpoint.
            raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
            Ok(before.saturating_sub(pages()?))
        };
        run().map_err(|source| Error::of_sqlite(self.path(), 0, "compacting", source))
    }
}
