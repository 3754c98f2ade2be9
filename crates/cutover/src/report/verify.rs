//! What a verification found, and what a repair did.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::set_aside::{Kept, SetAside};
use crate::phase::Direction;

/// One difference between what a mapping gives and what its target holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The direction in which it was found.
    pub direction: Direction,
    /// The table that holds, or should hold, the row.
    pub table: String,
    /// The row's key: column names and values.
    pub key: Value,
    /// The column that differs; absent where the whole row is missing or extra.
    pub column: Option<String>,
    /// What the mapping gives. A string that shows the value *and* its storage
    /// class: `'007'` and `7` are different.
    pub expected: Option<String>,
    /// What the table holds, written in the same way.
    pub found: Option<String>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Whether there is no difference at all.
    pub ok: bool,
    /// Rows compared, both directions together.
    pub checked: u64,
    /// Rows that the mapping gives and the table lacks.
    pub missing: u64,
    /// Rows that the table holds and the mapping does not give.
    pub extra: u64,
    /// Rows with the same key and other values.
    pub different: u64,
    /// In `write-both`: rows of the new tables that the old ones do not show, or not as they
    /// are. That is no difference there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_new_holds: Option<u64>,
    /// The first few differences.
    pub examples: Vec<Difference>,
}

impl VerifyReport {
    pub(crate) fn is_clean(&self) -> bool {
        self.differences() == 0
    }

    /// How many rows differ, in whatever way.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.extra + self.different
    }

    /// `3 missing, 1 different`.
    pub(crate) fn summary(&self) -> String {
        let parts =
            [(self.missing, "missing"), (self.extra, "extra"), (self.different, "different")];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if parts.is_empty() { "no difference".to_owned() } else { parts.join(", ") }
    }
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RepairReport {
    /// Whether triggers were missing, or not what the tables need, and were made anew.
    pub renewed: bool,
    /// Tables that an interrupted rebuild had left under another name, as `t_new to t`: each
    /// has its name again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<String>,
    /// Rows compared.
    pub checked: u64,
    /// Rows inserted into the mirror.
    pub inserted: u64,
    /// Rows of the mirror brought up to date.
    pub updated: u64,
    /// Rows removed from the mirror.
    pub deleted: u64,
    /// Rows that the mirror can't hold, and that are set aside.
    pub kept: Vec<Kept>,
    /// Some of them, with their keys and why.
    pub set_aside: Vec<SetAside>,
}

/// Rows of an old table that refer to nothing, by a foreign key of that table or of one that
/// refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenForeignKey {
    /// The table whose rows refer to nothing.
    pub table: String,
    /// The table they refer to.
    pub parent: String,
    /// How many.
    pub rows: u64,
    /// The first of them, as `column = value`.
    pub example: String,
}
