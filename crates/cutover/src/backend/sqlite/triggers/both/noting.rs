//! Notes of the rows that a REPLACE is about to remove.
//!
//! Which rows a REPLACE will remove is asked beforehand, and whether it is one at all of a probe:
//! a trigger's statements take over the conflict clause of what fired it
//! (<https://www.sqlite.org/lang_createtrigger.html>). A constraint's own ON CONFLICT REPLACE is
//! heeded where the statement says nothing, so a probe with such a constraint is asked.

use super::super::conflict::{conflict, is_rowid};
use super::super::dialect::trigger;
use super::super::turn::idle;
use super::gone::{PERHAPS, SETTLED, VICTIM, columns, identity_columns, listed};
use super::old_table::OldTable;
use crate::derive::object::Object;
use crate::derive::sql::{any, ident, idents, join};
use crate::schema::ConflictKey;

impl OldTable<'_> {
    fn gone(&self) -> String {
        ident(&self.both.names.gone(&self.table.name))
    }

    /// The triggers that note what a REPLACE is about to remove.
    pub(super) fn noting(&self) -> Vec<Object> {
        let keys: Vec<&ConflictKey> = self.table.conflict_keys.iter().collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let watched: Vec<String> = keys.iter().flat_map(|key| key.watched()).collect();
        let set_by = join(&self.table.set_by(&watched), ", ", |column| ident(column));
        let mut objects = vec![
            self.note("note_insert", "BEFORE INSERT", &keys, false),
            self.note("note_update", &format!("BEFORE UPDATE OF {set_by}"), &keys, true),
        ];
        if self.may_stay() {
            let clear = [format!("DELETE FROM {} WHERE 1", self.gone())];
            let name = self.both.names.trigger("clear_gone", &self.table.name);
            let idle = idle(self.both.names);
            // SQLite runs the triggers of an event from the last to the first.
            objects.push(trigger(name, "BEFORE INSERT", &self.table.name, Some(&idle), &clear));
        }
        objects
    }

    /// Whether a note can be left behind by a statement that came to nothing: an application's
    /// RAISE(IGNORE), or an UPSERT on a key that says ON CONFLICT REPLACE.
    fn may_stay(&self) -> bool {
        self.table.replaces_by_default || !self.table.triggers.is_empty()
    }

    fn note(&self, what: &str, event: &str, keys: &[&ConflictKey], update: bool) -> Object {
        let (table, names) = (self.table, self.both.names);
        let name = ident(&table.name);
        let rowid = ident(table.rowid_names().first().map_or("rowid", String::as_str));
        let unchosen = |key: &ConflictKey| !update && is_rowid(table, key);
        let conflicts: Vec<String> = keys
            .iter()
            .map(|key| {
                let conflict = conflict(table, key, update);
                match unchosen(key) {
                    true => format!("({conflict} AND NEW.{rowid} IS NOT -1)"),
                    false => format!("({conflict})"),
                }
            })
            .collect();
        let there = join(&conflicts, " OR ", |conflict| {
            format!("EXISTS (SELECT 1 FROM {name} AS x WHERE {conflict})")
        });
        let perhaps = keys.iter().any(|key| unchosen(key)).then(|| {
            format!("NEW.{rowid} IS -1 AND EXISTS (SELECT 1 FROM {name} AS x WHERE x.{rowid} = -1)")
        });
        let probe = match table.replaces_by_default {
            true => names.probe_default(),
            false => names.probe(),
        };
        let probe = ident(&probe);
        let ask = match table.replaces_by_default {
            true => "INSERT",
            false => "INSERT OR IGNORE",
        };
        // Not asked where nothing conflicts: under an explicit OR ABORT the probe fails.
        let ask = match &perhaps {
            Some(_) => format!("{ask} INTO {probe} (k, replaces) SELECT 1, 1 WHERE {there}"),
            None => format!("{ask} INTO {probe} (k, replaces) VALUES (1, 1)"),
        };
        let values = [table.identity(), columns(table)].concat();
        let mut statements = vec![
            format!("DELETE FROM {} WHERE 1", self.gone()),
            format!("UPDATE {probe} SET replaces = 0 WHERE replaces <> 0"),
            ask,
            format!(
                "INSERT INTO {} ({}) SELECT {VICTIM}, {} FROM {name} AS x \
                 WHERE (SELECT replaces FROM {probe}) AND ({})",
                self.gone(),
                listed(table),
                idents("x.", &values),
                any(&conflicts),
            ),
        ];
        let mut cases = vec![there];
        if let Some(perhaps) = perhaps {
            let identity = table.identity();
            let pairs: Vec<(String, &String)> =
                identity_columns(table).into_iter().zip(&identity).collect();
            let same =
                join(&pairs, " AND ", |(held, column)| format!("g.{held} IS x.{}", ident(column)));
            statements.push(format!(
                "INSERT INTO {0} ({1}) SELECT {PERHAPS}, {2} FROM {name} AS x \
                 WHERE NEW.{rowid} IS -1 AND x.{rowid} = -1 AND NOT EXISTS (SELECT 1 FROM {0} AS g WHERE {same})",
                self.gone(),
                listed(table),
                idents("x.", &values),
            ));
            cases.push(perhaps);
        }
        let when = format!("({}) AND {}", any(&cases), idle(names));
        trigger(names.trigger(what, &table.name), event, &table.name, Some(&when), &statements)
    }

    /// Drops notes of rows that are still there: a rowid that SQLite was yet to choose is -1 in a
    /// BEFORE trigger, like one that somebody chose.
    pub(super) fn drop_untrue(&self) -> Vec<String> {
        if self.table.conflict_keys.is_empty() {
            return Vec::new();
        }
        let identity = self.table.identity();
        let pairs: Vec<(String, &String)> =
            identity_columns(self.table).into_iter().zip(&identity).collect();
        let gone = self.gone();
        let there =
            join(&pairs, " AND ", |(held, column)| format!("x.{} IS {gone}.{held}", ident(column)));
        let own =
            join(&pairs, " AND ", |(held, column)| format!("{held} IS NEW.{}", ident(column)));
        let untrue = format!(
            "DELETE FROM {gone} WHERE NOT ({own}) AND EXISTS (SELECT 1 FROM {} AS x WHERE {there})",
            ident(&self.table.name)
        );
        let rest =
            format!("UPDATE {gone} SET _cutover_kind = {VICTIM} WHERE _cutover_kind = {PERHAPS}");
        vec![untrue, rest]
    }

    /// Whether the row in OLD is not one that a REPLACE is removing: the row that takes its place
    /// tells what becomes of it.
    pub(super) fn is_no_victim(&self) -> Option<String> {
        if self.table.conflict_keys.is_empty() {
            return None;
        }
        let pairs: Vec<(String, String)> =
            identity_columns(self.table).into_iter().zip(self.table.identity()).collect();
        let same =
            join(&pairs, " AND ", |(held, column)| format!("g.{held} IS OLD.{}", ident(column)));
        Some(format!(
            "NOT EXISTS (SELECT 1 FROM {} AS g WHERE g._cutover_kind = {VICTIM} AND {same})",
            self.gone()
        ))
    }

    /// Marks what a REPLACE removed as dealt with.
    pub(super) fn settle(&self) -> String {
        format!(
            "UPDATE {} SET _cutover_kind = {SETTLED} WHERE _cutover_kind = {VICTIM}",
            self.gone()
        )
    }

    pub(super) fn has_victims(&self) -> String {
        format!(
            "EXISTS (SELECT 1 FROM {} WHERE _cutover_kind IN ({VICTIM}, {PERHAPS}))",
            self.gone()
        )
    }

    pub(super) fn clear_gone(&self) -> String {
        format!("DELETE FROM {} WHERE 1", self.gone())
    }

    pub(super) fn gone_rows(&self) -> String {
        self.gone()
    }
}
