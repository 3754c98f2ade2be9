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
use super::object::Object;
use super::sql::{ident, join, text};
use super::target::Target;
use super::typed::compared;

/// Whether the guard of a forward target needs the flag.
pub(crate) fn needs_flag(target: &Target) -> bool {
    !target.single
}

/// The guards on one forward target.
pub(crate) fn guards(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    let of = |row: &str| {
        let value = |position: usize| format!("{row}.{}", ident(&target.scope[position]));
        derived(target, Place::LIVE, Part::Scope(&value))
    };
    let flag = format!("(SELECT depth FROM {}) = 0", ident(&names.syncing()));
    let (inserted, updated, deleted) = if needs_flag(target) {
        (flag.clone(), flag.clone(), flag)
    } else {
        let and = |condition: String| format!("{flag} AND ({condition})");
        let key = given(target, "NEW");
        let same =
            differs(target, target.values(), "NEW", &|column| format!("d.{}", ident(column)))
                .map_or(key.clone(), |differs| format!("{key} AND NOT ({differs})"));
        let table = ident(&target.table.name);
        (
            // Where the mapping gives a row and the table has none, only the sync is
            // about to write it. The values need no look.
            and(format!(
                "NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {key}) OR EXISTS (SELECT 1 FROM {table} AS t WHERE {})",
                of("NEW"),
                target.same_key("t", "NEW")
            )),
            and(format!("NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {same})", of("NEW"))),
            and(format!(
                "EXISTS (SELECT 1 FROM ({}) AS d WHERE {})",
                of("OLD"),
                given(target, "OLD")
            )),
        )
    };
    let columns = join(&target.columns, ", ", |column| ident(column));
    [
        ("insert", "INSERT".to_owned(), inserted),
        ("update", format!("UPDATE OF {columns}"), updated),
        ("delete", "DELETE".to_owned(), deleted),
    ]
    .into_iter()
    .map(|(what, event, condition)| guard(target, names, migration, what, &event, &condition))
    .collect()
}

/// Whether the row `d` that the mapping gives has the key of `row`, NEW or OLD, when it is
/// stored.
fn given(target: &Target, row: &str) -> String {
    join(&target.key.columns, " AND ", |name| {
        let operator = if target.table.never_null(name) { "=" } else { "IS" };
        let derived = format!("d.{}", ident(name));
        match target.column(name) {
            // The rowid has its affinity in a trigger too.
            Some(column) if !target.table.is_rowid_alias(name) => {
                compared(row, column, operator, &derived)
            }
            _ => format!("{row}.{} {operator} {derived}", ident(name)),
        }
    })
}

fn guard(
    target: &Target,
    names: Names,
    migration: &str,
    what: &str,
    event: &str,
    condition: &str,
) -> Object {
    let table = &target.table.name;
    let name = names.trigger(&format!("guard_{what}"), table);
    let known_as = &target.table.known_as;
    let message = format!(
        "cutover: {known_as} is the mirror of migration {migration}: it follows the old tables and takes no \
         other writes before write-new; write to the old tables"
    );
    let sql = format!(
        "CREATE TRIGGER {} BEFORE {event} ON {} WHEN {condition} BEGIN\n  SELECT RAISE(ABORT, {});\nEND",
        ident(&name),
        ident(table),
        text(&message)
    );
    Object::trigger(name, table, sql)
}
