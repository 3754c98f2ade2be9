//! The two faces of the store behind one, so that callers on threads and on tasks are the
//! same code.

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use consensus_store::{
    Artifact, AsyncStore, Compact, Deleted, NewArtifact, NewSynthesis, Result, Stage, StageSummary,
    Store, Synthesis,
};

#[derive(Debug, Clone)]
pub(crate) enum Face {
    Blocking(Store),
    Tasks(AsyncStore),
}

/// Calls the method of whichever face it is.
macro_rules! call {
    ($face:expr, $method:ident ( $($argument:expr),* )) => {
        match $face {
            Face::Blocking(store) => store.$method($($argument),*),
            Face::Tasks(store) => store.$method($($argument),*).await,
        }
    };
}

impl Face {
    pub(crate) async fn store_artifact(&self, artifact: NewArtifact<'static>) -> Result<i64> {
        match self {
            Self::Blocking(store) => store.store_artifact(&artifact),
            Self::Tasks(store) => store.store_artifact(artifact).await,
        }
    }

    pub(crate) async fn store_synthesis(&self, synthesis: NewSynthesis<'static>) -> Result<i64> {
        match self {
            Self::Blocking(store) => store.store_synthesis(&synthesis),
            Self::Tasks(store) => store.store_synthesis(synthesis).await,
        }
    }

    pub(crate) async fn query_artifacts(&self, spec: &str, stage: &Stage) -> Result<Vec<Artifact>> {
        call!(self, query_artifacts(spec, stage))
    }

    pub(crate) async fn query_syntheses(
        &self,
        spec: &str,
        stage: &Stage,
    ) -> Result<Vec<Synthesis>> {
        call!(self, query_syntheses(spec, stage))
    }

    pub(crate) async fn query_latest_synthesis(
        &self,
        spec: &str,
        stage: &Stage,
    ) -> Result<Option<Synthesis>> {
        call!(self, query_latest_synthesis(spec, stage))
    }

    pub(crate) async fn count_artifacts(&self, spec: &str) -> Result<u64> {
        call!(self, count_artifacts(spec))
    }

    pub(crate) async fn list_specs(&self) -> Result<Vec<String>> {
        call!(self, list_specs())
    }

    pub(crate) async fn summaries(&self) -> Result<Vec<StageSummary>> {
        call!(self, summaries())
    }

    pub(crate) async fn delete_spec_artifacts(&self, spec: &str) -> Result<u64> {
        call!(self, delete_spec_artifacts(spec))
    }

    pub(crate) async fn delete_stage_artifacts(&self, spec: &str, stage: &Stage) -> Result<u64> {
        call!(self, delete_stage_artifacts(spec, stage))
    }

    pub(crate) async fn delete_spec(&self, spec: &str) -> Result<Deleted> {
        call!(self, delete_spec(spec))
    }

    pub(crate) async fn compact(&self, how: Compact) -> Result<u64> {
        call!(self, compact(how))
    }

    pub(crate) async fn pause(&self, pause: Duration) {
        match self {
            Self::Blocking(_) => std::thread::sleep(pause),
            Self::Tasks(_) => tokio::time::sleep(pause).await,
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Blocking(store) => store.path(),
            Self::Tasks(store) => store.blocking().path(),
        }
    }
}

/// Runs what never waits for a runtime: a caller on a [`Face::Blocking`].
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a blocking call does not wait"),
    }
}
