//! The sync triggers of one direction: whatever changes a table that a mapping
//! reads re-derives the scopes it touches, inside the writer's own statement.
//!
//! They look at state, never at the operation: a scope is re-derived from what the
//! tables hold when the trigger runs. What SQLite does not report is noted
//! beforehand: a REPLACE removes rows without firing a DELETE trigger (unless the
//! connection sets `recursive_triggers`), so a BEFORE trigger notes the scopes of
//! the rows that conflict, under a tag made of the key they conflict on, and the
//! AFTER trigger of the same row re-derives those too. A note whose statement came
//! to nothing (an IGNORE) stays behind and costs one needless re-derivation.

use super::builtins::builtins;
use super::checks::checks;
use super::dirty::{Rows, scope_of, touched};
use super::names::Names;
use super::object::Object;
use super::procedure::{call_with, procedure, procedures, scope_columns};
use super::query::{Leaf, What};
use super::sql::{ident, join, text};
use super::target::{Source, Target, always_gives, delete_can_change, insert_can_remove};
use super::trace::columns_of;
use super::unmoved::{direct_scope, insert_leaves, update_matters};
use crate::phase::Side;
use crate::schema::{Catalog, Table, UniqueKey};

/// Notes that stay behind are dropped, oldest first, beyond this number. A note is
/// needed only while its own statement runs, and triggers nest at most 1,000 deep
/// (<https://www.sqlite.org/limits.html#max_trigger_depth>).
const NOTES_KEPT: u32 = 10_000;

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
        objects.extend(note_table(target, names, catalog).into_iter().flatten());
        objects.extend(procedures(target, names, migration, catalog));
        objects.extend(checks(target, names, migration));
    }
    for (side, table) in read_tables(targets) {
        if targets.first().is_some_and(|target| target.direction.source() == side) {
            objects.extend(builtins(targets, names, migration, (side, &table)));
            objects.extend(triggers(targets, names, side, &table, catalog));
        }
    }
    objects
}

/// The triggers on a target that later mappings of the same direction read for
/// its surrogate keys. They are created once it has been filled: until then its
/// children are filled afterwards anyway.
pub(crate) fn parent_triggers(
    targets: &[Target],
    parent: &Target,
    names: Names,
    catalog: &Catalog,
) -> Vec<Object> {
    triggers(targets, names, parent.direction.target(), &parent.table.name, catalog)
}

/// The tables the mappings read, each once.
pub(crate) fn read_tables(targets: &[Target]) -> Vec<(Side, String)> {
    let mut found: Vec<(Side, String)> = Vec::new();
    for (_, leaf) in targets.iter().flat_map(Target::leaves) {
        let entry = (leaf.side, leaf.table.clone());
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// One use of the table that changes.
struct Use<'a> {
    target: &'a Target,
    source: &'a Source,
    leaf: &'a Leaf,
    /// Unique keys of the table by which a REPLACE can remove a row of another scope.
    replaces: Vec<&'a UniqueKey>,
}

/// The table that changes.
struct Changed<'a> {
    names: Names,
    catalog: &'a Catalog,
    name: &'a str,
    uses: Vec<Use<'a>>,
}

fn triggers(
    targets: &[Target],
    names: Names,
    side: Side,
    name: &str,
    catalog: &Catalog,
) -> Vec<Object> {
    let uses: Vec<Use<'_>> = targets
        .iter()
        .flat_map(|target| target.leaves().map(move |(source, leaf)| (target, source, leaf)))
        .filter(|(_, _, leaf)| leaf.side == side && leaf.table == name)
        .map(|(target, source, leaf)| Use {
            replaces: catalog
                .table(leaf.side, &leaf.table)
                .map_or_else(Vec::new, |table| replaces(target, source, leaf, table)),
            target,
            source,
            leaf,
        })
        .collect();
    if uses.is_empty() {
        return Vec::new();
    }
    Changed { names, catalog, name, uses }.objects()
}

/// The unique keys of the leaf's table on which a conflicting row may belong to
/// another scope than the row that replaces it. Our own writes to a target never
/// replace anything.
fn replaces<'a>(
    target: &Target,
    source: &Source,
    leaf: &Leaf,
    table: &'a Table,
) -> Vec<&'a UniqueKey> {
    if leaf.side == target.direction.target() {
        return Vec::new();
    }
    table
        .uniques
        .iter()
        .chain(&table.partial_uniques)
        .filter(|unique| {
            // A row of the same scope is re-derived anyway, and its image with it, as
            // long as the new row gives one.
            !always_gives(&source.query, leaf.number)
                || !source.paths.iter().any(|terms| {
                    terms.iter().all(|term| {
                        term.leaf.is_none()
                            || (term.leaf == Some(leaf.number)
                                && term.bare().is_some_and(|bare| {
                                    unique
                                        .columns
                                        .iter()
                                        .any(|column| column.eq_ignore_ascii_case(bare))
                                }))
                    })
                })
        })
        .collect()
}

/// Whether a scope's row can only have one key. Where it can have several, a row that
/// replaces another of its own scope may leave an image behind under the other's key.
fn keyed_by_scope(target: &Target) -> bool {
    let in_scope = |part: &String| target.scope.iter().any(|s| s.eq_ignore_ascii_case(part));
    target.key.columns.iter().all(in_scope)
}

/// Where the scopes of rows that are about to be replaced are noted, if there can be any.
fn note_table(target: &Target, names: Names, catalog: &Catalog) -> Option<[Object; 2]> {
    let needed = target.leaves().any(|(source, leaf)| {
        catalog
            .table(leaf.side, &leaf.table)
            .is_some_and(|table| !replaces(target, source, leaf, table).is_empty())
    });
    needed.then(|| {
        let name = names.replaced(&target.table.name);
        let purge = format!("{name}_purge");
        let sql = format!(
            "CREATE TABLE {} (id INTEGER PRIMARY KEY, tag TEXT NOT NULL, {})",
            ident(&name),
            scope_columns(target).join(", ")
        );
        let drop_old = format!(
            "CREATE TRIGGER {0} AFTER INSERT ON {1} BEGIN\n  \
             DELETE FROM {1} WHERE id < NEW.id - {NOTES_KEPT};\nEND",
            ident(&purge),
            ident(&name)
        );
        let purge = Object::trigger(purge, &name, drop_old);
        [Object::table(name, sql), purge]
    })
}

impl Changed<'_> {
    fn objects(&self) -> Vec<Object> {
        let mut objects = Vec::new();
        let columns = self.read_columns();
        let of = join(&columns, ", ", |column| ident(column));
        let noted: Vec<&Use<'_>> =
            self.uses.iter().filter(|used| !used.replaces.is_empty()).collect();
        if !noted.is_empty() {
            objects.extend(self.replay());
            let when = self.conflicts(&noted, false);
            let notes = self.notes(&noted, false);
            objects.push(self.trigger("before_insert", "BEFORE INSERT", Some(&when), &notes));
            let keys = self.unique_columns(&noted);
            let event = format!("BEFORE UPDATE OF {}", join(&keys, ", ", |column| ident(column)));
            let when = self.conflicts(&noted, true);
            let notes = self.notes(&noted, true);
            objects.push(self.trigger("before_update", &event, Some(&when), &notes));
        }
        objects.push(self.trigger("after_insert", "AFTER INSERT", None, &self.after_insert()));
        let event = format!("AFTER UPDATE OF {of}");
        objects.push(self.trigger("after_update", &event, None, &self.after_update()));
        objects.push(self.trigger("after_delete", "AFTER DELETE", None, &self.after_delete()));
        objects
    }

    fn trigger(
        &self,
        what: &str,
        event: &str,
        when: Option<&str>,
        statements: &[String],
    ) -> Object {
        let name = self.names.trigger(what, self.name);
        let when = when.map_or_else(String::new, |when| format!(" WHEN {when}"));
        let sql = format!(
            "CREATE TRIGGER {} {event} ON {}{when} BEGIN\n  {};\nEND",
            ident(&name),
            ident(self.name),
            statements.join(";\n  ")
        );
        Object::trigger(name, self.name, sql)
    }

    /// The columns of this table that some mapping reads, and those of its unique
    /// keys that matter to a REPLACE.
    fn read_columns(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for used in &self.uses {
            for column in leaf_columns(&used.source.query, used.leaf.number) {
                if !found.contains(&column) {
                    found.push(column);
                }
            }
            for column in used.replaces.iter().flat_map(|unique| unique.watched()) {
                if !found.contains(column) {
                    found.push(column.clone());
                }
            }
        }
        found
    }

    fn unique_columns(&self, noted: &[&Use<'_>]) -> Vec<String> {
        let mut columns: Vec<String> = noted
            .iter()
            .flat_map(|used| &used.replaces)
            .flat_map(|unique| unique.watched().cloned())
            .collect();
        columns.sort();
        columns.dedup();
        columns
    }

    /// Whether some row is about to be replaced: mostly none is, and then nothing need be
    /// noted.
    fn conflicts(&self, noted: &[&Use<'_>], update: bool) -> String {
        let mut conflicts: Vec<String> = Vec::new();
        for unique in noted.iter().flat_map(|used| &used.replaces) {
            let condition = conflict(unique, update);
            let table = ident(self.name);
            let found = format!("EXISTS (SELECT 1 FROM {table} AS x WHERE {condition})");
            if !conflicts.contains(&found) {
                conflicts.push(found);
            }
        }
        conflicts.join(" OR ")
    }

    fn notes(&self, noted: &[&Use<'_>], update: bool) -> Vec<String> {
        let mut statements = Vec::new();
        for used in noted {
            let table = ident(&self.names.replaced(&used.target.table.name));
            let columns = scope_columns(used.target).join(", ");
            for unique in &used.replaces {
                let condition = conflict(unique, update);
                if let Some(scopes) = touched(used.source, used.leaf, Rows::Where(&condition)) {
                    statements.push(format!(
                        "INSERT INTO {table} (tag, {columns}) SELECT {}, * FROM ({scopes})",
                        tag(unique)
                    ));
                }
            }
        }
        statements
    }

    /// The procedure that re-derives what was noted under a tag. It is called only
    /// where there are notes, so that a write that replaces nothing pays for one
    /// look at an empty table.
    fn replay(&self) -> Vec<Object> {
        let noted = |used: &&Use<'_>| !used.replaces.is_empty();
        let call = |used: &Use<'_>, procedure: String| {
            let columns = scope_columns(used.target).join(", ");
            let notes = ident(&self.names.replaced(&used.target.table.name));
            format!(
                "INSERT INTO {} ({columns}) SELECT {columns} FROM {notes} WHERE tag = NEW.tag",
                ident(&procedure)
            )
        };
        let mut statements = Vec::new();
        for used in self.uses.iter().filter(noted) {
            statements.push(call(used, self.names.put(&used.target.table.name)));
        }
        for used in self.uses.iter().rev().filter(noted) {
            statements.push(call(used, self.names.prune(&used.target.table.name)));
        }
        for used in self.uses.iter().filter(noted) {
            let notes = ident(&self.names.replaced(&used.target.table.name));
            statements.push(format!("DELETE FROM {notes} WHERE tag = NEW.tag"));
        }
        procedure(&self.names.replay(self.name), &["tag".to_owned()], &statements)
    }

    /// Calls it for the row in NEW.
    fn call_replay(&self) -> Vec<String> {
        let noted: Vec<&Use<'_>> =
            self.uses.iter().filter(|used| !used.replaces.is_empty()).collect();
        if noted.is_empty() {
            return Vec::new();
        }
        let mut keys: Vec<&UniqueKey> = Vec::new();
        for unique in noted.iter().flat_map(|used| &used.replaces) {
            if !keys.contains(unique) {
                keys.push(unique);
            }
        }
        let replay = self.names.replay(self.name);
        keys.iter()
            .map(|unique| {
                let tag = tag(unique);
                let any = join(&noted, " OR ", |used| {
                    let notes = ident(&self.names.replaced(&used.target.table.name));
                    format!("EXISTS (SELECT 1 FROM {notes} WHERE tag = {tag})")
                });
                call_with(&replay, &["tag".to_owned()], &[tag], Some(&any))
            })
            .collect()
    }

    /// Deletes the images of what was replaced before anything else is put, and puts those
    /// that are left without it: a row of the mirror may outlive the row that gave it one
    /// of its values.
    fn free_noted(&self, used: &Use<'_>) -> Vec<String> {
        if used.replaces.is_empty() {
            return Vec::new();
        }
        let notes = ident(&self.names.replaced(&used.target.table.name));
        let columns = scope_columns(used.target).join(", ");
        let noted = format!("SELECT {columns} FROM {notes} WHERE tag IN ({})", tags(used));
        // The new row's own scope comes after those that give something up for it.
        let others = touched(used.source, used.leaf, Rows::Trigger("NEW"))
            .map_or_else(|| noted.clone(), |own| format!("{noted} EXCEPT {own}"));
        let target = &used.target.table.name;
        [(self.names.prune(target), noted), (self.names.put(target), others)]
            .iter()
            .map(|(procedure, scopes)| {
                format!("INSERT INTO {} ({columns}) {scopes}", ident(procedure))
            })
            .collect()
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
        let has_others = |used: &&Use<'_>| {
            used.target.other_uniques().next().is_some()
                || !used.target.table.partial_uniques.is_empty()
        };
        for used in self.uses.iter().filter(has_others) {
            statements.extend(self.free_noted(used));
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
            let same = insert_leaves(used.target, used.source, used.leaf, self.catalog);
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
        statements.extend(self.call_replay());
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
        statements.extend(self.call_replay());
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
        for used in &self.uses {
            if delete_can_change(&used.source.query, used.leaf.number) {
                statements.extend(self.put(used, "OLD", None));
            }
        }
        statements.extend(self.uses.iter().rev().filter_map(|used| self.prune(used, "OLD", None)));
        statements.dedup();
        statements
    }

    /// Whether an UPDATE changed what this mapping reads of the row. `UPDATE OF` tells
    /// what was set, not what changed, and for all mappings at once.
    fn changed(&self, used: &Use<'_>) -> String {
        let columns = leaf_columns(&used.source.query, used.leaf.number);
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

/// The rows `x` that the row in NEW conflicts with on a key. An UPDATE does not conflict
/// with the row it changes.
fn conflict(unique: &UniqueKey, update: bool) -> String {
    let same = join(&unique.columns, " AND ", |column| format!("x.{0} = NEW.{0}", ident(column)));
    if let Some(condition) = &unique.condition {
        // The row that changes is among them: it may have the same values and be outside
        // of the index as yet. To note it too does no harm.
        return format!("{same} AND ({})", condition.sql);
    }
    if !update {
        return same;
    }
    let own = join(&unique.columns, " AND ", |column| format!("x.{0} IS OLD.{0}", ident(column)));
    format!("{same} AND NOT ({own})")
}

/// The key a row conflicts on, as a text that the BEFORE and the AFTER trigger of
/// the same row make alike.
fn tag(unique: &UniqueKey) -> String {
    let values =
        join(&unique.columns, " || ',' || ", |column| format!("quote(NEW.{})", ident(column)));
    format!("{} || {values}", text(&format!("{}:", unique.columns.join(","))))
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

fn tags(used: &Use<'_>) -> String {
    join(&used.replaces, ", ", |unique| tag(unique))
}

/// The columns of a leaf that a query reads anywhere, each once.
fn leaf_columns(query: &super::query::Query, number: usize) -> Vec<String> {
    let mut columns = every_reference(query, number);
    columns.sort();
    columns.dedup();
    columns
}

fn every_reference(query: &super::query::Query, number: usize) -> Vec<String> {
    let mut found = Vec::new();
    for arm in query.arms() {
        let expressions = arm
            .columns
            .iter()
            .map(|output| &output.expr)
            .chain(arm.filter.iter())
            .chain(arm.group_by.iter())
            .chain(arm.having.iter())
            .chain(arm.from.iter().filter_map(|item| item.on.as_ref()))
            .chain(arm.from.iter().flat_map(|item| match &item.what {
                What::Call(_, args) => args.as_slice(),
                _ => &[],
            }));
        let references: Vec<(String, String)> = expressions.flat_map(columns_of).collect();
        for item in &arm.from {
            match &item.what {
                What::Leaf(leaf) if leaf.number == number => found.extend(
                    references
                        .iter()
                        .filter(|(alias, _)| *alias == item.alias)
                        .map(|(_, column)| column.clone()),
                ),
                What::Query(inner) => found.extend(every_reference(inner, number)),
                _ => {}
            }
        }
    }
    found
}
