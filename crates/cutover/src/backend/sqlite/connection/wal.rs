//! How much the write-ahead log holds, from its file alone: asking SQLite would be a
//! checkpoint, which writes.
//!
//! The file keeps its size when the log begins anew; the frames of before are told by their
//! salts, which change each time (<https://www.sqlite.org/fileformat2.html#walformat>). Only
//! the database and the `-shm` file carry locks that closing a file would give up, never
//! the log.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

const HEADER_BYTES: u64 = 32;
/// What a frame of the log takes beside its page.
pub(super) const FRAME_HEADER_BYTES: u64 = 24;
/// Where the page size is in the header.
const PAGE_SIZE_AT: usize = 8;
/// Where the two salts are, in the header and in a frame's.
const SALTS_AT: (usize, usize) = (16, 8);
const SALTS_BYTES: usize = 8;

/// The log of a database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// Bytes of the file; 0 where there is none.
    pub(crate) bytes: u64,
    /// Bytes written since the log last began anew.
    pub(crate) pending_bytes: u64,
}

/// Looks at the log of a database. A log that can't be read counts by its size.
pub(crate) fn log(db: &Path) -> Log {
    let mut path: OsString = db.as_os_str().to_owned();
    path.push("-wal");
    let path = PathBuf::from(path);
    let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let pending_bytes = pending(&path, bytes).unwrap_or(bytes);
    Log { bytes, pending_bytes }
}

fn pending(path: &Path, bytes: u64) -> std::io::Result<u64> {
    if bytes < HEADER_BYTES {
        return Ok(0);
    }
    let mut file = File::open(path)?;
    let mut header = [0; HEADER_BYTES as usize];
    file.read_exact(&mut header)?;
    let page = u32::from_be_bytes([
        header[PAGE_SIZE_AT],
        header[PAGE_SIZE_AT + 1],
        header[PAGE_SIZE_AT + 2],
        header[PAGE_SIZE_AT + 3],
    ]);
    let salts = &header[SALTS_AT.0..SALTS_AT.0 + SALTS_BYTES];
    let frame = FRAME_HEADER_BYTES + u64::from(page);
    // The frames of this time come first, so the end of them is found by halving.
    let (mut current, mut all) = (0, (bytes - HEADER_BYTES) / frame);
    while current < all {
        let middle = current + (all - current) / 2;
        let mut found = [0; FRAME_HEADER_BYTES as usize];
        file.seek(SeekFrom::Start(HEADER_BYTES + middle * frame))?;
        file.read_exact(&mut found)?;
        if found[SALTS_AT.1..SALTS_AT.1 + SALTS_BYTES] == *salts {
            current = middle + 1;
        } else {
            all = middle;
        }
    }
    Ok(current * frame)
}
