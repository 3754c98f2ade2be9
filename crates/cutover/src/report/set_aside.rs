//! Rows that one side cannot hold, and values that exist nowhere else.

use serde::Serialize;

/// Rows that had no image on the other side when it became the authoritative
/// one: they are kept, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The table they were in.
    pub table: String,
    /// The table they are in now.
    pub kept_in: String,
    /// How many.
    pub rows: u64,
}

/// A row that the old tables can't hold, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetAside {
    /// The old table it would be in.
    pub table: String,
    /// Its key there.
    pub key: serde_json::Value,
    /// What the table says of it.
    pub reason: String,
}

/// Rows of a new table with something that exists nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnlyNew {
    /// The new table.
    pub table: String,
    /// The columns that hold it; empty where it is the rows themselves.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: u64,
}
