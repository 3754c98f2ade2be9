//! Errors that are about a row that is read.

use crate::backend::sqlite::blame::{Blame, blame};
use crate::error::Error;

/// Whether an error may be about a row that is read: what SQLite's functions say of values, but
/// for what a constraint says.
pub(crate) fn may_be_a_row(error: &Error) -> bool {
    matches!(error, Error::Database { source, .. }
        if matches!(blame(source.raw()), Blame::Row) && !source.is_constraint())
}
