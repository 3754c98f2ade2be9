//! What can be wrong with a case.

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// For a person.
    pub(crate) detail: String,
}

/// Which promise. A case is made smaller only as long as the same one is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The proof says what plain SQL does not.
    Proof,
    /// A program was told something else than on the twin.
    Disturbed,
    /// A write was refused though the other side can hold it.
    Refused,
    /// The side that takes writes is not the twin's.
    Source,
    /// The mirror differs from what the mapping gives.
    Mirror,
    /// A live view is not the old table.
    View,
    /// A gate opened or closed where it should not have.
    Gate,
    /// An operation failed.
    Operation,
    /// Rows are neither there nor kept.
    Lost,
    /// Something was changed or left behind.
    Traces,
    /// The engine panicked.
    Panic,
}

impl Failure {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The first that is found, if any is.
pub(crate) fn none(kind: Kind, found: &[String]) -> Result<(), Failure> {
    if found.is_empty() { Ok(()) } else { Err(Failure::new(kind, found.join("\n"))) }
}
