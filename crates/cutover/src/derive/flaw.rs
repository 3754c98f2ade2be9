//! Why a mapping that reads well can't be used on these tables.

use crate::migration::{Location, Mapping};
use crate::report::Problem;

/// One reason, with its place and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) at: Location,
    pub(crate) kind: FlawKind,
    pub(crate) reason: String,
    pub(crate) fix: String,
}

/// What a flaw means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlawKind {
    /// The file and the database do not belong together: a table or a column
    /// that is not there.
    Mismatch,
    /// It could run once, offline, but can't be kept in step with live writes.
    CantKeepInStep,
}

impl Flaw {
    pub(crate) fn mismatch(
        mapping: &Mapping,
        word: &str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (reason, fix) = (reason.into(), fix.into());
        Self { at: mapping.locate(word), kind: FlawKind::Mismatch, reason, fix }
    }

    pub(crate) fn cant_keep(
        mapping: &Mapping,
        word: &str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (reason, fix) = (reason.into(), fix.into());
        Self { at: mapping.locate(word), kind: FlawKind::CantKeepInStep, reason, fix }
    }

    pub(crate) fn to_problem(&self) -> Problem {
        Problem {
            line: Some(self.at.line),
            column: Some(self.at.column),
            reason: self.reason.clone(),
            fix: self.fix.clone().into(),
        }
    }
}
