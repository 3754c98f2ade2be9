//! Which processes hold SQLite's locks on a database at this moment
//! (<https://www.sqlite.org/walformat.html#wal_locks>,
//! <https://www.sqlite.org/lockingv3.html#locking>).
//!
//! Read from `/proc/locks`, which needs no file of the database to be open: closing one would
//! take the locks of this process's own connections away. And `fcntl(F_GETLK)` names one holder
//! of a lock, but several processes can read by the same mark.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{major, minor};

use super::other_processes::{MARKS_COUNT, READERS, WRITER};
use super::{Db, kept_open};

/// The bytes that are locked in the database itself: by who is about to write, and by readers.
/// With a write-ahead log the second lasts as long as a connection and says nothing.
const PENDING: u64 = 1 << 30;
const RESERVED: u64 = PENDING + 1;
const SHARED: (u64, u64) = (PENDING + 2, PENDING + 511);

/// A process that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockHolder {
    pub(crate) pid: u32,
    pub(crate) writes: bool,
    /// Whether the device that is told is the file's. Some file systems tell another than
    /// `stat` does; then the process must be known to have the file open.
    pub(crate) same_device: bool,
}

/// Who holds a lock now, our own process among them; nobody where it can't be told.
pub(crate) fn lock_holders(db: &Db) -> Vec<LockHolder> {
    let Ok(text) = std::fs::read_to_string("/proc/locks") else { return Vec::new() };
    let has_log = db.has_log().unwrap_or(false);
    let mut holders = Vec::new();
    if let Some(file) = Locked::at(db.file()) {
        holders.extend(in_database(&text, file, has_log));
    }
    if let Some(index) = Locked::at(&kept_open::log_index_path(db.file())).filter(|_| has_log) {
        holders.extend(in_index(&text, index));
    }
    holders
}

fn in_database(
    text: &str,
    file: Locked,
    has_log: bool,
) -> impl Iterator<Item = LockHolder> + use<'_> {
    held(text, file).filter_map(move |lock| {
        let writes = lock.covers((PENDING, RESERVED)) || lock.exclusive;
        (writes || (lock.covers(SHARED) && !has_log)).then(|| lock.holder(writes))
    })
}

fn in_index(text: &str, file: Locked) -> impl Iterator<Item = LockHolder> + use<'_> {
    held(text, file).filter_map(|lock| {
        let writes = lock.covers((WRITER, WRITER));
        let reads = lock.covers((READERS, READERS + MARKS_COUNT as u64 - 1));
        (writes || reads).then(|| lock.holder(writes))
    })
}

/// A file on which locks may be.
#[derive(Debug, Clone, Copy)]
struct Locked {
    device: (u32, u32),
    inode: u64,
}

impl Locked {
    fn at(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self { device: (major(meta.dev()), minor(meta.dev())), inode: meta.ino() })
    }
}

/// A lock on bytes of the file.
struct Lock {
    pid: u32,
    exclusive: bool,
    same_device: bool,
    first: u64,
    last: u64,
}

impl Lock {
    fn covers(&self, (first, last): (u64, u64)) -> bool {
        self.first <= last && first <= self.last
    }

    fn holder(&self, writes: bool) -> LockHolder {
        LockHolder { pid: self.pid, writes, same_device: self.same_device }
    }
}

/// The locks on a file, in the form of `/proc/locks`
/// (<https://man7.org/linux/man-pages/man5/proc_locks.5.html>). Those who wait for one are left
/// out.
fn held(text: &str, file: Locked) -> impl Iterator<Item = Lock> + use<'_> {
    text.lines().filter_map(move |line| {
        let mut words = line.split_whitespace();
        let (_number, kind, _mode) = (words.next()?, words.next()?, words.next()?);
        if kind != "POSIX" {
            return None;
        }
        let (access, pid, place) = (words.next()?, words.next()?, words.next()?);
        let mut place = place.split(':');
        let mut device = || u32::from_str_radix(place.next()?, 16).ok();
        let device = (device()?, device()?);
        if place.next()?.parse::<u64>().ok()? != file.inode {
            return None;
        }
        let (first, last) = (words.next()?, words.next()?);
        Some(Lock {
            pid: pid.parse().ok()?,
            exclusive: access == "WRITE",
            same_device: device == file.device,
            first: first.parse().ok()?,
            last: if last == "EOF" { u64::MAX } else { last.parse().ok()? },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
1: POSIX  ADVISORY  READ  11 fe:00:7 128 128
2: POSIX  ADVISORY  READ  11 fe:00:7 124 124
3: POSIX  ADVISORY  READ  12 fe:00:7 124 124
4: POSIX  ADVISORY  WRITE 13 00:1b:7 120 120
4: -> POSIX  ADVISORY  WRITE 14 fe:00:7 120 120
5: FLOCK  ADVISORY  WRITE 15 fe:00:7 0 EOF
6: POSIX  ADVISORY  READ  16 fe:00:8 1073741826 1073742335
7: POSIX  ADVISORY  WRITE 17 fe:00:8 1073741825 1073741825
8: OFDLCK ADVISORY  READ  -1 fe:00:8 1073741826 1073742335
9: POSIX  ADVISORY  WRITE 18 fe:00:9 0 EOF
";

    fn told(holders: impl Iterator<Item = LockHolder>) -> Vec<(u32, bool, bool)> {
        holders.map(|it| (it.pid, it.writes, it.same_device)).collect()
    }

    #[test]
    fn all_readers_of_a_mark_and_the_writer_are_told() {
        let index = Locked { device: (0xfe, 0), inode: 7 };
        let expected = [(11, false, true), (12, false, true), (13, true, false)];
        assert_eq!(told(in_index(TEXT, index)), expected);
    }

    #[test]
    fn with_a_log_a_lock_on_the_database_is_no_reader() {
        let file = Locked { device: (0xfe, 0), inode: 8 };
        assert_eq!(told(in_database(TEXT, file, false)), [(16, false, true), (17, true, true)]);
        assert_eq!(told(in_database(TEXT, file, true)), [(17, true, true)]);
    }
}
