//! The sync triggers of one direction: whatever changes a table that a mapping
//! reads re-derives the scopes it touches, inside the writer's own statement.
//!
//! They look at state, never at the operation: a scope is re-derived from what the
//! tables hold when the trigger runs. What SQLite does not report is noted
//! beforehand: see [`replaced`](super::replaced).

use crate::backend::sqlite::triggers::builtins::builtins;
use crate::backend::sqlite::triggers::changed::{Changed, Follows, Use, each_once};
use crate::backend::sqlite::triggers::checks::{checks, checks_in_turn};
use crate::backend::sqlite::triggers::dialect::{call_with, trigger};
use crate::backend::sqlite::triggers::procedure::procedures;
use crate::backend::sqlite::triggers::replaced::{free_procedure, note_table, probe};
use crate::backend::sqlite::triggers::turn::{idle, in_turn};
use crate::derive::dirty::{Rows, scope_of, touched};
use crate::derive::names::Names;
use crate::derive::no_effect::{direct_scope, insert_has_no_effect, update_matters};
use crate::derive::object::Object;
use crate::derive::replace_keys::replaces;
use crate::derive::sql::{ident, join};
use crate::derive::target::{
    Form, Target, delete_can_change, insert_can_remove, read_tables, scope_columns,
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
    Sync { targets, names, migration, catalog, written: Written::OneWay }.objects()
}

/// The same over targets that still hold rows which no source row gives, or gives otherwise. Each
/// scope that a write touches is made anew as a whole, and what is in its way goes.
pub(crate) fn sync_over_stale(
    targets: &[Target],
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let targets = &whole(targets);
    Sync { targets, names, migration, catalog, written: Written::OverStale }.objects()
}

/// The same, where programs write the other side as well: its triggers do nothing while these
/// write, and these nothing while those do.
pub(crate) fn sync_in_turn(
    targets: &[Target],
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    Sync { targets, names, migration, catalog, written: Written::InTurn }.objects()
}

#[derive(Clone, Copy)]
struct Sync<'a> {
    targets: &'a [Target],
    names: Names,
    migration: &'a str,
    catalog: &'a Catalog,
    written: Written,
}

/// What stands in the targets beside what is synced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Nothing.
    OneWay,
    /// Rows of a time when programs wrote the targets.
    OverStale,
    /// What programs write there.
    InTurn,
}

impl Sync<'_> {
    fn objects(self) -> Vec<Object> {
        let Self { targets, names, migration, catalog, written } = self;
        let mut changes = Vec::new();
        for (side, table) in read_tables(targets) {
            if targets.first().is_some_and(|target| target.direction.source() == side) {
                changes.extend(builtins(targets, names, migration, (side, &table)));
                changes.extend(self.triggers((side, &table)));
            }
        }
        let mut objects = Vec::new();
        for target in targets {
            let notes = ident(&names.replaced(&target.table.name));
            let noted = changes.iter().any(|object| object.sql.contains(&notes));
            if noted {
                objects.extend(note_table(target, names));
            }
            let over_stale = written == Written::OverStale;
            objects.extend(procedures(target, names, migration, catalog, over_stale));
            if noted {
                objects.extend(free_procedure(target, names));
            }
            objects.extend(match written {
                Written::InTurn => checks_in_turn(target, names, migration),
                Written::OneWay | Written::OverStale => checks(target, names, migration),
            });
        }
        objects.extend(changes);
        let probe = probe(names, &objects);
        objects.splice(0..0, probe);
        objects
    }

    fn triggers(self, (side, name): (Side, &str)) -> Vec<Object> {
        let Self { targets, names, migration, catalog, written } = self;
        let changes = |target: &&Target| {
            target.leaves().any(|(_, leaf)| leaf.side == side && leaf.table == name)
        };
        // Where rows of a target can be in each other's way, what goes must go before anything is
        // put; so what leads to it is put in the same trigger.
        let crowded: Vec<&Target> = targets
            .iter()
            .filter(changes)
            .filter(|target| matches!(target.form, Form::Derived) && target.has_other_keys())
            .collect();
        let uses: Vec<Use<'_>> = targets
            .iter()
            .flat_map(|target| target.leaves().map(move |(source, leaf)| (target, source, leaf)))
            .filter(|(_, _, leaf)| leaf.side == side && leaf.table == name)
            .map(|(target, source, leaf)| {
                let alone = !crowded.iter().any(|child| leads_to(targets, target, child));
                let follows = if alone { Follows::of(target, leaf) } else { Follows::Derived };
                let replaces = replaces(target, source, leaf, catalog, follows.hub());
                Use { target, source, leaf, follows, replaces }
            })
            .collect();
        if uses.is_empty() {
            return Vec::new();
        }
        let in_turn = written == Written::InTurn;
        Changed { names, migration, catalog, name, side, uses, in_turn }.objects()
    }
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
    Sync { targets, names, migration, catalog, written: Written::OneWay }.triggers(table)
}

/// The same over targets that still hold rows which no source row gives.
pub(crate) fn parent_triggers_over_stale(
    targets: &[Target],
    parent: &Target,
    names: Names,
    migration: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    parent_triggers(&whole(targets), parent, names, migration, catalog)
}

/// Targets whose scopes are derived again at each change, whatever form they have.
fn whole(targets: &[Target]) -> Vec<Target> {
    targets.iter().map(Target::derived_whole).collect()
}

/// Whether what a target holds decides, over other targets or at once, what another holds.
fn leads_to(targets: &[Target], from: &Target, to: &Target) -> bool {
    let reads = |target: &Target| {
        target
            .leaves()
            .any(|(_, leaf)| leaf.side == from.direction.target() && leaf.table == from.table.name)
    };
    targets
        .iter()
        .filter(|target| reads(target))
        .any(|next| next.table.name == to.table.name || leads_to(targets, next, to))
}

impl Changed<'_> {
    /// SQLite runs the triggers of an event from the last to the first. Each of these is right
    /// in any order; in this one nothing is done twice: what others are joined to comes before
    /// them, and goes after them.
    fn objects(&self) -> Vec<Object> {
        let mut objects = self.noting();
        let (came, went) = self.presence_triggers();
        let direct = self.direct_triggers();
        let derived = self.derived_triggers();
        objects.extend(went);
        if self.uses.first().is_some_and(Use::is_derived) {
            objects.extend(direct);
            objects.extend(derived);
        } else {
            objects.extend(derived);
            objects.extend(direct);
        }
        objects.extend(came);
        objects
    }

    fn derived_triggers(&self) -> Vec<Object> {
        let update = format!("AFTER UPDATE{}", self.of(self.read_columns()));
        [
            ("after_insert", "AFTER INSERT", self.after_insert()),
            ("after_update", &update, self.after_update()),
            ("after_delete", "AFTER DELETE", self.after_delete()),
        ]
        .into_iter()
        .filter(|(_, _, statements)| !statements.is_empty())
        .map(|(what, event, statements)| self.trigger(what, event, None, &statements))
        .collect()
    }

    /// The uses whose scopes are derived again at each change.
    fn derived(&self) -> impl DoubleEndedIterator<Item = &Use<'_>> {
        self.uses.iter().filter(|used| used.is_derived())
    }

    /// Those whose scopes are derived again at an UPDATE, and when.
    fn derived_at_update(&self) -> impl DoubleEndedIterator<Item = (&Use<'_>, Vec<String>)> {
        self.uses.iter().filter_map(|used| match used.hub() {
            Some((_, hub)) => Some((used, hub.moving.clone())),
            None if used.is_presence() || used.totals().is_some() => None,
            None => Some((used, used.columns())),
        })
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
        let name = self.names.trigger(what, self.name);
        if !self.in_turn {
            return trigger(name, event, self.name, when, statements);
        }
        let idle = idle(self.names);
        let when = when.map_or_else(|| idle.clone(), |when| format!("{idle} AND ({when})"));
        let writes_the_other_side = event.starts_with("AFTER");
        let statements = match writes_the_other_side {
            true => in_turn(self.names, statements),
            false => statements.to_vec(),
        };
        trigger(name, event, self.name, Some(&when), &statements)
    }

    /// The columns of this table that some mapping reads, and those of its unique
    /// keys that matter to a REPLACE.
    fn read_columns(&self) -> Vec<String> {
        let read = self.derived_at_update().flat_map(|(_, columns)| columns);
        let grouped = self.uses.iter().filter(|used| used.totals().is_some());
        let read = read.chain(grouped.flat_map(|used| used.columns()));
        let watched = self
            .uses
            .iter()
            .flat_map(|used| used.replaces.by_update.iter().flat_map(|key| key.watched()));
        each_once(read.chain(watched))
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
            if used.target.single && !used.target.keyed_by_scope() {
                statements.extend(self.prune(used, "NEW", None));
            }
        }
        statements
    }

    fn after_insert(&self) -> Vec<String> {
        let mut statements = self.prune_early(false);
        statements.extend(self.totals_at_insert());
        for used in self.derived() {
            let same = insert_has_no_effect(used.target, used.source, used.leaf, self.catalog);
            let when = same.map(|same| format!("NOT {same}"));
            statements.extend(self.put(used, "NEW", when.as_deref()));
        }
        for used in self.derived().rev() {
            let (query, number) = (&used.source.query, used.leaf.number);
            if insert_can_remove(query, number)
                || !used.target.single
                || !used.target.keyed_by_scope()
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
        statements.extend(self.totals_at_update());
        for (used, columns) in self.derived_at_update() {
            let when = self.changed_or_missing(used, &columns);
            // What the row has left first: it may hold a unique value that goes along.
            statements.extend(self.put_if_moved(used, &when));
            statements.extend(self.put(used, "NEW", Some(&when)));
        }
        for (used, columns) in self.derived_at_update().rev() {
            let when = self.changed(&columns);
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
        let mut statements = self.totals_at_delete();
        let kept = |used: &Use<'_>| self.updates_instead(used).then(|| self.is_deleted());
        if self.derived().any(|used| self.updates_instead(used)) {
            statements.extend(self.ask_whether_replaced());
        }
        for used in self.derived() {
            if delete_can_change(&used.source.query, used.leaf.number) {
                statements.extend(self.put(used, "OLD", kept(used).as_deref()));
            }
        }
        let pruned = self.derived().rev();
        statements.extend(pruned.filter_map(|used| self.prune(used, "OLD", kept(used).as_deref())));
        statements.extend(self.replay_taken_along());
        statements.dedup();
        statements
    }

    /// Whether an UPDATE changed one of these columns. `UPDATE OF` tells what was set, not what
    /// changed, and for all mappings at once.
    fn changed(&self, columns: &[String]) -> String {
        if columns.is_empty() { "1".to_owned() } else { update_matters(columns, self.table()) }
    }

    /// As [`changed`], or the mirror does not hold the row's scope yet, because the
    /// backfill has not come to it: then another target's row could lack its parent.
    fn changed_or_missing(&self, used: &Use<'_>, columns: &[String]) -> String {
        let changed = self.changed(columns);
        let scope = direct_scope(used.target, used.source, used.leaf, "NEW", "t");
        match scope.filter(|_| used.is_derived()) {
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
