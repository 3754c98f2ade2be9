//! How many transactions were committed to a database, by whatever program: SQLite counts
//! them, in the index of the write-ahead log (`iChange`,
//! <https://www.sqlite.org/walformat.html#the_wal_index_header>) or, without a log, in the
//! database's header (the file change counter,
//! <https://www.sqlite.org/fileformat2.html#file_change_counter>).
//!
//! Read from the files, because nothing asks SQLite for it without a transaction of one's own.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::{Db, kept_open};

/// Where `iChange` is in the log's index, in the machine's byte order.
const IN_LOG_INDEX: u64 = 8;
/// Where the change counter is in the database's header, big-endian.
const IN_HEADER: u64 = 24;

/// Transactions committed so far. The number itself means nothing, and wraps; the difference
/// of two does. None where it can't be told.
pub(crate) fn committed(db: &Db) -> Option<u32> {
    if db.has_log().ok()? {
        read_at(&*kept_open::log_index(db.file())?, IN_LOG_INDEX).map(u32::from_ne_bytes)
    } else {
        read_at(&*kept_open::open(db.file())?, IN_HEADER).map(u32::from_be_bytes)
    }
}

fn read_at(file: &File, at: u64) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_commit_counts_and_nothing_else() {
        for mode in ["WAL", "DELETE"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.db");
            let writer = rusqlite::Connection::open(&path).unwrap();
            writer
                .execute_batch(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id)"))
                .unwrap();
            let db = Db::open(&path, Duration::from_secs(5)).unwrap();
            let before = committed(&db).unwrap();
            for id in 0..7 {
                writer.execute("INSERT INTO t VALUES (?1)", [id]).unwrap();
            }
            writer.execute_batch("BEGIN; INSERT INTO t VALUES (8); ROLLBACK").unwrap();
            db.count("SELECT count(*) FROM t").unwrap();
            assert_eq!(committed(&db).unwrap().wrapping_sub(before), 7, "{mode}");
            // Looking took nobody's lock away.
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            committed(&db).unwrap();
            let other = rusqlite::Connection::open(&path).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            assert!(other.execute_batch("BEGIN IMMEDIATE").is_err(), "{mode}");
            writer.execute_batch("COMMIT").unwrap();
        }
    }
}
