//! The consensus store, by its public functions.

use std::path::Path;
use std::time::Duration;

use consensus_store::{NewArtifact, Options, Stage, Store, Synchronous};

use benches::database::Result;

use crate::contender::{Caller, Contender, Key, Row};
use crate::raw::Durability;

/// A store, shared by all callers.
pub(crate) struct Ours {
    store: Store,
}

impl Ours {
    /// Opens a file, and makes it if it is missing.
    pub(crate) fn open(path: &Path, durability: Durability) -> Result<Self> {
        Ok(Self { store: open(path, durability)? })
    }
}

pub(crate) fn open(path: &Path, durability: Durability) -> Result<Store> {
    let synchronous = match durability {
        Durability::Normal => Synchronous::Normal,
        Durability::Full => Synchronous::Full,
    };
    let options = Options::default().synchronous(synchronous).busy_timeout(Duration::from_secs(30));
    Ok(Store::open_with(path, options)?)
}

/// The row as the store takes it.
pub(crate) fn artifact(row: &Row) -> NewArtifact<'_> {
    let stage = Stage::from(row.key.stage);
    NewArtifact::new(row.key.spec.as_str(), stage, row.agent, row.content.as_str())
        .response_text(row.response.as_str())
        .run_id(row.run.as_str())
}

impl Contender for Ours {
    fn call(&self, work: &mut dyn FnMut(&mut dyn Caller) -> Result<()>) -> Result<()> {
        work(&mut &self.store)
    }
}

impl Caller for &Store {
    fn store(&mut self, row: &Row) -> Result<i64> {
        Ok(self.store_artifact(&artifact(row))?)
    }

    fn query(&mut self, key: &Key) -> Result<usize> {
        let found = self.query_artifacts(&key.spec, &Stage::from(key.stage))?;
        Ok(std::hint::black_box(found).len())
    }
}
