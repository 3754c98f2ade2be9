//! Figures of the store.

use crate::connection::Connection;
use crate::error::Result;
use crate::fault::Step;
use crate::reports::Stats;
use crate::store::Store;

impl Store {
    /// The store in figures. It counts every row, so it takes longer the more there are.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`](crate::Error::Busy), [`Error::Corrupt`](crate::Error::Corrupt) and such.
    pub fn stats(&self) -> Result<Stats> {
        let wal_bytes = self.wal_bytes();
        self.read("counting", |conn, layout| {
            let totals = layout.reads().totals(conn)?;
            let page_bytes = number(conn, "PRAGMA page_size")?;
            Ok(Stats {
                artifacts: totals.artifacts,
                syntheses: totals.syntheses,
                runs: totals.runs,
                specs: totals.specs,
                file_bytes: number(conn, "PRAGMA page_count")? * page_bytes,
                wal_bytes,
                free_bytes: number(conn, "PRAGMA freelist_count")? * page_bytes,
                page_bytes,
                journal_mode: conn
                    .prepare("PRAGMA journal_mode")?
                    .query_row((), |row| row.get(0))?,
                auto_vacuum: match number(conn, "PRAGMA auto_vacuum")? {
                    0 => "none",
                    1 => "full",
                    _ => "incremental",
                }
                .to_owned(),
                sqlite_version: rusqlite::version().to_owned(),
            })
        })
    }

    /// The log's size: a file beside the database, which may not be there.
    fn wal_bytes(&self) -> u64 {
        let mut wal = self.path().as_os_str().to_owned();
        wal.push("-wal");
        std::fs::metadata(wal).map_or(0, |file| file.len())
    }
}

fn number(conn: &Connection, pragma: &str) -> Step<u64> {
    let number: i64 = conn.prepare(pragma)?.query_row((), |row| row.get(0))?;
    Ok(number.unsigned_abs())
}
