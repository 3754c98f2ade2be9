//! The re-derivation of one scope, as a procedure that triggers can call.
//!
//! SQLite has no stored procedures. A view with an INSTEAD OF INSERT trigger is
//! one: `INSERT INTO put (s0) VALUES (…)` runs the trigger's body with the scope
//! as constants, stores nothing and writes no page. So there is one place per
//! target that says how its rows are kept, whoever calls it.
//!
//! A put derives the rows of the scope once, and hands each of them, its values as
//! constants, to a second procedure that applies it to the table.
//!
//! Every procedure takes one more value, `go`: where it is 0 nothing is done. A condition
//! is handed over so, rather than as the WHERE of an `INSERT … SELECT`, because SQLite
//! makes a temporary table for each of those that fires a trigger, rows or none, and none
//! for an `INSERT … VALUES`. That is worth a microsecond each, and a writer pays it.
//!
//! A body must hold its own under the conflict clause of the application's
//! statement, which overrides any in a trigger
//! (<https://www.sqlite.org/lang_createtrigger.html>): IGNORE would skip our
//! insert, REPLACE would delete other mirror rows, FAIL would keep the source's
//! change without the mirror's. Therefore nothing here relies on a conflict: what
//! could conflict is refused first with RAISE(ABORT), which nothing overrides,
//! and what was written is looked at again at the end.

use super::dialect::{call_with, procedure, refuse};
use super::guard::needs_mark;
use super::mark::at_work;
use crate::derive::derived::{Part, Place, derived, differs, may_differ};
use crate::derive::existence::is_given;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{any, equality, ident, idents, join};
use crate::derive::target::{Target, may_get_null, scope_columns};
use crate::phase::Direction;
use crate::schema::Catalog;

/// The procedures of one target. `over_stale` says whether it may hold rows that no source row
/// gives: these make way for those that one gives.
pub(crate) fn procedures(
    target: &Target,
    names: Names,
    migration: &str,
    catalog: &Catalog,
    over_stale: bool,
) -> Vec<Object> {
    let body = Body { target, names, migration, catalog, over_stale };
    let name = &target.table.name;
    let scope = scope_columns(target);
    let row: Vec<String> = (0..target.columns.len()).map(|n| format!("c{n}")).collect();
    let mut objects = procedure(&names.insert(name), &row, &[body.insert()]);
    objects.extend(procedure(&names.apply(name), &row, &body.apply()));
    objects.extend(procedure(&names.put(name), &scope, &body.marked(body.put())));
    objects.extend(procedure(&names.prune(name), &scope, &body.marked(body.prune())));
    objects
}

pub(super) struct Body<'a> {
    pub(super) target: &'a Target,
    names: Names,
    migration: &'a str,
    catalog: &'a Catalog,
    pub(super) over_stale: bool,
}

impl Body<'_> {
    /// The statements, marked as the sync's where the guards on the mirror go by that.
    fn marked(&self, mut statements: Vec<String>) -> Vec<String> {
        if needs_mark(self.target) || self.over_stale {
            statements.splice(0..0, at_work(self.names));
        }
        statements
    }

    /// What the mapping gives for the scope in NEW.
    fn derived(&self) -> String {
        derived(self.target, Place::LIVE, Part::Scope(&|position| format!("NEW.s{position}")))
    }

    pub(super) fn raise(&self, what: &str) -> String {
        cant_keep(self.target, self.migration, what)
    }

    /// Brings the scope's rows up to date. Parents are put before children.
    fn put(&self) -> Vec<String> {
        let target = self.target;
        let derived = self.derived();
        let row: Vec<usize> = (0..target.columns.len()).collect();
        let mut statements = Vec::new();
        if !self.target.scope_is_in_key() {
            statements.push(self.key_of_another_scope());
        }
        statements.extend(self.free_uniques());
        statements.push(format!(
            "INSERT INTO {} ({}) {derived}",
            ident(&self.names.apply(&target.table.name)),
            join(&row, ", ", |n| format!("c{n}")),
        ));
        if !target.single {
            statements.push(format!(
                "{} FROM ({derived}) AS d GROUP BY {} HAVING count(*) > 1",
                self.raise(&format!(
                    "two source rows give the same {}",
                    target.key.columns.join(", ")
                )),
                idents("d.", &target.key.columns)
            ));
        }
        statements
    }

    /// Takes away the rows of the scope that hold a unique value which another of its rows
    /// is about to get: those the mapping no longer gives, and those it gives with another
    /// value. The latter come back at once with it, so they are left alone, and the put is
    /// refused where two rows are in each other's way, if more than the row would go: a key
    /// that SQLite gave it, or what a trigger does.
    fn free_uniques(&self) -> Vec<String> {
        let target = self.target;
        if target.single || target.other_uniques().next().is_none() {
            return Vec::new();
        }
        let mut statements = self.prune();
        if self.comes_back_whole() {
            let table = ident(&target.table.name);
            let mut held: Vec<&String> =
                target.other_uniques().flat_map(|unique| &unique.columns).collect();
            held.retain(|column| target.columns.contains(column));
            let same =
                join(&held, " AND ", |column| format!("d.{0} IS {table}.{0}", ident(column)));
            statements.push(format!(
                "DELETE FROM {table} WHERE {} AND NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {} AND {same})",
                self.in_scope(&table),
                self.derived(),
                target.same_key("d", &table)
            ));
        }
        statements
    }

    /// Whether deleting a row and inserting it again leaves everything as it was. A new
    /// table has no foreign keys while it is the mirror; an old one may have triggers.
    fn comes_back_whole(&self) -> bool {
        let target = self.target;
        target.direction == Direction::Forward
            && target.table.stored_columns().all(|column| target.columns.contains(&column.name))
    }

    /// Makes the table hold the row in NEW: refuses what it can't hold, updates the
    /// row if it differs, inserts it if it is missing, and looks again.
    fn apply(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let row = |column: &str| self.row_value(column);
        let same_key = |alias: &str| {
            join(&target.key.columns, " AND ", |column| {
                let operator = equality(&target.table, column);
                format!("{alias}.{} {operator} {}", ident(column), row(column))
            })
        };
        let mut statements = Vec::from_iter(refuse_nulls(
            target,
            (self.migration, self.catalog),
            &mut target.columns.iter(),
            &|column| self.row_value(column),
        ));
        statements.extend(self.make_room(&same_key));
        if let Some(differs) = may_differ(target, target.values(), &table, &row) {
            let values: Vec<&String> = target.values().collect();
            let set = join(&values, ", ", |column| format!("{} = {}", ident(column), row(column)));
            statements.push(format!(
                "UPDATE {table} SET {set} WHERE {} AND ({differs})",
                same_key(&table)
            ));
        }
        let names: Vec<String> = (0..target.columns.len()).map(|n| format!("c{n}")).collect();
        let values: Vec<String> = names.iter().map(|name| format!("NEW.{name}")).collect();
        let missing = format!("NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {})", same_key("t"));
        let insert = self.names.insert(&target.table.name);
        statements.push(call_with(&insert, &names, &values, Some(&missing)));
        let full = differs(target, target.values(), "t", &row).filter(|_| self.is_risky());
        let same =
            full.map_or(same_key("t"), |differs| format!("{} AND NOT ({differs})", same_key("t")));
        statements.push(format!(
            "{} WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})",
            self.raise("its rows are not what the mapping gives")
        ));
        statements
    }

    /// Inserts the row in NEW into the table.
    fn insert(&self) -> String {
        let target = self.target;
        format!(
            "INSERT INTO {} ({}) VALUES ({})",
            ident(&target.table.name),
            idents("", &target.columns),
            join(&target.columns, ", ", |column| self.row_value(column)),
        )
    }

    /// A value of the row in NEW.
    pub(super) fn row_value(&self, column: &str) -> String {
        let position = self.target.columns.iter().position(|name| name == column);
        format!("NEW.c{}", position.unwrap_or_default())
    }

    /// Whether a write to the table could be dropped or changed on its way in,
    /// beyond what the guards refuse beforehand.
    fn is_risky(&self) -> bool {
        let target = self.target;
        !target.single
            || target.table.has_checks
            || !target.table.triggers.is_empty()
            || target.has_other_keys()
    }

    /// Deletes the scope's rows that the mapping no longer gives. Children are
    /// pruned before parents.
    fn prune(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let scope = self.in_scope(&table);
        let in_new = |position: usize| format!("NEW.s{position}");
        let gone = if let Some(given) = is_given(target, &in_new) {
            format!("NOT {given}")
        } else if !target.single && target.key_never_null() {
            // Evaluated once for the scope, not once for each of its rows.
            let key = idents(&format!("{table}."), &target.key.columns);
            format!(
                "({key}) NOT IN (SELECT {} FROM ({}) AS d)",
                idents("d.", &target.key.columns),
                self.derived()
            )
        } else {
            format!(
                "NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {})",
                self.derived(),
                target.same_key("d", &table)
            )
        };
        let mut statements = vec![format!("DELETE FROM {table} WHERE {scope} AND {gone}")];
        // A trigger of the application can keep a row with RAISE(IGNORE), and nobody is told.
        if !target.table.triggers.is_empty() {
            statements.push(format!(
                "{} FROM {table} WHERE {scope} AND {gone}",
                self.raise("a trigger keeps a row that the mapping no longer gives")
            ));
        }
        statements
    }

    /// Whether a row of the table is in the scope in NEW.
    fn in_scope(&self, table: &str) -> String {
        let target = self.target;
        let columns: Vec<(String, &String)> =
            scope_columns(target).into_iter().zip(&target.scope).collect();
        join(&columns, " AND ", |(column, name)| {
            let operator = equality(&target.table, name);
            format!("{table}.{} {operator} NEW.{column}", ident(name))
        })
    }

    /// Refuses a row whose key another scope still gives: the mapping would have to
    /// give two rows for one.
    fn key_of_another_scope(&self) -> String {
        let target = self.target;
        let of_t = |position: usize| format!("t.{}", ident(&target.scope[position]));
        let other = derived(target, Place::LIVE, Part::Scope(&of_t));
        let positions: Vec<usize> = (0..target.scope.len()).collect();
        let same_scope =
            join(&positions, " AND ", |position| format!("{} IS NEW.s{position}", of_t(*position)));
        format!(
            "{} FROM ({}) AS d JOIN {} AS t ON {} WHERE NOT ({same_scope}) \
             AND EXISTS (SELECT 1 FROM ({other}) AS e WHERE {})",
            self.raise(&format!("two source rows give the same {}", target.key.columns.join(", "))),
            self.derived(),
            ident(&target.table.name),
            target.same_key("t", "d"),
            target.same_key("e", "t"),
        )
    }
}

/// Refuses NULL in columns that take none: OR IGNORE would skip the row, and OR REPLACE put the
/// default in its place.
pub(super) fn refuse_nulls(
    target: &Target,
    (migration, catalog): (&str, &Catalog),
    columns: &mut dyn Iterator<Item = &String>,
    value: &dyn Fn(&String) -> String,
) -> Option<String> {
    let nullable: Vec<&String> =
        columns.filter(|column| may_get_null(target, column, catalog)).collect();
    if nullable.is_empty() {
        return None;
    }
    let nulls: Vec<String> =
        nullable.iter().map(|column| format!("{} IS NULL", value(column))).collect();
    let names = join(&nullable, " or ", |column| (*column).clone());
    let what = format!("NULL in {names}, which is NOT NULL");
    Some(format!("{} WHERE {}", cant_keep(target, migration, &what), any(&nulls)))
}

/// The beginning of a statement that refuses a write because of what it would do to the
/// target.
pub(crate) fn cant_keep(target: &Target, migration: &str, what: &str) -> String {
    let message = format!(
        "cutover: migration {migration} can't keep {} in step: {what}",
        target.table.known_as
    );
    refuse(&message)
}
