//! How a store is opened.

use std::time::Duration;

/// How a [`Store`](crate::Store) is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Make the file if it is missing, on the new schema.
    pub create: bool,
    /// Change nothing: neither rows nor the file's journal mode.
    pub read_only: bool,
    /// When a commit is on the disk.
    pub synchronous: Synchronous,
    /// How long a call waits for a lock that another program holds.
    pub busy_timeout: Duration,
    /// The most connections that read at a time; more callers wait for one.
    pub readers: usize,
}

/// When a commit is on the disk, as SQLite's `PRAGMA synchronous` has it. In WAL mode a
/// crash of the program loses no commit in any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// Whenever the system writes it; a power cut may damage the file.
    Off,
    /// At the next checkpoint; a power cut may take the last commits, and nothing else.
    Normal,
    /// Before the call returns.
    Full,
    /// Before the call returns, with the directory, too.
    Extra,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            synchronous: Synchronous::Normal,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
        }
    }
}

impl Options {
    /// Whether to make the file if it is missing.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether to change nothing.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// When a commit is on the disk.
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long a call waits for a lock that another program holds.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// The most connections that read at a time; at least one.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }
}

impl Synchronous {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
            Self::Extra => "EXTRA",
        }
    }
}
