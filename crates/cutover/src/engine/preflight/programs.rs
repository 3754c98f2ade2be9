//! Programs that have the database open while it is checked: what they will notice.

use crate::backend::sqlite::Db;
use crate::backend::sqlite::other_processes::{OpenedBy, OtherProcesses};
use crate::report::Problem;

/// Whether a program has the database open.
pub(crate) fn are_there(db: &Db, in_process: bool) -> bool {
    OtherProcesses::of(db, in_process).opened_by() == OpenedBy::Somebody
}

/// What their transactions meet beside a backfill.
pub(crate) fn note() -> Problem {
    Problem::new(
        "a program has the database open; beside the backfill, SQLite refuses some writes of \
         transactions that have read first (`database is locked`), without waiting",
        "begin such transactions with BEGIN IMMEDIATE, or repeat those that fail; fewer rows a \
         second make it rarer",
    )
}
