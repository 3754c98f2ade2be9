//! What happened, in one file that every process appends to.
//!
//! A program says what it is about to do before it does it, and how it went before it does
//! anything else. Appends of a line are atomic and all processes append to the same file,
//! so the order of the lines is an order of time: where one call's end stands above
//! another's beginning, it was over before the other began. No clock is asked.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rows::{Bucket, Row};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A call that writes begins, at this time by the clock.
    Try { who: String, n: u64, at: i64, call: Call },
    /// It was acknowledged: with an id, or with how many rows it deleted.
    Done { who: String, n: u64, at: i64, gave: Vec<i64> },
    /// A call came to nothing: it must not have done anything.
    Not { who: String, n: u64, why: Why },
    /// The caller went away before the answer came: it may have been done, or not.
    GaveUp { who: String, n: u64 },
    /// A call that reads begins.
    Look { who: String, n: u64 },
    /// What it gave.
    Saw { who: String, n: u64, sight: Sight },
    /// A read was checked by the one who made it, against what only that one writes.
    Own { who: String },
    /// Space was given back.
    Compacted { who: String },
    /// The operator begins something.
    Step { doing: String },
    /// A phase was entered; or found, by an operator that begins.
    At { phase: String, found: bool },
    /// What the operator wanted was refused, or something else was in the way.
    Put { off: String },
    /// A process was killed.
    Killed { who: String },
    /// A program found a fault.
    Trouble { who: String, what: String },
}

/// A call that writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    Store { bucket: Bucket, row: Row },
    Delete { spec: String, stage: Option<String>, artifacts: bool, syntheses: bool },
}

/// Why a call came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// The database was locked.
    Busy,
    /// The old tables have no place for a value.
    NoPlace,
    /// The old tables take no writes, or are gone.
    Refused,
}

/// What a read gave, as little as suffices to judge it: rows are never taken away from
/// the buckets that are read so, so that how many there are says which there are, and the
/// checksum says whether they are what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sight {
    /// All rows of a bucket: how many, the largest id, the checksum in the order of ids.
    Rows { bucket: Bucket, count: usize, top: i64, crc: u32 },
    /// The last row of a bucket.
    Latest { bucket: Bucket, top: i64, crc: u32 },
    /// How many artifacts a spec has.
    Count { spec: String, count: usize },
    /// How many rows each of several buckets has, all at the same time.
    Summary { counts: Vec<(Bucket, usize)> },
}

/// How [`Event::At`] is written.
const PHASE: &[u8] = br#"{"e":"at""#;

/// A file to append to.
#[derive(Debug, Clone)]
pub(crate) struct History {
    file: Arc<File>,
}

impl History {
    pub(crate) fn open(path: &Path) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Self { file: Arc::new(file.expect("a file to append to")) }
    }

    /// Appends a line: in one write, so that nothing of another process gets into it. The
    /// end of the line stands before it, because a killed process may leave a line cut
    /// short.
    pub(crate) fn add(&self, event: &Event) {
        let line = format!("\n{}", serde_json::to_string(event).expect("plain data"));
        let written = (&*self.file).write(line.as_bytes()).expect("room on the disk");
        assert_eq!(written, line.len(), "a line was not written in one go");
    }
}

/// Follows a history that grows.
#[derive(Debug)]
pub(crate) struct Tail {
    file: File,
    rest: Vec<u8>,
}

impl Tail {
    pub(crate) fn open(path: &Path) -> Self {
        Self { file: File::open(path).expect("a history"), rest: Vec::new() }
    }

    /// From what is written from now on.
    pub(crate) fn from_now(path: &Path) -> Self {
        let mut tail = Self::open(path);
        tail.file.seek(SeekFrom::End(0)).expect("a file");
        tail
    }

    /// The lines that were added since the last call, but for the last, which may not be
    /// whole yet.
    pub(crate) fn lines(&mut self) -> Vec<Vec<u8>> {
        self.file.read_to_end(&mut self.rest).expect("a file");
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let last = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, last);
        whole[..end].split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }
}

/// The phases that a history tells of, without reading the rest of it.
pub(crate) fn phases(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).expect("a history");
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(PHASE));
    lines
        .filter_map(|line| match serde_json::from_slice(line) {
            Ok(Event::At { phase, .. }) => Some(phase),
            _ => None,
        })
        .collect()
}

/// Whether a line tells that a phase was entered.
pub(crate) fn enters(line: &[u8]) -> bool {
    line.starts_with(PHASE) && line.ends_with(br#""found":false}"#)
}

/// Reads a whole history; also gives how many lines can't be read: a killed process may
/// leave one cut short.
pub(crate) fn read(path: &Path) -> (Vec<Event>, usize) {
    let bytes = std::fs::read(path).expect("a history");
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let all: Vec<_> = lines.map(serde_json::from_slice).collect();
    let count = all.len();
    let events: Vec<Event> = all.into_iter().flatten().collect();
    let cut = count - events.len();
    (events, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_found_without_reading_the_rest() {
        let at = |phase: &str, found| Event::At { phase: phase.to_owned(), found };
        let line = |event: &Event| serde_json::to_vec(event).unwrap();
        assert!(enters(&line(&at("read-new", false))));
        assert!(!enters(&line(&at("read-new", true))));
        assert!(!enters(&line(&Event::Look { who: "at".to_owned(), n: 1 })));
    }

    #[test]
    fn a_line_that_was_cut_short_takes_no_other_along() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("history");
        let history = History::open(&path);
        let mut tail = Tail::open(&path);
        let look = |n| Event::Look { who: "client-0.0.0".to_owned(), n };
        history.add(&look(1));
        (&*history.file).write_all(b"\n{\"e\":\"loo").unwrap();
        assert_eq!(tail.lines().len(), 2);
        history.add(&look(2));
        assert_eq!(tail.lines().len(), 1);
        assert_eq!(read(&path), (vec![look(1), look(2)], 1));
    }
}
