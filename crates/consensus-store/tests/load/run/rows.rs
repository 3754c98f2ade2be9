//! A row as it is written and as it is found, in a form that every program of the run
//! shares: texts, whatever the column.

use consensus_store::{Artifact, CreatedAt, Synthesis};
use serde::{Deserialize, Serialize};

/// Which of the two sorts of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Artifact,
    Synthesis,
}

/// Where rows lie: what one query answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) kind: Kind,
    pub(crate) spec: String,
    pub(crate) stage: String,
}

/// What a program writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The columns of [`columns`], as texts.
    pub(crate) values: Vec<Option<String>>,
    /// `created_at`, where the program sets it.
    pub(crate) ms: Option<i64>,
    /// Only the new tables have a place for it.
    pub(crate) model: Option<String>,
}

/// What a read gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) values: Vec<Option<String>>,
    /// Milliseconds; what is no time, after a question mark.
    pub(crate) created: String,
    pub(crate) model: Option<String>,
}

/// Who wrote a row: it stands in the row itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Tag {
    pub(crate) who: String,
    /// The writer's number of the call.
    pub(crate) n: u64,
    /// The call of the same writer whose row for the same bucket was acknowledged last; 0:
    /// none. Whoever sees this row must see that one.
    pub(crate) after: u64,
}

/// The columns of the old tables that [`Row::values`] are.
pub(crate) fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Artifact => &["agent_name", "content_json", "response_text", "run_id"],
        Kind::Synthesis => &[
            "output_markdown",
            "output_path",
            "status",
            "artifacts_count",
            "agreements",
            "conflicts",
            "degraded",
            "run_id",
        ],
    }
}

/// The one of [`columns`] that holds the tag.
pub(crate) fn tagged(kind: Kind) -> usize {
    match kind {
        Kind::Artifact => 1,
        Kind::Synthesis => 0,
    }
}

impl Tag {
    pub(crate) fn new(who: &str, n: u64, after: u64) -> Self {
        Self { who: who.to_owned(), n, after }
    }

    /// The tag of a row; none in a row that no program of the run wrote.
    pub(crate) fn of(kind: Kind, values: &[Option<String>]) -> Option<Self> {
        let text = values.get(tagged(kind))?.as_deref()?;
        let (_, rest) = text.split_once("[[")?;
        let (tag, _) = rest.split_once("]]")?;
        let mut words = tag.split(' ');
        let who = words.next()?.to_owned();
        Some(Self { who, n: words.next()?.parse().ok()?, after: words.next()?.parse().ok()? })
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[[{} {} {}]]", self.who, self.n, self.after)
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.kind == Kind::Artifact { "artifacts" } else { "syntheses" };
        write!(f, "{what} of {:?} {:?}", self.spec, self.stage)
    }
}

impl Bucket {
    pub(crate) fn new(kind: Kind, spec: &str, stage: &str) -> Self {
        Self { kind, spec: spec.to_owned(), stage: stage.to_owned() }
    }
}

impl Row {
    /// What is wrong with a row that should be this one: each value that is another.
    pub(crate) fn difference(&self, kind: Kind, found: &Found) -> Option<String> {
        let mut wrong: Vec<String> = columns(kind)
            .iter()
            .zip(&self.values)
            .zip(&found.values)
            .filter(|((_, written), found)| written != found)
            .map(|((column, written), found)| format!("{column} is {found:?}, not {written:?}"))
            .collect();
        if self.values.len() != found.values.len() {
            wrong.push(format!("{} values, not {}", found.values.len(), self.values.len()));
        }
        if self.ms.is_some_and(|ms| ms.to_string() != found.created) {
            wrong.push(format!("created_at is {}, not {:?}", found.created, self.ms));
        }
        // The old tables have no place for it: after a rollback it may be gone, but no
        // other one may be there.
        if found.model.is_some() && found.model != self.model {
            wrong.push(format!("model_version is {:?}, not {:?}", found.model, self.model));
        }
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}

impl From<Artifact> for Found {
    fn from(row: Artifact) -> Self {
        Self {
            id: row.id,
            values: vec![
                Some(row.agent_name),
                Some(row.content_json),
                row.response_text,
                row.run_id,
            ],
            created: created(&row.created_at),
            model: row.model_version,
        }
    }
}

impl From<Synthesis> for Found {
    fn from(row: Synthesis) -> Self {
        Self {
            id: row.id,
            values: vec![
                Some(row.output_markdown),
                row.output_path,
                Some(row.status),
                row.artifacts_count.map(|count| count.to_string()),
                row.agreements,
                row.conflicts,
                Some(i32::from(row.degraded).to_string()),
                row.run_id,
            ],
            created: created(&row.created_at),
            model: None,
        }
    }
}

fn created(at: &CreatedAt) -> String {
    match at {
        CreatedAt::Millis(ms) => ms.to_string(),
        CreatedAt::Unreadable(text) => format!("?{text}"),
        CreatedAt::Missing => "?".to_owned(),
    }
}

/// A checksum of rows, in the order of their ids: that of zlib, so that Python's programs
/// make the same. The model is left out of it: it may go while the rest stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checksum(u32);

impl Checksum {
    pub(crate) fn of<'r>(rows: impl IntoIterator<Item = &'r Found>) -> Self {
        let mut sum = Self::default();
        rows.into_iter().for_each(|row| sum.add(row));
        sum
    }

    pub(crate) fn add(&mut self, row: &Found) {
        self.bytes(row.id.to_string().as_bytes());
        for value in &row.values {
            match value {
                None => self.bytes(b"-"),
                Some(text) => {
                    self.bytes(b"+");
                    self.bytes(text.as_bytes());
                }
            }
            self.bytes(b"\0");
        }
        self.bytes(row.created.as_bytes());
        self.bytes(b"\n");
    }

    pub(crate) fn get(self) -> u32 {
        self.0
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let step =
            |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize];
        self.0 = !bytes.iter().fold(!self.0, step);
    }
}

/// CRC-32 of each byte, as in RFC 1952, section 8.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        let mut sum = Checksum::default();
        sum.bytes(b"1234");
        sum.bytes(b"56789");
        // The check value of CRC-32, as every catalogue of them gives it.
        assert_eq!(sum.get(), 0xcbf4_3926);
    }

    #[test]
    fn a_tag_is_found_in_the_text_around_it() {
        let tag = Tag::new("c1.0.1", 12, 9);
        let values = [None, Some(format!("it's {tag} \"so\""))];
        assert_eq!(Tag::of(Kind::Artifact, &values), Some(tag));
        assert_eq!(Tag::of(Kind::Artifact, &[None, Some("[[no tag]]".to_owned())]), None);
        assert_eq!(Tag::of(Kind::Synthesis, &values), None);
    }
}
