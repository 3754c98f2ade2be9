//! A migration file that can't be used.

use crate::migration::parsed::Location;
use crate::report::fix::Fix;

/// What is wrong with a migration file, where, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationError {
    /// The migration's name.
    pub name: String,
    /// Where it is; absent where the file as a whole is meant.
    pub at: Option<Location>,
    pub(super) reason: String,
    pub(super) fix: Option<Fix>,
}

impl MigrationError {
    /// The same, with something else to do about it.
    pub(crate) fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Something found wrong with a migration after it was read.
    pub(crate) fn at(
        migration: &super::parsed::Migration,
        at: Location,
        reason: impl Into<String>,
        fix: impl Into<Fix>,
    ) -> Self {
        Self {
            name: migration.name().to_owned(),
            at: Some(at),
            reason: reason.into(),
            fix: Some(fix.into()),
        }
    }

    /// What is wrong and why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> Option<&Fix> {
        self.fix.as_ref()
    }
}

impl std::fmt::Display for MigrationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.sql", self.name)?;
        if let Some(Location { line, column }) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for MigrationError {}
