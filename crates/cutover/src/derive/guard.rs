//! Guards on the new tables while they are the mirror: a program that writes to
//! them too early, or still writes to them after a rollback, is refused. Otherwise
//! its write would be acknowledged, and overwritten at the next change of the source.
//!
//! The guards know the sync's writes by their content, not by a flag: a row is let
//! in if the mapping gives one for its key and the table has none yet, changed into
//! what the mapping gives at this moment, and let out if the mapping no longer gives
//! it. A flag would cost a page of log at every write of every old program; it is
//! raised only by the engine, for the length of a chunk. Where a scope holds many rows
//! that would mean deriving all of them for each one written, so there a flag it is.

use super::derived::{Part, Place, derived, differs};
use super::names::Names;
use super::object::{Kind, Object};
use super::sql::{ident, join, text};
use super::target::Target;

/// Whether the guard of a forward target needs the flag.
pub(crate) fn needs_flag(target: &Target) -> bool {
    !target.single
}

/// What the mapping gives for the scope of a row.
fn given(target: &Target, row: &str) -> String {
    let value = |position: usize| format!("{row}.{}", ident(&target.scope[position]));
    derived(target, Place::LIVE, Part::Scope(&value))
}

/// Whether the mapping does not give the row in NEW as it is.
fn is_not_given(target: &Target) -> String {
    let key = target.same_key("NEW", "d");
    let same = differs(target, target.values(), "NEW", &|column| format!("d.{}", ident(column)))
        .map_or(key.clone(), |differs| format!("{key} AND NOT ({differs})"));
    format!("NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {same})", given(target, "NEW"))
}

/// Whether the mapping still gives a row for the key in OLD.
fn is_given(target: &Target) -> String {
    let key = target.same_key("OLD", "d");
    format!("EXISTS (SELECT 1 FROM ({}) AS d WHERE {key})", given(target, "OLD"))
}

/// The guards on one forward target.
pub(crate) fn guards(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    let flag = format!("(SELECT depth FROM {}) = 0", ident(&names.syncing()));
    let (inserted, updated, deleted) = if needs_flag(target) {
        (flag.clone(), flag.clone(), flag)
    } else {
        let and = |condition: String| format!("{flag} AND ({condition})");
        let key = target.same_key("NEW", "d");
        let table = ident(&target.table.name);
        (
            // Where the mapping gives a row and the table has none, only the sync is
            // about to write it. The values need no look.
            and(format!(
                "NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {key}) OR EXISTS (SELECT 1 FROM {table} AS t WHERE {})",
                given(target, "NEW"),
                target.same_key("t", "NEW")
            )),
            and(is_not_given(target)),
            and(is_given(target)),
        )
    };
    let table = &target.table.name;
    let message = format!(
        "cutover: {table} is the mirror of migration {migration}: it follows the old tables and takes no \
         other writes before write-new; write to the old tables"
    );
    [
        ("insert", "INSERT".to_owned(), inserted),
        ("update", update_of(target), updated),
        ("delete", "DELETE".to_owned(), deleted),
    ]
    .into_iter()
    .map(|(what, event, condition)| {
        guard(names.trigger(&format!("guard_{what}"), table), table, &event, &condition, &message)
    })
    .collect()
}

/// The guards on one backward target against foreign keys that write by themselves. Where
/// the program that writes has them switched on, the sync's own DELETE or UPDATE of an old
/// row sets such an action off, and nothing would tell what that changes from the sync's
/// writes. It is let through where it comes to what the mapping gives.
pub(crate) fn actions(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    let table = &target.table.name;
    if !target.table.foreign_keys.iter().any(|key| key.acts) {
        return Vec::new();
    }
    let message = format!(
        "cutover: migration {migration} can't keep {table} in step: a foreign key of it would change or \
         delete rows that the new tables still give; change those first"
    );
    [
        ("update", update_of(target), is_not_given(target)),
        ("delete", "DELETE".to_owned(), is_given(target)),
    ]
    .into_iter()
    .map(|(what, event, condition)| {
        guard(names.trigger(&format!("action_{what}"), table), table, &event, &condition, &message)
    })
    .collect()
}

fn update_of(target: &Target) -> String {
    format!("UPDATE OF {}", join(&target.columns, ", ", |column| ident(column)))
}

fn guard(name: String, table: &str, event: &str, condition: &str, message: &str) -> Object {
    let sql = format!(
        "CREATE TRIGGER {} BEFORE {event} ON {} WHEN {condition} BEGIN\n  SELECT RAISE(ABORT, {});\nEND",
        ident(&name),
        ident(table),
        text(message)
    );
    Object::new(Kind::Trigger, name, sql)
}
