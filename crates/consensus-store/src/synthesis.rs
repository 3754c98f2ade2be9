//! A synthesis of agents' outputs.

use std::borrow::Cow;

use serde::Serialize;

use crate::artifact::own;
use crate::{CreatedAt, Stage};

/// A synthesis, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSynthesis<'a> {
    /// The spec it belongs to.
    pub spec_id: Cow<'a, str>,
    /// The stage of the work on it.
    pub stage: Stage,
    /// The text.
    pub output_markdown: Cow<'a, str>,
    /// Where the text was written to besides.
    pub output_path: Option<Cow<'a, str>>,
    /// How it went; `ok` means that the agents agreed.
    pub status: Cow<'a, str>,
    /// How many artifacts went into it.
    pub artifacts_count: Option<i64>,
    /// On what the agents agreed.
    pub agreements: Option<Cow<'a, str>>,
    /// On what they did not.
    pub conflicts: Option<Cow<'a, str>>,
    /// Whether agents were missing.
    pub degraded: bool,
    /// The run it belongs to, by the caller's own name.
    pub run_id: Option<Cow<'a, str>>,
    /// When it was made, in milliseconds since 1970; now, if absent.
    pub created_at_ms: Option<i64>,
}

impl<'a> NewSynthesis<'a> {
    /// A synthesis with what each must have.
    #[must_use]
    pub fn new(
        spec_id: impl Into<Cow<'a, str>>,
        stage: Stage,
        output_markdown: impl Into<Cow<'a, str>>,
        status: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            spec_id: spec_id.into(),
            stage,
            output_markdown: output_markdown.into(),
            output_path: None,
            status: status.into(),
            artifacts_count: None,
            agreements: None,
            conflicts: None,
            degraded: false,
            run_id: None,
            created_at_ms: None,
        }
    }

    /// Written to this path besides.
    #[must_use]
    pub fn output_path(mut self, path: impl Into<Cow<'a, str>>) -> Self {
        self.output_path = Some(path.into());
        self
    }

    /// Made of this many artifacts.
    #[must_use]
    pub fn artifacts_count(mut self, count: i64) -> Self {
        self.artifacts_count = Some(count);
        self
    }

    /// With what the agents agreed on.
    #[must_use]
    pub fn agreements(mut self, agreements: impl Into<Cow<'a, str>>) -> Self {
        self.agreements = Some(agreements.into());
        self
    }

    /// With what the agents did not agree on.
    #[must_use]
    pub fn conflicts(mut self, conflicts: impl Into<Cow<'a, str>>) -> Self {
        self.conflicts = Some(conflicts.into());
        self
    }

    /// Made while agents were missing, or not.
    #[must_use]
    pub fn degraded(mut self, degraded: bool) -> Self {
        self.degraded = degraded;
        self
    }

    /// As part of this run.
    #[must_use]
    pub fn run_id(mut self, run_id: impl Into<Cow<'a, str>>) -> Self {
        self.run_id = Some(run_id.into());
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
    pub fn into_owned(self) -> NewSynthesis<'static> {
        NewSynthesis {
            spec_id: own(self.spec_id),
            stage: self.stage,
            output_markdown: own(self.output_markdown),
            output_path: self.output_path.map(own),
            status: own(self.status),
            artifacts_count: self.artifacts_count,
            agreements: self.agreements.map(own),
            conflicts: self.conflicts.map(own),
            degraded: self.degraded,
            run_id: self.run_id.map(own),
            created_at_ms: self.created_at_ms,
        }
    }
}

/// A synthesis, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Synthesis {
    /// Its id: that of `consensus_synthesis`, which a run of the new schema keeps.
    pub id: i64,
    /// The spec it belongs to.
    pub spec_id: String,
    /// The stage of the work on it.
    pub stage: Stage,
    /// The text.
    pub output_markdown: String,
    /// Where the text was written to besides.
    pub output_path: Option<String>,
    /// How it went; `ok` means that the agents agreed.
    pub status: String,
    /// How many artifacts went into it.
    pub artifacts_count: Option<i64>,
    /// On what the agents agreed.
    pub agreements: Option<String>,
    /// On what they did not.
    pub conflicts: Option<String>,
    /// Whether agents were missing.
    pub degraded: bool,
    /// The caller's name of the run.
    pub run_id: Option<String>,
    /// When it was made.
    pub created_at: CreatedAt,
}
