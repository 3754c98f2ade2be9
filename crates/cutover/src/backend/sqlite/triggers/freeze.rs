//! Triggers that make the old tables refuse writes.

use super::content::{Writes, foreign_to_all};
use super::dialect::{before, refuse};
use super::guard::needs_mark;
use super::mark::{no_chunk, nobody_syncs};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::target::Target;
use crate::phase::Phase;

/// The guards on one old table. In `write-new` they let the sync's own writes through, in
/// `retired` those that empty the table before it is dropped; in `new-only` nothing writes
/// to the old side. Where the table is a target that follows without being derived again, the
/// sync's writes are known by their content, else by the mark.
pub(crate) fn freeze(
    names: Names,
    migration: &str,
    table: &str,
    phase: Phase,
    since: &str,
    followed: Option<&Target>,
) -> Vec<Object> {
    let message = format!(
        "cutover: {table} is read-only: migration {migration} went to {phase} at {since}; write to the new tables"
    );
    if let Some(target) = followed.filter(|target| !needs_mark(target)) {
        let Writes { inserted, updated, deleted } = foreign_to_all(target, names);
        return [("insert", inserted), ("update", updated), ("delete", deleted)]
            .into_iter()
            .flat_map(|(event, when)| {
                let refuse = [refuse(&message)];
                before(&[event], "freeze", names, table, Some(&when), &refuse)
            })
            .collect();
    }
    let when = matches!(phase, Phase::WriteNew | Phase::Retired).then(|| nobody_syncs(names));
    refusing(names, "freeze", table, when.as_deref(), &message)
}

/// The guards on a new table that is about to be dropped, after an abort: nobody's write is
/// taken that would go with it.
pub(crate) fn dropping(names: Names, migration: &str, table: &str, since: &str) -> Vec<Object> {
    let message = format!(
        "cutover: {table} is about to be dropped: migration {migration} was aborted at {since}; write to the old tables"
    );
    refusing(names, "guard", table, Some(&no_chunk(names)), &message)
}

/// Triggers that refuse every write to a table, or those for which a condition holds.
fn refusing(
    names: Names,
    what: &str,
    table: &str,
    when: Option<&str>,
    message: &str,
) -> Vec<Object> {
    before(&["insert", "update", "delete"], what, names, table, when, &[refuse(message)])
}
