//! Guards on the new tables while they are the mirror: a program that writes to
//! them too early, or still writes to them after a rollback, is refused. Otherwise
//! its write would be acknowledged, and overwritten at the next change of the source.
//!
//! The guards know the sync's writes by their content (see [`content`](super::content)), and
//! by the mark that the procedures make (see [`mark`](super::mark)) where a scope holds many
//! rows or many make one: there content would mean reading all of them for each one written.

use super::content::{Writes, foreign};
use super::dialect::{refuse, trigger};
use super::mark::{mark, nobody_syncs};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{ident, join};
use crate::derive::target::{Form, Target};
use crate::phase::Direction;
use crate::schema::ConflictKey;

/// Whether the sync's writes to a target are known by the mark, rather than by their content.
pub(crate) fn needs_mark(target: &Target) -> bool {
    match target.direction {
        Direction::Forward => !target.single || target.is_grouped(),
        Direction::Backward => matches!(target.form, Form::Derived),
    }
}

/// The guards on one forward target.
pub(crate) fn guards(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    guards_by(target, names, migration, needs_mark(target))
}

/// The same, while it still holds rows that no source row gives, so: their content tells nothing.
pub(crate) fn guards_over_stale(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    guards_by(&target.derived_whole(), names, migration, true)
}

fn guards_by(target: &Target, names: Names, migration: &str, by_mark: bool) -> Vec<Object> {
    let Writes { inserted, updated, deleted } = if by_mark {
        let closed = nobody_syncs(names);
        match target.totals() {
            // Whether there is a group is asked without reading it; its totals are not.
            Some(totals) => {
                let updated = match &totals.marked {
                    Some(column) => format!("{} AND {closed}", unmarked(column, names)),
                    None => closed,
                };
                Writes { updated, ..foreign(target, names) }
            }
            None => Writes { inserted: closed.clone(), updated: closed.clone(), deleted: closed },
        }
    } else {
        foreign(target, names)
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

/// Whether an UPDATE neither sets the mark in a number of rows, nor finds it there.
fn unmarked(column: &str, names: Names) -> String {
    let (column, mark) = (ident(column), mark(names));
    format!("(OLD.{column} >= {mark} OR NEW.{column} = OLD.{column} + {mark}) IS NOT 1")
}

/// The columns whose change is looked at: those that the mapping gives, and those by which a
/// row could remove another.
fn guarded(target: &Target) -> Vec<String> {
    let keys = target.table.conflict_keys.iter().flat_map(ConflictKey::watched);
    target.columns.iter().cloned().chain(keys).collect()
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
