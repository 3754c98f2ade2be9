//! How much room a disk has. One that runs full stops the programs that write, so work that would
//! leave too little is refused, or stops.

use std::path::{Path, PathBuf};

use crate::backend::sqlite::Size;
use crate::engine::options::Options;
use crate::error::{Error, Refusal, Result};

pub(crate) const FIX: &str = "free some space on that disk";

/// Too little room on a disk.
#[derive(Debug)]
pub(crate) struct Lack {
    dir: PathBuf,
    needed: u64,
    free: u64,
    keep_free: u64,
}

impl Lack {
    pub(crate) fn reason(&self, what: &str) -> String {
        let Self { dir, needed, free, keep_free } = self;
        format!(
            "{what} needs {needed} bytes in {}, where {free} are free and {keep_free} must stay \
             free",
            dir.display()
        )
    }
}

pub(crate) fn lacking(at: &Path, needed: u64, options: &Options) -> Option<Lack> {
    let (free, keep_free) = (free(at)?, options.keep_free_bytes);
    let dir = directory(at).to_owned();
    (needed.saturating_add(keep_free) > free).then_some(Lack { dir, needed, free, keep_free })
}

/// Refuses what would not fit beside `at`, a file or a directory.
pub(crate) fn demand(at: &Path, needed: u64, what: &str, options: &Options) -> Result<()> {
    match lacking(at, needed, options) {
        None => Ok(()),
        Some(lack) => Err(Refusal::new(what, lack.reason("it"), FIX).into()),
    }
}

/// Stops work that takes room, when something else has taken it meanwhile.
pub(crate) fn still_free(at: &Path, doing: &str, options: &Options) -> Result<()> {
    match lacking(at, 0, options) {
        None => Ok(()),
        Some(Lack { dir, free, keep_free, .. }) => Err(Error::DiskFull {
            doing: doing.to_owned(),
            dir,
            free_bytes: free,
            keep_free_bytes: keep_free,
        }),
    }
}

/// Bytes that are free for us on the disk of a file or a directory. None where the system
/// doesn't say: then nothing is refused.
pub(crate) fn free(at: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(directory(at)).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

pub(crate) fn directory(at: &Path) -> &Path {
    match at.parent() {
        _ if at.is_dir() => at,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What writing a database anew takes: one copy among the temporary files, and with a
/// write-ahead log another in the log.
pub(crate) fn full_vacuum(size: Size, log: bool) -> (u64, u64) {
    (if log { size.used_bytes() } else { size.bytes }, size.used_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_too_little_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let free = free(dir.path()).unwrap();
        let keep = |keep_free_bytes| Options { keep_free_bytes, ..Options::default() };
        assert!(demand(dir.path(), free / 2, "it", &keep(0)).is_ok());
        let error =
            demand(&dir.path().join("app.db"), free, "copying", &keep(1 << 40)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Refused);
        assert!(error.to_string().contains(&format!("needs {free} bytes")), "{error}");
        assert!(still_free(dir.path(), "copying", &keep(0)).is_ok());
        assert!(still_free(dir.path(), "copying", &keep(u64::MAX)).is_err());
    }
}
