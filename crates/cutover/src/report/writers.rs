//! Who still writes: evidence for those who decide when a side is given up. No proof: what
//! refuses late writes is the tables' own guards.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who writes, and who may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Writers {
    /// Writes to the old tables.
    pub old: LastWrite,
    /// Writes to the new tables.
    pub new: LastWrite,
    /// The other processes that have the database open, the oldest first.
    pub processes: Vec<OpenProcess>,
    /// Whether there can be no other process on this machine that has. False where processes
    /// of other users or of other containers can't be seen, and where the system doesn't say.
    pub complete: bool,
    /// Programs that have announced themselves in the last ten minutes.
    pub clients: Vec<Client>,
}

/// The last write to the tables of a side, as far as it was noted: in `dual-write`,
/// `read-new` and `write-both` for the old tables, in `write-both` for the new ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastWrite {
    /// When: RFC 3339, UTC. Absent if none was noted.
    pub last: Option<String>,
    /// Seconds in which a write is noted once: there may have been writes until so long after
    /// `last`.
    pub resolution_seconds: u32,
}

impl LastWrite {
    /// Seconds in which a write is noted once.
    pub const RESOLUTION_SECONDS: u32 = 60;
}

impl Default for LastWrite {
    fn default() -> Self {
        Self { last: None, resolution_seconds: Self::RESOLUTION_SECONDS }
    }
}

/// A process that has the database open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenProcess {
    /// Its number.
    pub pid: u32,
    /// Its command line.
    pub command: String,
    /// Whether the file of its program was replaced or removed since it started.
    pub exe_deleted: bool,
    /// When it started: RFC 3339, UTC.
    pub started: Option<String>,
    /// The lock that it holds at this moment, or has held since the last look of an
    /// [`Observer`](crate::Observer).
    pub holds: Option<Holds>,
}

/// A lock on the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// It is in a transaction that reads.
    Read,
    /// It is in a transaction that writes.
    Write,
}

/// A program that has announced itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The name that it gives itself.
    pub client: String,
    /// Its version.
    pub version: String,
    /// The tables that it knows.
    pub speaks: Speaks,
    /// When it announced itself last: RFC 3339, UTC.
    pub seen: String,
}

/// The tables that a program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaks {
    /// Only the old ones.
    Old,
    /// Only the new ones.
    New,
    /// Those of both sides.
    Both,
}

impl Speaks {
    pub(crate) const ALL: [Self; 3] = [Self::Old, Self::New, Self::Both];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Both => "both",
        }
    }
}

impl fmt::Display for Speaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
