//! The key that tells a target's rows apart.

use super::table::contains;
use crate::derive::flaw::Flaw;
use crate::migration::Mapping;
use crate::schema::{Table, UniqueKey};

/// The key that tells the target's rows apart: of those whose columns are all in the list, one
/// that can hold no NULL, the primary key before the others. UNIQUE lets several NULLs in, so a
/// nullable key is the last resort: rows that share a NULL in it can't be told apart.
pub(super) fn key(mapping: &Mapping, table: &Table, columns: &[String]) -> Result<UniqueKey, Flaw> {
    let may_be_null = |key: &&UniqueKey| !key.columns.iter().all(|part| table.never_null(part));
    table
        .uniques
        .iter()
        .filter(|key| key.columns.iter().all(|column| contains(columns, column)))
        .min_by_key(|key| (may_be_null(key), !key.primary))
        .cloned()
        .ok_or_else(|| {
            Flaw::cant_keep(
                mapping,
                &mapping.target,
                format!(
                    "no PRIMARY KEY or UNIQUE constraint of {} has all its columns in the INSERT's \
                     list, so its rows can't be told apart",
                    table.known_as
                ),
                "name the key's columns in the list, or give the table a UNIQUE constraint over columns that are",
            )
        })
}
