//! What is wrong with a statement, before the migration's name is put to it.

use crate::migration::error::MigrationError;
use crate::migration::parsed::Location;

/// A refusal: where, why, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    at: Option<Location>,
    reason: String,
    fix: String,
}

/// What the functions of the reader give.
pub(super) type Checked<T = ()> = Result<T, Fault>;

impl Fault {
    /// Something wrong at one place.
    pub(super) fn at(at: Location, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at: Some(at), reason: reason.into(), fix: fix.into() }
    }

    /// Something wrong with the file as a whole.
    pub(super) fn file(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at: None, reason: reason.into(), fix: fix.into() }
    }

    /// The error that the caller of the reader sees.
    pub(super) fn of(self, name: &str) -> MigrationError {
        MigrationError {
            name: name.to_owned(),
            at: self.at,
            reason: self.reason,
            fix: Some(self.fix.into()),
        }
    }
}
