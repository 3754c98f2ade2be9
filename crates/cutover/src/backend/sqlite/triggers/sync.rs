//! The sync triggers of one direction: whatever changes a table that a mapping
//! reads re-derives the scopes it touches, inside the writer's own statement.
//!
//! They look at state, never at the operation: a scope is re-derived from what the
//! tables hold when the trigger runs. What SQLite does not report is noted
//! beforehand: see [`replaced`](super::replaced).

use crate::backend::sqlite::triggers::builtins::builtins;
use crate::backend::sqlite::triggers::changed::{Changed, Use};
use crate::backend::sqlite::triggers::checks::checks;
use crate::backend::sqlite::triggers::dialect::{call_with, trigger};
use crate::backend::sqlite::triggers::procedure::procedures;
use crate::backend::sqlite::triggers::replaced::{note_table, probe};
use crate::derive::dirty::{Rows, scope_of, touched};
use crate::derive::names::Names;
use crate::derive::no_effect::{direct_scope, insert_has_no_effect, update_matters};
use crate::derive::object::Object;
use crate::derive::replace_keys::replaces;
use crate::derive::sql::{ident, join};
use crate::derive::target::{
    Target, delete_can_change, insert_can_remove, read_tables, scope_columns,
};
use crate::phase::Side;
use crate::schema::{Catalog, Table};

/// Everything that keeps the targets of one direction in step, but for the
/// triggers on targets that other mappings read (see [`parent_triggers`]).
pub(crate) fn sync(
    targets: &[Target],
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let mut objects = Vec::new();
    for target in targets {
        objects.extend(note_table(target, names, catalog));
        objects.extend(procedures(target, names, migration, catalog));
        objects.extend(checks(target, names, migration));
    }
    for (side, table) in read_tables(targets) {
        if targets.first().is_some_and(|target| target.direction.source() == side) {
            objects.extend(builtins(targets, names, migration, (side, &table)));
            objects.extend(triggers(targets, names, migration, (side, &table), catalog));
        }
    }
    let probe = probe(names, &objects);
    objects.splice(0..0, probe);
    objects
}

/// The triggers on a target that later mappings of the same direction read for
/// its surrogate keys. They are created once it has been filled: until then its
/// children are filled afterwards anyway.
pub(crate) fn parent_triggers(
    targets: &[Target],
    parent: &Target,
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let table = (parent.direction.target(), parent.table.name.as_str());
    triggers(targets, names, migration, table, catalog)
}

fn triggers(
    targets: &[Target],
    names: Names,
    migration: &str,
    (side, name): (Side, &str),
    catalog: &Catalog,
) -> Vec<Object> {
    let uses: Vec<Use<'_>> = targets
        .iter()
        .flat_map(|target| target.leaves().map(move |(source, leaf)| (target, source, leaf)))
        .filter(|(_, _, leaf)| leaf.side == side && leaf.table == name)
        .map(|(target, source, leaf)| Use {
            replaces: replaces(target, source, leaf, catalog),
            target,
            source,
            leaf,
        })
        .collect();
    if uses.is_empty() {
        return Vec::new();
    }
    Changed { names, migration, catalog, name, side, uses }.objects()
}

/// Whether a scope's row can only have one key. Where it can have several, a row that
/// replaces another of its own scope may leave an image behind under the other's key.
fn keyed_by_scope(target: &Target) -> bool {
    let in_scope = |part: &String| target.scope.iter().any(|s| s.eq_ignore_ascii_case(part));
    target.key.columns.iter().all(in_scope)
}

impl Changed<'_> {
    fn objects(&self) -> Vec<Object> {
        let mut objects = self.noting();
        objects.push(self.trigger("after_insert", "AFTER INSERT", None, &self.after_insert()));
        let event = format!("AFTER UPDATE{}", self.of(self.read_columns()));
        objects.push(self.trigger("after_update", &event, None, &self.after_update()));
        objects.push(self.trigger("after_delete", "AFTER DELETE", None, &self.after_delete()));
        objects
    }

    pub(super) fn table(&self) -> Option<&Table> {
        self.catalog.table(self.side, self.name)
    }

    /// The list of an `UPDATE OF`, under every name by which a SET may change these columns.
    pub(super) fn of(&self, columns: Vec<String>) -> String {
        let named = self.table().map_or(columns.clone(), |table| table.set_by(&columns));
        // A mapping may read no column at all, and no list is one of all columns.
        if named.is_empty() {
            return String::new();
        }
        format!(" OF {}", join(&named, ", ", |column| ident(column)))
    }

    pub(super) fn trigger(
        &self,
        what: &str,
        event: &str,
        when: Option<&str>,
        statements: &[String],
    ) -> Object {
        trigger(self.names.trigger(what, self.name), event, self.name, when, statements)
    }

    /// The columns of this table that some mapping reads, and those of its unique
    /// keys that matter to a REPLACE.
    fn read_columns(&self) -> Vec<String> {
        let read = self.uses.iter().flat_map(|used| {
            let watched = used.replaces.by_update.iter().flat_map(|key| key.watched());
            used.source.query.columns_of(used.leaf.number).into_iter().chain(watched)
        });
        let mut found: Vec<String> = Vec::new();
        for column in read {
            if !found.contains(&column) {
                found.push(column);
            }
        }
        found
    }

    fn put(&self, used: &Use<'_>, row: &str, when: Option<&str>) -> Option<String> {
        call(&self.names.put(&used.target.table.name), used, row, when)
    }

    fn prune(&self, used: &Use<'_>, row: &str, when: Option<&str>) -> Option<String> {
        call(&self.names.prune(&used.target.table.name), used, row, when)
    }

    /// What every body does first: a unique value that moves from one mirror row to
    /// another must be free before it is taken.
    fn prune_early(&self, update: bool) -> Vec<String> {
        let mut statements = Vec::new();
        let has_others = |used: &&Use<'_>| used.target.has_other_keys();
        for used in self.uses.iter().filter(has_others) {
            statements.extend(self.free_noted(used, update));
            if update {
                statements.extend(self.prune(used, "OLD", None));
            }
            // A REPLACE gives the scope another row under another key. Where a scope has many
            // rows, the put sees to that itself.
            if used.target.single && !keyed_by_scope(used.target) {
                statements.extend(self.prune(used, "NEW", None));
            }
        }
        statements
    }

    fn after_insert(&self) -> Vec<String> {
        let mut statements = self.prune_early(false);
        for used in &self.uses {
            let same = insert_has_no_effect(used.target, used.source, used.leaf, self.catalog);
            let when = same.map(|same| format!("NOT {same}"));
            statements.extend(self.put(used, "NEW", when.as_deref()));
        }
        for used in self.uses.iter().rev() {
            let (query, number) = (&used.source.query, used.leaf.number);
            if insert_can_remove(query, number)
                || !used.target.single
                || !keyed_by_scope(used.target)
            {
                statements.extend(self.prune(used, "NEW", None));
            }
        }
        statements.extend(self.replay_insert());
        // A mapping that reads a table twice mostly has both in the same scope.
        statements.dedup();
        statements
    }

    fn after_update(&self) -> Vec<String> {
        let mut statements = self.prune_early(true);
        for used in &self.uses {
            let when = self.changed_or_missing(used);
            // What the row has left first: it may hold a unique value that goes along.
            statements.extend(self.put_if_moved(used, &when));
            statements.extend(self.put(used, "NEW", Some(&when)));
        }
        for used in self.uses.iter().rev() {
            let when = self.changed(used);
            statements.extend(self.prune(used, "OLD", Some(&when)));
            statements.extend(self.prune(used, "NEW", Some(&when)));
        }
        statements.extend(self.replay_update());
        statements.dedup();
        statements
    }

    /// The scope the row has left, where it has left it and others may depend on it.
    fn put_if_moved(&self, used: &Use<'_>, when: &str) -> Option<String> {
        if used.target.single && !delete_can_change(&used.source.query, used.leaf.number) {
            return None;
        }
        let put = self.names.put(&used.target.table.name);
        let scope = |row| scope_of(used.source, used.leaf, row);
        if let (Some(old), Some(new)) = (scope("OLD"), scope("NEW")) {
            let pairs: Vec<(String, String)> = old.iter().cloned().zip(new).collect();
            let stayed =
                join(&pairs, " AND ", |(old, new)| format!("{old} COLLATE BINARY IS {new}"));
            let moved = format!("({when}) AND NOT ({stayed})");
            return Some(call_with(&put, &scope_columns(used.target), &old, Some(&moved)));
        }
        let touched = |row| touched(used.source, used.leaf, Rows::Trigger(row));
        let (old, new) = (touched("OLD")?, touched("NEW")?);
        Some(call_for_each(&put, used, &format!("{old} EXCEPT {new}"), Some(when)))
    }

    fn after_delete(&self) -> Vec<String> {
        let mut statements = Vec::new();
        let kept = |used: &Use<'_>| self.updates_instead(used).then(|| self.is_deleted());
        if self.uses.iter().any(|used| self.updates_instead(used)) {
            statements.extend(self.ask_whether_replaced());
        }
        for used in &self.uses {
            if delete_can_change(&used.source.query, used.leaf.number) {
                statements.extend(self.put(used, "OLD", kept(used).as_deref()));
            }
        }
        let pruned = self.uses.iter().rev();
        statements.extend(pruned.filter_map(|used| self.prune(used, "OLD", kept(used).as_deref())));
        statements.extend(self.replay_taken_along());
        statements.dedup();
        statements
    }

    /// Whether an UPDATE changed what this mapping reads of the row. `UPDATE OF` tells
    /// what was set, not what changed, and for all mappings at once.
    fn changed(&self, used: &Use<'_>) -> String {
        let columns = used.source.query.columns_of(used.leaf.number);
        let table = self.catalog.table(used.leaf.side, &used.leaf.table);
        if columns.is_empty() { "1".to_owned() } else { update_matters(&columns, table) }
    }

    /// As [`changed`], or the mirror does not hold the row's scope yet, because the
    /// backfill has not come to it: then another target's row could lack its parent.
    fn changed_or_missing(&self, used: &Use<'_>) -> String {
        let changed = self.changed(used);
        match direct_scope(used.target, used.source, used.leaf, "NEW", "t") {
            Some(scope) => {
                let table = ident(&used.target.table.name);
                format!("({changed}) OR NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {scope})")
            }
            None => changed,
        }
    }
}

/// Calls a procedure for the scopes that the row `NEW` or `OLD` touches, if a condition
/// holds. `None` where they can't be told.
fn call(procedure: &str, used: &Use<'_>, row: &str, when: Option<&str>) -> Option<String> {
    if let Some(values) = scope_of(used.source, used.leaf, row) {
        return Some(call_with(procedure, &scope_columns(used.target), &values, when));
    }
    let scopes = touched(used.source, used.leaf, Rows::Trigger(row))?;
    Some(call_for_each(procedure, used, &scopes, when))
}

/// Calls a procedure for each of the scopes that a SELECT gives, if a condition holds.
fn call_for_each(procedure: &str, used: &Use<'_>, scopes: &str, when: Option<&str>) -> String {
    let columns = scope_columns(used.target).join(", ");
    let scopes = when
        .map_or_else(|| scopes.to_owned(), |when| format!("SELECT * FROM ({scopes}) WHERE {when}"));
    format!("INSERT INTO {} ({columns}) {scopes}", ident(procedure))
}
