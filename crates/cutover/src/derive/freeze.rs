//! Triggers that make the old tables refuse writes.

use super::names::Names;
use super::object::Object;
use super::sql::{ident, text};
use crate::phase::Phase;

/// The guards on one old table. In `write-new` they let the sync's own writes through, in
/// `retired` those that empty the table before it is dropped; in `new-only` nothing writes
/// to the old side.
pub(crate) fn freeze(
    names: Names,
    migration: &str,
    table: &str,
    phase: Phase,
    since: &str,
) -> Vec<Object> {
    let message = format!(
        "cutover: {table} is read-only: migration {migration} went to {phase} at {since}; write to the new tables"
    );
    let unless = if matches!(phase, Phase::WriteNew | Phase::Retired) {
        format!(" WHEN (SELECT depth FROM {}) = 0", ident(&names.syncing()))
    } else {
        String::new()
    };
    ["insert", "update", "delete"]
        .into_iter()
        .map(|event| {
            let name = names.trigger(&format!("freeze_{event}"), table);
            let sql = format!(
                "CREATE TRIGGER {} BEFORE {} ON {}{unless} BEGIN\n  SELECT RAISE(ABORT, {});\nEND",
                ident(&name),
                event.to_uppercase(),
                ident(table),
                text(&message)
            );
            Object::trigger(name, table, sql)
        })
        .collect()
}

/// The one-row table by which the guards know the sync, and the engine's own chunks.
pub(crate) fn syncing(names: Names) -> [Object; 2] {
    let table = names.syncing();
    let name = ident(&table);
    let define = format!("CREATE TABLE {name} (depth INTEGER NOT NULL)");
    let fill = format!("INSERT INTO {name} (depth) VALUES (0)");
    [Object::table(table.clone(), define), Object::row(table, fill)]
}
