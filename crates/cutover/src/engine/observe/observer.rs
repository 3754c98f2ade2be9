//! Looking at a migration again and again.

use super::memory::Memory;
use super::snapshot::look;
use crate::engine::open::Engine;
use crate::error::Result;
use crate::report::Snapshot;

/// Looks at a migration again and again, and knows rates by what it saw before.
#[derive(Debug)]
pub struct Observer {
    engine: Engine,
    migration: String,
    memory: Memory,
}

impl Observer {
    /// Will look at this migration through an engine of its own.
    #[must_use]
    pub fn new(engine: Engine, migration: &str) -> Self {
        Self { engine, migration: migration.to_owned(), memory: Memory::default() }
    }

    /// The engine, for what is not in a snapshot.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Looks who holds a lock on the database now; the next snapshot tells of it. A write takes
    /// less than a millisecond: who writes is seen by looking often. Meant to be called about
    /// ten times a second, and costs some microseconds.
    pub fn sample(&mut self) {
        self.memory.sample(&self.engine.db);
    }

    /// Where the migration stands now. Meant to be called about once a second.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration any more.
    pub fn look(&mut self) -> Result<Snapshot> {
        look(&self.engine, &self.migration, &mut self.memory)
    }
}
