//! Names that a migration can't use.

use crate::phase::Side;

/// What the names of SQLite's own objects, and of ours, begin with.
const RESERVED: [&str; 3] = ["sqlite_", "_cutover_", "cutover_live_"];

/// Whether a name is kept for SQLite or for cutover.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|prefix| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

/// The side that a qualifier names.
pub(super) fn side(qualifier: &str) -> Option<Side> {
    [Side::Old, Side::New].into_iter().find(|side| qualifier.eq_ignore_ascii_case(side.name()))
}
