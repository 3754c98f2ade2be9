//! A process that has a file open, and what was found of such.

/// A process that has a file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opener {
    pub(crate) pid: u32,
    /// Its command line.
    pub(crate) command: String,
    /// Whether the file of its program was replaced or removed since it started.
    pub(crate) exe_deleted: bool,
    /// When it started, in milliseconds since 1970.
    pub(crate) started_ms: Option<i64>,
}

/// Those that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Openers {
    pub(crate) found: Vec<Opener>,
    /// Whether there can be no others on this machine.
    pub(crate) complete: bool,
}
