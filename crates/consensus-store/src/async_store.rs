//! The store for programs that run on tokio.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use crate::artifact::{Artifact, NewArtifact};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::reports::{Deleted, StageSummary, Stats};
use crate::retention::Compact;
use crate::stage::Stage;
use crate::store::{Store, check_time};
use crate::synthesis::{NewSynthesis, Synthesis};
use crate::writer::Write;

/// A [`Store`] whose calls never block the runtime: writes go to the store's writer
/// thread, where concurrent ones share commits, and all else to tokio's threads for
/// blocking work.
///
/// A future that is dropped before it is done leaves its call to run to its end: a write
/// may be stored all the same.
#[derive(Debug, Clone)]
pub struct AsyncStore {
    store: Store,
}

impl From<Store> for AsyncStore {
    fn from(store: Store) -> Self {
        Self { store }
    }
}

/// Each method is that of [`Store`], with its errors.
#[expect(clippy::missing_errors_doc, reason = "each is documented where the store has it")]
impl AsyncStore {
    /// As [`Store::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Options::default()).await
    }

    /// As [`Store::open_with`].
    pub async fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path: PathBuf = path.as_ref().to_owned();
        let gone = Error::WriterGone { path: path.clone() };
        let open = tokio::task::spawn_blocking(move || Store::open_with(path, options));
        Ok(Self { store: open.await.unwrap_or(Err(gone))? })
    }

    /// The store itself, for programs that do both.
    #[must_use]
    pub fn blocking(&self) -> &Store {
        &self.store
    }

    /// As [`Store::store_artifact`].
    pub async fn store_artifact(&self, artifact: NewArtifact<'_>) -> Result<i64> {
        check_time(artifact.created_at_ms)?;
        self.submit(Write::Artifact(Cow::Owned(artifact.into_owned()))).await
    }

    /// As [`Store::store_synthesis`].
    pub async fn store_synthesis(&self, synthesis: NewSynthesis<'_>) -> Result<i64> {
        check_time(synthesis.created_at_ms)?;
        self.submit(Write::Synthesis(Cow::Owned(synthesis.into_owned()))).await
    }

    /// As [`Store::query_artifacts`].
    pub async fn query_artifacts(&self, spec_id: &str, stage: &Stage) -> Result<Vec<Artifact>> {
        let (spec_id, stage) = (spec_id.to_owned(), stage.clone());
        self.run(move |store| store.query_artifacts(&spec_id, &stage)).await
    }

    /// As [`Store::query_latest_synthesis`].
    pub async fn query_latest_synthesis(
        &self,
        spec_id: &str,
        stage: &Stage,
    ) -> Result<Option<Synthesis>> {
        let (spec_id, stage) = (spec_id.to_owned(), stage.clone());
        self.run(move |store| store.query_latest_synthesis(&spec_id, &stage)).await
    }

    /// As [`Store::query_syntheses`].
    pub async fn query_syntheses(&self, spec_id: &str, stage: &Stage) -> Result<Vec<Synthesis>> {
        let (spec_id, stage) = (spec_id.to_owned(), stage.clone());
        self.run(move |store| store.query_syntheses(&spec_id, &stage)).await
    }

    /// As [`Store::count_artifacts`].
    pub async fn count_artifacts(&self, spec_id: &str) -> Result<u64> {
        let spec_id = spec_id.to_owned();
        self.run(move |store| store.count_artifacts(&spec_id)).await
    }

    /// As [`Store::list_specs`].
    pub async fn list_specs(&self) -> Result<Vec<String>> {
        self.run(|store| store.list_specs()).await
    }

    /// As [`Store::summaries`].
    pub async fn summaries(&self) -> Result<Vec<StageSummary>> {
        self.run(|store| store.summaries()).await
    }

    /// As [`Store::stats`].
    pub async fn stats(&self) -> Result<Stats> {
        self.run(|store| store.stats()).await
    }

    /// As [`Store::delete_spec_artifacts`].
    pub async fn delete_spec_artifacts(&self, spec_id: &str) -> Result<u64> {
        let spec_id = spec_id.to_owned();
        self.run(move |store| store.delete_spec_artifacts(&spec_id)).await
    }

    /// As [`Store::delete_stage_artifacts`].
    pub async fn delete_stage_artifacts(&self, spec_id: &str, stage: &Stage) -> Result<u64> {
        let (spec_id, stage) = (spec_id.to_owned(), stage.clone());
        self.run(move |store| store.delete_stage_artifacts(&spec_id, &stage)).await
    }

    /// As [`Store::delete_spec`].
    pub async fn delete_spec(&self, spec_id: &str) -> Result<Deleted> {
        let spec_id = spec_id.to_owned();
        self.run(move |store| store.delete_spec(&spec_id)).await
    }

    /// As [`Store::delete_stage`].
    pub async fn delete_stage(&self, spec_id: &str, stage: &Stage) -> Result<Deleted> {
        let (spec_id, stage) = (spec_id.to_owned(), stage.clone());
        self.run(move |store| store.delete_stage(&spec_id, &stage)).await
    }

    /// As [`Store::prune`].
    pub async fn prune(&self, older_than_ms: i64) -> Result<Deleted> {
        self.run(move |store| store.prune(older_than_ms)).await
    }

    /// As [`Store::compact`].
    pub async fn compact(&self, how: Compact) -> Result<u64> {
        self.run(move |store| store.compact(how)).await
    }

    async fn submit(&self, write: Write<'static>) -> Result<i64> {
        let writer = self.store.writer()?;
        let (sender, receiver) = oneshot::channel();
        // A caller that is gone needs no answer.
        writer.enqueue(write, Box::new(move |result| drop(sender.send(result))));
        receiver.await.unwrap_or_else(|_| Err(writer.gone()))
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        let gone = Error::WriterGone { path: store.path().to_owned() };
        tokio::task::spawn_blocking(move || call(&store)).await.unwrap_or(Err(gone))
    }
}
