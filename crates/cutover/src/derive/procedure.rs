//! The re-derivation of one scope, as a procedure that triggers can call.
//!
//! SQLite has no stored procedures. A view with an INSTEAD OF INSERT trigger is
//! one: `INSERT INTO put (s0) VALUES (…)` runs the trigger's body with the scope
//! as constants, stores nothing and writes no page. So there is one place per
//! target that says how its rows are kept, whoever calls it.
//!
//! A body must hold its own under the conflict clause of the application's
//! statement, which overrides any in a trigger
//! (<https://www.sqlite.org/lang_createtrigger.html>): IGNORE would skip our
//! insert, REPLACE would delete other mirror rows, FAIL would keep the source's
//! change without the mirror's. Therefore nothing here relies on a conflict: what
//! could conflict is refused first with RAISE(ABORT), which nothing overrides,
//! and what was written is looked at again at the end.

use super::derived::{Part, Place, derived, differs};
use super::guard::needs_flag;
use super::names::Names;
use super::object::{Kind, Object};
use super::sql::{ident, idents, join, text};
use super::target::Target;
use super::trace::trace;
use crate::phase::Direction;
use crate::schema::Catalog;

/// The procedures of one target.
pub(crate) fn procedures(target: &Target, names: Names, migration: &str, catalog: &Catalog) -> Vec<Object> {
    let body = Body { target, names, migration, catalog };
    let name = &target.table.name;
    let mut objects = body.procedure(&names.put(name), &body.put());
    objects.extend(body.procedure(&names.prune(name), &body.prune()));
    objects
}

struct Body<'a> {
    target: &'a Target,
    names: Names,
    migration: &'a str,
    catalog: &'a Catalog,
}

impl Body<'_> {
    fn procedure(&self, name: &str, statements: &[String]) -> Vec<Object> {
        let columns = scope_columns(self.target);
        let nulls = join(&columns, ", ", |column| format!("NULL AS {column}"));
        let mut statements = statements.to_vec();
        if self.target.direction == Direction::Backward || needs_flag(self.target) {
            // The guards on the mirror let only the sync's writes pass.
            let syncing = ident(&self.names.syncing());
            statements.insert(0, format!("UPDATE {syncing} SET depth = depth + 1"));
            statements.push(format!("UPDATE {syncing} SET depth = depth - 1"));
        }
        vec![
            Object::new(Kind::View, name.to_owned(), format!("CREATE VIEW {} AS SELECT {nulls}", ident(name))),
            Object::new(
                Kind::Trigger,
                format!("{name}_do"),
                format!(
                    "CREATE TRIGGER {} INSTEAD OF INSERT ON {} BEGIN\n  {};\nEND",
                    ident(&format!("{name}_do")),
                    ident(name),
                    statements.join(";\n  ")
                ),
            ),
        ]
    }

    /// What the mapping gives for the scope in NEW.
    fn derived(&self) -> String {
        derived(self.target, Place::LIVE, Part::Scope(&|position| format!("NEW.s{position}")))
    }

    fn raise(&self, what: &str) -> String {
        let message = format!(
            "cutover: migration {} can't keep {} in step: {what}",
            self.migration, self.target.table.name
        );
        format!("SELECT RAISE(ABORT, {})", text(&message))
    }

    /// Brings the scope's rows up to date: update what differs, insert what is
    /// missing. Parents are put before children.
    fn put(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let derived = self.derived();
        let mut statements = self.guards();
        if let Some(differs) = differs(target, target.values(), &table, "d") {
            let values: Vec<&String> = target.values().collect();
            let set = join(&values, ", ", |column| format!("{0} = d.{0}", ident(column)));
            statements.push(format!(
                "UPDATE {table} SET {set} FROM ({derived}) AS d WHERE {} AND ({differs})",
                target.same_key(&table, "d")
            ));
        }
        statements.push(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM ({derived}) AS d \
             WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {})",
            idents("", &target.columns),
            idents("d.", &target.columns),
            target.same_key("t", "d")
        ));
        statements.extend(self.checks());
        statements
    }

    /// Deletes the scope's rows that the mapping no longer gives. Children are
    /// pruned before parents.
    fn prune(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let scope = join(&scope_columns(target), " AND ", |column| {
            let name = &target.scope[column[1..].parse::<usize>().unwrap_or_default()];
            let operator = if target.table.never_null(name) { "=" } else { "IS" };
            format!("{table}.{} {operator} NEW.{column}", ident(name))
        });
        let gone = if !target.single && target.key_never_null() {
            // Evaluated once for the scope, not once for each of its rows.
            let key = idents(&format!("{table}."), &target.key.columns);
            format!("({key}) NOT IN (SELECT {} FROM ({}) AS d)", idents("d.", &target.key.columns), self.derived())
        } else {
            format!("NOT EXISTS (SELECT 1 FROM ({}) AS d WHERE {})", self.derived(), target.same_key("d", &table))
        };
        vec![format!("DELETE FROM {table} WHERE {scope} AND {gone}")]
    }

    /// Refuses, before anything is written, what a conflict clause of the
    /// application's statement could otherwise hide.
    fn guards(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let derived = self.derived();
        let mut statements = Vec::new();
        let nullable: Vec<&String> = target.columns.iter().filter(|column| self.may_get_null(column)).collect();
        if !nullable.is_empty() {
            let condition = join(&nullable, " OR ", |column| format!("d.{} IS NULL", ident(column)));
            statements.push(format!(
                "{} FROM ({derived}) AS d WHERE {condition}",
                self.raise(&format!("NULL in {}, which is NOT NULL", join(&nullable, " or ", |c| (*c).clone())))
            ));
        }
        for unique in target.other_uniques() {
            if !unique.columns.iter().all(|column| target.columns.contains(column)) {
                continue;
            }
            let same = join(&unique.columns, " AND ", |column| format!("t.{0} = d.{0}", ident(column)));
            statements.push(format!(
                "{} FROM ({derived}) AS d JOIN {table} AS t ON {same} WHERE NOT ({})",
                self.raise(&format!("two rows with the same {}", unique.columns.join(", "))),
                target.same_key("t", "d")
            ));
        }
        if !self.scope_is_in_key() {
            let of_t = |position: usize| format!("t.{}", ident(&target.scope[position]));
            let other = super::derived::derived(target, Place::LIVE, Part::Scope(&of_t));
            let positions: Vec<usize> = (0..target.scope.len()).collect();
            let same_scope = join(&positions, " AND ", |position| format!("{} IS NEW.s{position}", of_t(*position)));
            statements.push(format!(
                "{} FROM ({derived}) AS d JOIN {table} AS t ON {} WHERE NOT ({same_scope}) \
                 AND EXISTS (SELECT 1 FROM ({other}) AS e WHERE {})",
                self.raise(&format!("two source rows give the same {}", target.key.columns.join(", "))),
                target.same_key("t", "d"),
                target.same_key("e", "t"),
            ));
        }
        statements
    }

    /// Looks again at what was written.
    fn checks(&self) -> Vec<String> {
        let target = self.target;
        let table = ident(&target.table.name);
        let derived = self.derived();
        let same_key = target.same_key("t", "d");
        let diverged = self.raise("its rows are not what the mapping gives");
        let risky = !target.single
            || target.table.has_checks
            || !target.table.triggers.is_empty()
            || target.other_uniques().next().is_some();
        let full = differs(target, target.values(), "t", "d").filter(|_| risky);
        let same = full.map_or(same_key.clone(), |differs| format!("{same_key} AND NOT ({differs})"));
        let mut statements = vec![format!(
            "{diverged} FROM ({derived}) AS d WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})"
        )];
        if !target.single {
            let key = idents("d.", &target.key.columns);
            statements.push(format!(
                "{} FROM ({derived}) AS d GROUP BY {key} HAVING count(*) > 1",
                self.raise(&format!("two source rows give the same {}", target.key.columns.join(", ")))
            ));
        }
        statements
    }

    fn scope_is_in_key(&self) -> bool {
        let key = &self.target.key.columns;
        self.target.scope.iter().all(|column| key.iter().any(|part| part.eq_ignore_ascii_case(column)))
    }

    /// Whether the mapping could give NULL where the target has none.
    fn may_get_null(&self, column: &str) -> bool {
        let target = self.target;
        if !target.table.never_null(column) {
            return false;
        }
        let Some(position) = target.columns.iter().position(|name| name == column) else { return true };
        !target.sources.iter().all(|source| {
            let leaves = source.query.leaves();
            // A trace stops at the optional side of a LEFT JOIN, where NULL comes from.
            trace(&source.query, position).is_some_and(|terms| {
                terms.iter().all(|term| {
                    leaves
                        .iter()
                        .find(|leaf| Some(leaf.number) == term.leaf)
                        .and_then(|leaf| self.catalog.table(leaf.side, &leaf.table))
                        .zip(term.bare())
                        .is_some_and(|(table, column)| table.never_null(column))
                })
            })
        })
    }
}

/// `s0, s1, …`: the columns of a procedure.
pub(crate) fn scope_columns(target: &Target) -> Vec<String> {
    (0..target.scope.len()).map(|position| format!("s{position}")).collect()
}
