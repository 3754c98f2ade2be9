//! How many transactions were committed to a database, by whatever program: SQLite counts
//! them, in the index of the write-ahead log (`iChange`,
//! <https://www.sqlite.org/walformat.html#the_wal_index_header>) or, without a log, in the
//! database's header (the file change counter,
//! <https://www.sqlite.org/fileformat2.html#file_change_counter>).
//!
//! Read from the files, because nothing asks SQLite for it without a transaction of one's own.
//! A process that closes such a file gives up *all* locks it holds on it, those of its
//! connections too (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>),
//! so a file that was opened here stays open as long as the process runs.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Db;

/// Where `iChange` is in the log's index, in the machine's byte order.
const IN_LOG_INDEX: u64 = 8;
/// Where the change counter is in the database's header, big-endian.
const IN_HEADER: u64 = 24;

/// By device and inode: a database that is made anew under its name is another file.
static OPEN: Mutex<Option<HashMap<(u64, u64), File>>> = Mutex::new(None);

/// Transactions committed so far. The number itself means nothing, and wraps; the difference
/// of two does. None where it can't be told.
pub(crate) fn committed(db: &Db) -> Option<u32> {
    if db.has_log().ok()? {
        let mut index = db.file().as_os_str().to_owned();
        index.push("-shm");
        read_at(Path::new(&index), IN_LOG_INDEX).map(u32::from_ne_bytes)
    } else {
        read_at(db.file(), IN_HEADER).map(u32::from_be_bytes)
    }
}

fn read_at(path: &Path, at: u64) -> Option<[u8; 4]> {
    let meta = std::fs::metadata(path).ok()?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let open = open.get_or_insert_default();
    let file = match open.entry((meta.dev(), meta.ino())) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => entry.insert(File::open(path).ok()?),
    };
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
