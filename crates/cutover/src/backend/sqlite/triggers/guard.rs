//! Guards on the new tables while they are the mirror: a program that writes to
//! them too early, or still writes to them after a rollback, is refused. Otherwise
//! its write would be acknowledged, and overwritten at the next change of the source.
//!
//! The guards know the sync's writes by their content, not by a flag: a row is let
//! in if the mapping gives one for its key and the table has none yet, changed into
//! what the mapping gives at this moment, and let out if the mapping no longer gives
//! it. A mark would cost a page of log at every write of every old program. Where a scope
//! holds many rows content would mean deriving all of them for each one written, so there it
//! is the mark that the procedures make (see [`freeze`](super::freeze)).
//!
//! An UPDATE that changes no value of the mapping may still remove a row, by OR REPLACE: with
//! the key of another row, its rowid, or a unique value in a column that no mapping gives.

use super::conflict::conflict;
use super::dialect::{refuse, trigger};
use super::freeze::{no_chunk, nobody_syncs};
use crate::derive::derived::{Part, Place, derived, differs};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{any, equality, ident, join};
use crate::derive::target::Target;
use crate::derive::typed::compared;
use crate::schema::ConflictKey;

/// Whether the guard of a forward target needs the mark.
pub(crate) fn needs_mark(target: &Target) -> bool {
    !target.single
}

/// The guards on one forward target.
pub(crate) fn guards(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    let of = |row: &str| {
        let value = |position: usize| format!("{row}.{}", ident(&target.scope[position]));
        derived(target, Place::LIVE, Part::Scope(&value))
    };
    let (inserted, updated, deleted) = if needs_mark(target) {
        let closed = nobody_syncs(names);
        (closed.clone(), closed.clone(), closed)
    } else {
        let and = |condition: String| format!("{} AND ({condition})", no_chunk(names));
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
            and(any(&[
                format!("NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {same})", of("NEW")),
                removes(target),
            ])),
            and(format!(
                "EXISTS (SELECT 1 FROM ({}) AS d WHERE {})",
                of("OLD"),
                given(target, "OLD")
            )),
        )
    };
    let columns = join(&target.table.set_by(&guarded(target)), ", ", |column| ident(column));
    [
        ("insert", "INSERT".to_owned(), inserted),
        ("update", format!("UPDATE OF {columns}"), updated),
        ("delete", "DELETE".to_owned(), deleted),
    ]
    .into_iter()
    .map(|(what, event, condition)| guard(target, names, migration, what, &event, &condition))
    .collect()
}

/// The columns whose change is looked at: those that the mapping gives, and those by which a
/// row could remove another.
fn guarded(target: &Target) -> Vec<String> {
    let keys = target.table.conflict_keys.iter().flat_map(ConflictKey::watched);
    target.columns.iter().cloned().chain(keys).collect()
}

/// Whether an UPDATE gives its row another key, or the unique value of another row in a column
/// that the mapping does not give. The sync's own never do.
fn removes(target: &Target) -> String {
    let table = &target.table;
    let same = |column: &String| format!("NEW.{0} IS NOT OLD.{0}", ident(column));
    let mut conditions: Vec<String> = target.key.columns.iter().map(same).collect();
    let given = |column: &String| {
        let of = |name: &String| target.columns.contains(name);
        of(column)
            || table
                .column(column)
                .and_then(|found| found.computed.as_ref())
                .is_some_and(|from| from.columns.iter().all(of))
    };
    for key in table.conflict_keys.iter().filter(|key| !key.watched().iter().all(given)) {
        conditions.push(match key.columns().as_deref() {
            Some([rowid]) if table.rowid_names().contains(rowid) => same(rowid),
            _ => format!(
                "EXISTS (SELECT 1 FROM {} AS x WHERE {})",
                ident(&table.name),
                conflict(table, key, true)
            ),
        });
    }
    any(&conditions)
}

/// Whether the row `d` that the mapping gives has the key of `row`, NEW or OLD, when it is
/// stored.
fn given(target: &Target, row: &str) -> String {
    join(&target.key.columns, " AND ", |name| {
        let operator = equality(&target.table, name);
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
    trigger(name, &format!("BEFORE {event}"), table, Some(condition), &[refuse(&message)])
}
