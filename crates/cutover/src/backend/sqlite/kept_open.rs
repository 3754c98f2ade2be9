//! Files that SQLite holds locks on, opened beside it: the database, and the index of its
//! write-ahead log (`-shm`).
//!
//! A process that closes such a file gives up *all* locks it holds on it, those of its
//! connections too (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>),
//! so a file that was opened here stays open as long as the process runs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// By device and inode: a database that is made anew under its name is another file.
type Files = HashMap<(u64, u64), Arc<File>>;

static OPEN: Mutex<Option<Files>> = Mutex::new(None);

/// The file under a name, for reading. None where it can't be opened.
pub(super) fn open(path: &Path) -> Option<Arc<File>> {
    let meta = std::fs::metadata(path).ok()?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    match open.get_or_insert_default().entry((meta.dev(), meta.ino())) {
        Entry::Occupied(entry) => Some(Arc::clone(entry.get())),
        Entry::Vacant(entry) => Some(Arc::clone(entry.insert(Arc::new(File::open(path).ok()?)))),
    }
}

/// The index of a database's write-ahead log.
pub(super) fn log_index(database: &Path) -> Option<Arc<File>> {
    open(&log_index_path(database))
}

/// Where it is.
pub(super) fn log_index_path(database: &Path) -> PathBuf {
    let mut index = database.as_os_str().to_owned();
    index.push("-shm");
    index.into()
}
