//! Notes of when a side was last written: at most one in [`LastWrite::RESOLUTION_SECONDS`],
//! because every note is one more page in the writer's commit.
//!
//! A trigger of its own for each event, with one UPDATE that mostly finds nothing to do. A
//! condition in its WHEN would have to be compiled besides, and costs as much to be looked at:
//! measured, for statements that are prepared anew, 1.3 times what this form adds. The row is
//! found by its rowid, which is the cheapest of all searches.

use super::dialect::trigger;
use super::turn::idle;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::phase::{Phase, Side};
use crate::report::LastWrite;

/// The phases in which writes to a side are noted. In the others a side takes no writes of
/// programs, or nobody waits for their end. The order is that of the rows in databases: a new
/// pair is added at the end.
const NOTED: [(Phase, Side); 4] = [
    (Phase::DualWrite, Side::Old),
    (Phase::ReadNew, Side::Old),
    (Phase::WriteBoth, Side::Old),
    (Phase::WriteBoth, Side::New),
];

/// Rows that a migration may have in the table of notes.
const ROWS: i64 = 16;

/// The sides whose writes are noted in a phase, each with the row in which that is done.
pub(crate) fn noted(names: Names, phase: Phase) -> impl Iterator<Item = (Side, i64)> {
    let row =
        move |at: usize| i64::try_from(at).ok()?.checked_add(names.migration.checked_mul(ROWS)?);
    let numbered = NOTED.into_iter().enumerate();
    numbered
        .filter(move |(_, (noted, _))| *noted == phase)
        .filter_map(move |(at, (_, side))| Some((side, row(at)?)))
}

/// The triggers that note writes to these tables in a row.
pub(crate) fn notes<'a>(
    tables: impl Iterator<Item = &'a str>,
    names: Names,
    phase: Phase,
    row: i64,
) -> Vec<Object> {
    // Where both sides are written, each is also written by the sync.
    let both = noted(names, phase).count() > 1;
    let when = both.then(|| idle(names));
    // A clock that was set back must not end the notes.
    let note = format!(
        "UPDATE _cutover_seen SET last = unixepoch(), notes = notes + 1 \
         WHERE id = {row} AND (unixepoch() - last) NOT BETWEEN 0 AND {}",
        LastWrite::RESOLUTION_SECONDS
    );
    let on = |table: &str| {
        ["insert", "update", "delete"].map(|event| {
            let name = names.trigger(&format!("seen_{event}"), table);
            let event = format!("AFTER {}", event.to_uppercase());
            trigger(name, &event, table, when.as_deref(), std::slice::from_ref(&note))
        })
    };
    tables.flat_map(on).collect()
}
