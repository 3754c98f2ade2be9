//! An agent's output.

use std::borrow::Cow;

use serde::Serialize;

use crate::{CreatedAt, Stage};

/// An agent's output, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewArtifact<'a> {
    /// The spec it belongs to.
    pub spec_id: Cow<'a, str>,
    /// The stage of the work on it.
    pub stage: Stage,
    /// The agent.
    pub agent_name: Cow<'a, str>,
    /// What the agent gave, usually JSON; any text is kept as it is.
    pub content_json: Cow<'a, str>,
    /// The agent's whole response.
    pub response_text: Option<Cow<'a, str>>,
    /// The run it belongs to, by the caller's own name. Outputs with the same spec, stage
    /// and run id make one run, and those without a run id one run of their own.
    pub run_id: Option<Cow<'a, str>>,
    /// The model that the agent used. The old tables have no place for it: while writes
    /// still enter those, storing it is an error ([`Error::NoPlace`](crate::Error::NoPlace)).
    pub model_version: Option<Cow<'a, str>>,
    /// When it was made, in milliseconds since 1970; now, if absent.
    pub created_at_ms: Option<i64>,
}

impl<'a> NewArtifact<'a> {
    /// An output with what each must have.
    #[must_use]
    pub fn new(
        spec_id: impl Into<Cow<'a, str>>,
        stage: Stage,
        agent_name: impl Into<Cow<'a, str>>,
        content_json: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            spec_id: spec_id.into(),
            stage,
            agent_name: agent_name.into(),
            content_json: content_json.into(),
            response_text: None,
            run_id: None,
            model_version: None,
            created_at_ms: None,
        }
    }

    /// With the agent's whole response.
    #[must_use]
    pub fn response_text(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.response_text = Some(text.into());
        self
    }

    /// As part of this run.
    #[must_use]
    pub fn run_id(mut self, run_id: impl Into<Cow<'a, str>>) -> Self {
        self.run_id = Some(run_id.into());
        self
    }

    /// With the model that the agent used.
    #[must_use]
    pub fn model_version(mut self, version: impl Into<Cow<'a, str>>) -> Self {
        self.model_version = Some(version.into());
        self
    }

    /// Made at this time, in milliseconds since 1970.
    #[must_use]
    pub fn created_at_ms(mut self, ms: i64) -> Self {
        self.created_at_ms = Some(ms);
        self
    }

    /// The same, owning what it holds.
    #[must_use]
    pub fn into_owned(self) -> NewArtifact<'static> {
        NewArtifact {
            spec_id: own(self.spec_id),
            stage: self.stage,
            agent_name: own(self.agent_name),
            content_json: own(self.content_json),
            response_text: self.response_text.map(own),
            run_id: self.run_id.map(own),
            model_version: self.model_version.map(own),
            created_at_ms: self.created_at_ms,
        }
    }
}

/// An agent's output, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Artifact {
    /// Its id: that of `consensus_artifacts`, which becomes that of `agent_outputs`.
    pub id: i64,
    /// The spec it belongs to.
    pub spec_id: String,
    /// The stage of the work on it.
    pub stage: Stage,
    /// The agent.
    pub agent_name: String,
    /// What the agent gave.
    pub content_json: String,
    /// The agent's whole response.
    pub response_text: Option<String>,
    /// The caller's name of the run.
    pub run_id: Option<String>,
    /// The model that the agent used.
    pub model_version: Option<String>,
    /// When it was made.
    pub created_at: CreatedAt,
}

pub(crate) fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
