//! Rows that a REPLACE removes.
//!
//! SQLite fires no DELETE trigger for them, unless the connection sets `recursive_triggers`.
//! So a BEFORE trigger, where a row that is about to be written conflicts with others, notes
//! the scopes of those others, and the AFTER trigger of the same row derives them again.
//!
//! - **The same row's triggers** know each other by a tag: the values on the key of the
//!   conflict for an INSERT, the row itself as it was for an UPDATE. A note whose statement came
//!   to nothing (an IGNORE, an UPSERT) stays behind and costs one needless re-derivation.
//! - **A removed row may take others along** by ON DELETE CASCADE, the row that is being
//!   updated among them. Then SQLite does not fire its AFTER UPDATE trigger; the AFTER DELETE
//!   trigger of that row derives what was noted for it.
//! - **With `recursive_triggers`** a removed row fires its DELETE trigger. Where it matters that
//!   leaves the image alone: if the new row has the same key, the image is updated, and not
//!   deleted and made anew, which other tables' foreign keys and triggers, and columns that no
//!   mapping gives, would feel. What removes it is asked of a probe: a trigger's statements take
//!   over the conflict clause of what fired it
//!   (<https://www.sqlite.org/lang_createtrigger.html>), so that an INSERT OR IGNORE on a row
//!   that is there changes that row under OR REPLACE. It is not asked before: under an explicit
//!   OR ABORT it would fail in its own words, in the place of the statement's.

use crate::backend::sqlite::triggers::changed::{Changed, Use};
use crate::backend::sqlite::triggers::conflict::{
    conflict, insert_tag, is_rowid, row_tag, update_tag,
};
use crate::backend::sqlite::triggers::dialect::{call_with, procedure, refuse, trigger};
use crate::derive::by_key;
use crate::derive::cascades::cascades_onto_itself;
use crate::derive::dirty::{Rows, scope_of, touched};
use crate::derive::existence;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::{Target, scope_columns};
use crate::schema::{ConflictKey, Table};

/// Notes that stay behind are dropped, oldest first, beyond this number. A note is
/// needed only while its own statement runs, and triggers nest at most 1,000 deep
/// (<https://www.sqlite.org/limits.html#max_trigger_depth>).
const NOTES_KEPT: u32 = 10_000;

/// Where the scopes of rows that are about to be replaced are noted.
pub(super) fn note_table(target: &Target, names: Names) -> [Object; 2] {
    let name = names.replaced(&target.table.name);
    let purge = format!("{name}_purge");
    let sql = format!(
        "CREATE TABLE {} (id INTEGER PRIMARY KEY, tag TEXT NOT NULL, {}, UNIQUE (tag, id))",
        ident(&name),
        scope_columns(target).join(", ")
    );
    let drop_old = format!("DELETE FROM {} WHERE id < NEW.id - {NOTES_KEPT}", ident(&name));
    let purge = trigger(purge, "AFTER INSERT", &name, None, &[drop_old]);
    [Object::table(name, sql), purge]
}

fn free_columns(target: &Target) -> Vec<String> {
    std::iter::once("tag".to_owned()).chain(scope_columns(target)).collect()
}

/// The procedure that frees the unique values of what was noted, for a target where rows can be
/// in each other's way.
pub(super) fn free_procedure(target: &Target, names: Names) -> Vec<Object> {
    if !target.has_other_keys() {
        return Vec::new();
    }
    let name = &target.table.name;
    let columns = scope_columns(target).join(", ");
    let notes = ident(&names.replaced(name));
    let noted = format!("SELECT {columns} FROM {notes} WHERE tag = NEW.tag");
    let own = join(&scope_columns(target), ", ", |column| format!("NEW.{column}"));
    let statements = free(target, names, &noted, Some(&format!("SELECT {own}")));
    procedure(&names.free(name), &free_columns(target), &statements)
}

/// Takes noted scopes away and puts them again, but for the new row's own: that comes after
/// those that give something up for it.
fn free(target: &Target, names: Names, noted: &str, own: Option<&str>) -> [String; 2] {
    let name = &target.table.name;
    let columns = scope_columns(target).join(", ");
    let others = own.map_or_else(|| noted.to_owned(), |own| format!("{noted} EXCEPT {own}"));
    [(names.prune(name), noted), (names.put(name), others.as_str())].map(|(procedure, scopes)| {
        format!("INSERT INTO {} ({columns}) {scopes}", ident(&procedure))
    })
}

/// The table that is asked whether a statement is a REPLACE, if any trigger asks.
pub(super) fn probe(names: Names, triggers: &[Object]) -> Vec<Object> {
    let name = names.probe();
    if !triggers.iter().any(|object| object.sql.contains(&name)) {
        return Vec::new();
    }
    probe_table(names).into()
}

/// The table that is asked whether a statement is a REPLACE.
pub(super) fn probe_table(names: Names) -> [Object; 2] {
    one_row(names.probe(), "")
}

/// The same, whose own constraint says ON CONFLICT REPLACE, where the statement says nothing.
pub(super) fn probe_default(names: Names) -> [Object; 2] {
    one_row(names.probe_default(), " ON CONFLICT REPLACE")
}

fn one_row(name: String, conflict: &str) -> [Object; 2] {
    let sql = format!(
        "CREATE TABLE {} (k INTEGER PRIMARY KEY{conflict}, replaces INTEGER NOT NULL)",
        ident(&name)
    );
    let row = format!("INSERT INTO {} (k, replaces) VALUES (1, 0)", ident(&name));
    [Object::table(name.clone(), sql), Object::row(name, row)]
}

impl Changed<'_> {
    /// What notes rows that are about to be removed, and the procedure that derives them.
    pub(super) fn noting(&self) -> Vec<Object> {
        let Some(table) = self.table() else { return Vec::new() };
        if self.noted().next().is_none() {
            return Vec::new();
        }
        let mut objects = self.replay_procedure();
        if self.notes_rows() {
            let name = self.names.going(self.name);
            let sql = format!("CREATE TABLE {} (tag TEXT NOT NULL, row TEXT)", ident(&name));
            objects.push(Object::table(name, sql));
        }
        let inserts = self.keys(|used| &used.replaces.by_insert);
        if !inserts.is_empty() {
            let when = exists(self.name, &inserts, |key| conflict(table, key, false));
            let statements = self.note_for_insert(table);
            objects.push(self.trigger("before_insert", "BEFORE INSERT", Some(&when), &statements));
        }
        let updates = self.keys(|used| &used.replaces.by_update);
        if !updates.is_empty() {
            let when = exists(self.name, &updates, |key| conflict(table, key, true));
            let statements = self.note_for_update(table, &updates);
            let watched = updates.iter().flat_map(|key| key.watched()).collect();
            let event = format!("BEFORE UPDATE{}", self.of(watched));
            objects.push(self.trigger("before_update", &event, Some(&when), &statements));
        }
        objects
    }

    fn noted(&self) -> impl DoubleEndedIterator<Item = &Use<'_>> {
        self.uses.iter().filter(|used| !used.replaces.is_empty())
    }

    /// Whether it has to be known which rows go: one that is taken along may go before them.
    fn notes_rows(&self) -> bool {
        self.table().is_some_and(|table| cascades_onto_itself(table, self.catalog))
            && self.noted().any(|used| !used.replaces.by_update.is_empty())
    }

    /// Some keys of every use, each once.
    fn keys<'s>(
        &'s self,
        of: impl Fn(&'s Use<'s>) -> &'s Vec<&'s ConflictKey>,
    ) -> Vec<&'s ConflictKey> {
        let mut keys: Vec<&ConflictKey> = Vec::new();
        for key in self.uses.iter().flat_map(of) {
            if !keys.contains(key) {
                keys.push(key);
            }
        }
        keys
    }

    fn note_for_insert(&self, table: &Table) -> Vec<String> {
        let (mut outdated, mut statements) = (Vec::new(), Vec::new());
        for used in self.noted() {
            for key in &used.replaces.by_insert {
                let tag = insert_tag(table, key);
                if is_rowid(table, key) {
                    // A rowid that SQLite is yet to choose is -1, like one that somebody chose:
                    // where there is such a row, each INSERT notes it and none asks for the
                    // note. The last one goes before the next is made.
                    let notes = ident(&self.names.replaced(&used.target.table.name));
                    outdated.push(format!("DELETE FROM {notes} WHERE tag = {tag}"));
                }
                let condition = conflict(table, key, false);
                let scopes = touched(used.source, used.leaf, Rows::Where(&condition));
                statements.extend(scopes.map(|scopes| self.note(used, &tag, &scopes)));
            }
        }
        outdated.dedup();
        // Several uses may note in one table, so nothing is taken out between their notes.
        [outdated, statements].concat()
    }

    /// Also the scope of the row itself: a foreign key may change it before the UPDATE does.
    fn note_for_update(&self, table: &Table, keys: &[&ConflictKey]) -> Vec<String> {
        let tag = update_tag(table);
        let mut statements = Vec::new();
        for used in self.noted() {
            for key in &used.replaces.by_update {
                let condition = conflict(table, key, true);
                let scopes = touched(used.source, used.leaf, Rows::Where(&condition));
                statements.extend(scopes.map(|scopes| self.note(used, &tag, &scopes)));
            }
            let own = touched(used.source, used.leaf, Rows::Trigger("OLD"));
            statements.extend(own.map(|own| self.note(used, &tag, &own)));
        }
        if self.notes_rows() {
            statements.extend(self.note_rows(table, keys));
        }
        statements
    }

    /// Which rows go, if several do: that has to be sure, so here the probe is asked.
    fn note_rows(&self, table: &Table, keys: &[&ConflictKey]) -> Vec<String> {
        let (going, name) = (ident(&self.names.going(self.name)), ident(self.name));
        let probe = ident(&self.names.probe());
        let any = join(keys, " OR ", |key| format!("({})", conflict(table, key, true)));
        let mut sure = format!("(SELECT count(*) FROM {name} AS x WHERE {any}) > 1");
        let mut statements = Vec::new();
        if !table.replaces_by_default {
            statements.push(format!("UPDATE {probe} SET replaces = 0 WHERE replaces <> 0"));
            statements.push(format!(
                "INSERT OR IGNORE INTO {probe} (k, replaces) SELECT 1, 1 WHERE {sure}"
            ));
            sure = format!("(SELECT replaces FROM {probe})");
        }
        statements.push(format!("DELETE FROM {going} WHERE tag = {}", update_tag(table)));
        statements.push(format!(
            "INSERT INTO {going} (tag, row) SELECT {}, {} FROM {name} AS x WHERE ({any}) AND {sure}",
            update_tag(table),
            row_tag(table)
        ));
        statements
    }

    fn note(&self, used: &Use<'_>, tag: &str, scopes: &str) -> String {
        format!(
            "INSERT INTO {} (tag, {}) SELECT {tag}, * FROM ({scopes})",
            ident(&self.names.replaced(&used.target.table.name)),
            scope_columns(used.target).join(", ")
        )
    }

    /// The procedure that re-derives what was noted under a tag. It is called only
    /// where there are notes, so that a write that replaces nothing pays for one
    /// look at an empty table.
    fn replay_procedure(&self) -> Vec<Object> {
        let call = |used: &Use<'_>, procedure: String| {
            let columns = scope_columns(used.target).join(", ");
            let notes = ident(&self.names.replaced(&used.target.table.name));
            format!(
                "INSERT INTO {} ({columns}) SELECT {columns} FROM {notes} WHERE tag = NEW.tag",
                ident(&procedure)
            )
        };
        let mut statements = Vec::new();
        for used in self.noted().filter(|used| self.takes_noted_along(used).is_none()) {
            statements.push(call(used, self.names.put(&used.target.table.name)));
        }
        for used in self.noted().rev() {
            let prune = || call(used, self.names.prune(&used.target.table.name));
            statements.push(self.takes_noted_along(used).unwrap_or_else(prune));
        }
        for used in self.noted() {
            let notes = ident(&self.names.replaced(&used.target.table.name));
            statements.push(format!("DELETE FROM {notes} WHERE tag = NEW.tag"));
        }
        if self.notes_rows() {
            let going = ident(&self.names.going(self.name));
            statements.push(format!("DELETE FROM {going} WHERE tag = NEW.tag"));
        }
        procedure(&self.names.replay(self.name), &["tag".to_owned()], &statements)
    }

    /// Deletes what is noted under a tag and no longer given, where that is all there is to do.
    fn takes_noted_along(&self, used: &Use<'_>) -> Option<String> {
        let target = used.target;
        if !used.only_takes_along() || !target.key_never_null() {
            return None;
        }
        let table = ident(&target.table.name);
        let held = |column: &String| format!("{table}.{}", ident(column));
        let given = match target.row_by_row() {
            Some(direct) => {
                by_key::is_given(target, direct, None, &|part| held(&target.key.columns[part]))
            }
            None => existence::is_given(target, &|position| held(&target.scope[position])),
        }?;
        let notes = ident(&self.names.replaced(&target.table.name));
        Some(format!(
            "DELETE FROM {table} WHERE ({}) IN (SELECT {} FROM {notes} WHERE tag = NEW.tag) AND NOT ({given})",
            idents("", &target.scope),
            scope_columns(target).join(", ")
        ))
    }

    /// Calls it, where there are notes under a tag.
    fn replay(&self, tag: &str) -> String {
        let noted: Vec<&Use<'_>> = self.noted().collect();
        let any = join(&noted, " OR ", |used| {
            let notes = ident(&self.names.replaced(&used.target.table.name));
            format!("EXISTS (SELECT 1 FROM {notes} WHERE tag = {tag})")
        });
        call_with(&self.names.replay(self.name), &["tag".to_owned()], &[tag.to_owned()], Some(&any))
    }

    /// For the row in NEW that was inserted.
    pub(super) fn replay_insert(&self) -> Vec<String> {
        let Some(table) = self.table() else { return Vec::new() };
        let keys = self.keys(|used| &used.replaces.by_insert);
        keys.iter().map(|key| self.replay(&insert_tag(table, key))).collect()
    }

    /// For the row that was updated.
    pub(super) fn replay_update(&self) -> Vec<String> {
        let needed = self.noted().any(|used| !used.replaces.by_update.is_empty());
        let table = self.table().filter(|_| needed);
        table.map(|table| self.replay(&update_tag(table))).into_iter().collect()
    }

    /// For a row in OLD that was being updated when the removal of another took it along. It
    /// is refused where there are rows that are yet to be removed: nothing will tell.
    pub(super) fn replay_taken_along(&self) -> Vec<String> {
        let Some(table) = self.table().filter(|_| self.notes_rows()) else { return Vec::new() };
        let tag = update_tag(table);
        let message = format!(
            "cutover: migration {} can't follow this OR REPLACE: it removes several rows of {}, and a foreign \
             key removes the updated row with the first of them; delete those rows beforehand",
            self.migration, table.known_as
        );
        let refuse = format!(
            "{} FROM {} AS g CROSS JOIN {} AS x WHERE g.tag = {tag} AND {} = g.row",
            refuse(&message),
            ident(&self.names.going(self.name)),
            ident(self.name),
            row_tag(table)
        );
        vec![refuse, self.replay(&tag)]
    }

    /// Deletes the images of what was replaced before anything else is put, and puts those
    /// that are left without it: a row of the mirror may outlive the row that gave it one
    /// of its values.
    pub(super) fn free_noted(&self, used: &Use<'_>, update: bool) -> Vec<String> {
        let Some(table) = self.table() else { return Vec::new() };
        let tags: Vec<String> = match update {
            true if used.replaces.by_update.is_empty() => Vec::new(),
            true => vec![update_tag(table)],
            false => used.replaces.by_insert.iter().map(|key| insert_tag(table, key)).collect(),
        };
        let target = &used.target.table.name;
        let notes = ident(&self.names.replaced(target));
        let scope = scope_of(used.source, used.leaf, "NEW");
        match (tags.as_slice(), scope) {
            ([], _) => Vec::new(),
            ([tag], Some(scope)) => {
                let noted = format!("EXISTS (SELECT 1 FROM {notes} WHERE tag = {tag})");
                let values: Vec<String> = std::iter::once(tag.clone()).chain(scope).collect();
                let columns = free_columns(used.target);
                vec![call_with(&self.names.free(target), &columns, &values, Some(&noted))]
            }
            // All of them go before any is put.
            _ => {
                let columns = scope_columns(used.target).join(", ");
                let noted =
                    format!("SELECT {columns} FROM {notes} WHERE tag IN ({})", tags.join(", "));
                let own = touched(used.source, used.leaf, Rows::Trigger("NEW"));
                free(used.target, self.names, &noted, own.as_deref()).into()
            }
        }
    }

    /// Whether it matters that an image is updated, rather than deleted and made anew, where a
    /// new row of the same key takes the place of the one that is removed.
    pub(super) fn updates_instead(&self, used: &Use<'_>) -> bool {
        let target = used.target;
        let table = &target.table;
        let refers = |other: &Table| {
            other.foreign_keys.iter().any(|key| {
                key.table.eq_ignore_ascii_case(&table.name)
                    || key.table.eq_ignore_ascii_case(&table.known_as)
            })
        };
        self.side == target.direction.source()
            && (!table.triggers.is_empty()
                || table.stored_columns().any(|column| !target.columns.contains(&column.name))
                || self.catalog.old.iter().chain(self.catalog.new.iter()).any(refers))
    }

    /// Asks the probe in a DELETE trigger. What removes the row for a REPLACE fires it with
    /// that clause, and a DELETE with none.
    pub(super) fn ask_whether_replaced(&self) -> Vec<String> {
        let probe = ident(&self.names.probe());
        vec![
            format!("UPDATE {probe} SET replaces = 0 WHERE replaces <> 0"),
            format!("INSERT OR IGNORE INTO {probe} (k, replaces) VALUES (1, 1)"),
        ]
    }

    /// What it answered: whether the row in OLD was deleted, and not replaced.
    pub(super) fn is_deleted(&self) -> String {
        format!("(SELECT replaces FROM {}) = 0", ident(&self.names.probe()))
    }
}

/// Whether some row of a table meets one of the conditions.
fn exists(
    table: &str,
    keys: &[&ConflictKey],
    condition: impl Fn(&ConflictKey) -> String,
) -> String {
    join(keys, " OR ", |key| {
        format!("EXISTS (SELECT 1 FROM {} AS x WHERE {})", ident(table), condition(key))
    })
}
