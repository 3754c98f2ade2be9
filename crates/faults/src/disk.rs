//! What would be on the disk if the power went now.
//!
//! The files themselves hold what a running system shows its programs. Beside that this
//! keeps, for each file of the database, what the disk is known to hold since the last
//! sync, and what was done since in the order in which it was done. A loss of power
//! keeps any part of that, in no order: a write may survive one that came before it.
//!
//! That a file was made or deleted is ordered: what was written to a file that the disk
//! does not know is lost with it, and a deletion that is lost brings back the file as it
//! was. A file's first sync makes its name last, because SQLite then syncs the directory
//! as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::orders::Survives;

/// A write that is torn is torn at the end of a sector of so many bytes.
const SECTOR: u64 = 512;

/// The database's files.
#[derive(Debug, Default)]
pub struct Disk {
    watched: bool,
    lying: bool,
    files: BTreeMap<PathBuf, Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// What the disk holds for certain; none where there is no such file.
    durable: Option<Vec<u8>>,
    since: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Made,
    Removed,
    Cut(u64),
    Wrote { at: u64, bytes: Vec<u8> },
}

impl Disk {
    /// A disk; unless it is watched, it remembers nothing, and if it is lying, it syncs
    /// nothing.
    #[must_use]
    pub fn new(watched: bool, lying: bool) -> Self {
        Self { watched, lying, files: BTreeMap::new() }
    }

    /// A file is about to be opened; `makes`: it is made if it is not there.
    pub fn opens(&mut self, path: &Path, makes: bool) {
        if !self.watched {
            return;
        }
        let held = self.files.entry(path.to_owned()).or_insert_with(|| {
            // What was there before the program began has long been synced.
            let durable = std::fs::read(path).ok();
            Held { durable, since: Vec::new() }
        });
        if makes && !held.exists() {
            held.since.push(Change::Made);
        }
    }

    /// Bytes were written.
    pub fn wrote(&mut self, path: &Path, at: u64, bytes: &[u8]) {
        self.note(path, || Change::Wrote { at, bytes: bytes.to_vec() });
    }

    /// The file was cut to this length.
    pub fn cut(&mut self, path: &Path, length: u64) {
        self.note(path, || Change::Cut(length));
    }

    /// The file was synced.
    pub fn synced(&mut self, path: &Path) {
        if let Some(held) = self.files.get_mut(path).filter(|_| !self.lying) {
            held.settle();
        }
    }

    /// The file was deleted, and perhaps its directory synced after it.
    pub fn removed(&mut self, path: &Path, synced: bool) {
        self.note(path, || Change::Removed);
        if synced {
            self.synced(path);
        }
    }

    fn note(&mut self, path: &Path, change: impl FnOnce() -> Change) {
        if let Some(held) = self.files.get_mut(path) {
            held.since.push(change());
        }
    }

    /// Each file as a loss of power leaves it; none for one that is not there.
    #[must_use]
    pub fn after_loss(&self, survives: Survives, seed: u64) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut rng = fastrand::Rng::with_seed(seed);
        self.files
            .iter()
            .map(|(path, held)| (path.clone(), held.after_loss(survives, &mut rng)))
            .collect()
    }
}

impl Held {
    fn exists(&self) -> bool {
        let last = self.since.iter().rev().find_map(|change| match change {
            Change::Made => Some(true),
            Change::Removed => Some(false),
            Change::Cut(_) | Change::Wrote { .. } => None,
        });
        last.unwrap_or(self.durable.is_some())
    }

    fn settle(&mut self) {
        for change in std::mem::take(&mut self.since) {
            apply(&mut self.durable, &change);
        }
    }

    fn after_loss(&self, survives: Survives, rng: &mut fastrand::Rng) -> Option<Vec<u8>> {
        let mut content = self.durable.clone();
        if survives == Survives::Nothing {
            return content;
        }
        let torn = (survives == Survives::Torn && !self.since.is_empty())
            .then(|| rng.usize(..self.since.len()));
        for (n, change) in self.since.iter().enumerate() {
            let survived = torn == Some(n) || rng.bool();
            match change {
                // What comes after it belongs to a file that the disk does not know.
                Change::Made | Change::Removed if !survived => break,
                Change::Wrote { at, bytes } if torn == Some(n) => {
                    let bytes = tear(*at, bytes, rng);
                    apply(&mut content, &Change::Wrote { at: *at, bytes });
                }
                _ if survived => apply(&mut content, change),
                _ => {}
            }
        }
        content
    }
}

/// The first sectors of a write.
fn tear(at: u64, bytes: &[u8], rng: &mut fastrand::Rng) -> Vec<u8> {
    let end = at + bytes.len() as u64;
    let sectors = (end - 1) / SECTOR - at / SECTOR;
    let to = (at / SECTOR + rng.u64(..=sectors)) * SECTOR;
    let kept = usize::try_from(to.saturating_sub(at)).unwrap_or(0);
    bytes[..kept.min(bytes.len())].to_vec()
}

fn apply(content: &mut Option<Vec<u8>>, change: &Change) {
    match change {
        Change::Made => *content = Some(Vec::new()),
        Change::Removed => *content = None,
        Change::Cut(length) => {
            if let Some(content) = content {
                content.resize(usize::try_from(*length).expect("a file in memory"), 0);
            }
        }
        Change::Wrote { at, bytes } => {
            if let Some(content) = content {
                let at = usize::try_from(*at).expect("a file in memory");
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "/nowhere/at/all/file";

    fn disk() -> Disk {
        let mut disk = Disk::new(true, false);
        disk.opens(Path::new(FILE), true);
        disk
    }

    fn left(disk: &Disk, survives: Survives, seed: u64) -> Option<Vec<u8>> {
        disk.after_loss(survives, seed).remove(0).1
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_goes() {
        let (mut disk, path) = (disk(), Path::new(FILE));
        disk.wrote(path, 0, b"abc");
        assert_eq!(left(&disk, Survives::Nothing, 0), None, "not even its name was synced");
        disk.synced(path);
        disk.wrote(path, 1, b"XYZ");
        disk.cut(path, 2);
        assert_eq!(left(&disk, Survives::Nothing, 0).unwrap(), b"abc");
        disk.synced(path);
        assert_eq!(left(&disk, Survives::Nothing, 0).unwrap(), b"aX");
    }

    #[test]
    fn unsynced_writes_survive_in_no_order() {
        let (mut disk, path) = (disk(), Path::new(FILE));
        disk.wrote(path, 0, b"..");
        disk.synced(path);
        disk.wrote(path, 0, b"1");
        disk.wrote(path, 1, b"2");
        let mut seen: Vec<_> =
            (0..40).filter_map(|seed| left(&disk, Survives::Some, seed)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, [b"..", b".2", b"1.", b"12"]);
    }

    #[test]
    fn a_torn_write_ends_with_a_sector() {
        let (mut disk, path) = (disk(), Path::new(FILE));
        disk.wrote(path, 0, &[0; 2_048]);
        disk.synced(path);
        disk.wrote(path, 100, &[1; 1_500]);
        let mut lengths: Vec<usize> = (0..40)
            .filter_map(|seed| left(&disk, Survives::Torn, seed))
            .map(|content| content.iter().filter(|byte| **byte == 1).count())
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        assert_eq!(lengths, [0, 412, 924, 1_436]);
    }

    #[test]
    fn a_deletion_that_is_lost_brings_the_file_back() {
        let (mut disk, path) = (disk(), Path::new(FILE));
        disk.wrote(path, 0, b"journal");
        disk.synced(path);
        disk.removed(path, false);
        disk.opens(path, true);
        disk.wrote(path, 0, b"next");
        assert_eq!(left(&disk, Survives::Nothing, 0).unwrap(), b"journal");
        disk.synced(path);
        assert_eq!(left(&disk, Survives::Nothing, 0).unwrap(), b"next");
        disk.removed(path, true);
        assert_eq!(left(&disk, Survives::Nothing, 0), None);
    }
}
