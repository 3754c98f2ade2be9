//! The triggers of a target whose rows follow without being derived again: one for each event,
//! with the values of the changed row as constants.
//!
//! Each compiles to a few statements on the target alone. That matters twice: a program's
//! statement compiles every trigger that it can reach, and runs them for each row.
//!
//! - A row that was **inserted** makes a row, if the target has none of its key yet. By OR
//!   REPLACE it may have taken the place of another: then the target's row is set.
//! - An **update** of columns that the target takes sets those. What moves a row, or makes or
//!   ends one, is left to the procedures.
//! - A row that was **deleted** takes the target's row along.
//!
//! The conflict clause of the application's statement overrides that of these: what it could
//! hide is refused first, and a row that is not there afterwards is told.

use super::changed::{Changed, Use, each_once};
use super::procedure::{cant_keep, refuse_nulls};
use crate::derive::by_key::{self, from, is_given};
use crate::derive::derived::may_differ;
use crate::derive::no_effect::update_matters;
use crate::derive::object::Object;
use crate::derive::query::term::columns_of;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::{Direct, Hub, Part, Value};
use crate::phase::Direction;

/// The triggers for one use of the table that changes.
struct Follow<'a> {
    changed: &'a Changed<'a>,
    used: &'a Use<'a>,
    number: usize,
    direct: &'a Direct,
    hub: &'a Hub,
}

impl Changed<'_> {
    /// The triggers of the uses that need no procedure. SQLite runs the triggers of an event
    /// from the last to the first: parents are filled before their children, and emptied after
    /// them. Each is right in any order; in this one nothing is done twice.
    pub(super) fn direct_triggers(&self) -> Vec<Object> {
        let follows: Vec<Follow<'_>> = self
            .uses
            .iter()
            .enumerate()
            .filter_map(|(number, used)| {
                let (direct, hub) = used.hub()?;
                Some(Follow { changed: self, used, number, direct, hub })
            })
            .collect();
        let mut objects = Vec::new();
        objects.extend(follows.iter().rev().flat_map(Follow::inserted));
        objects.extend(follows.iter().flat_map(Follow::updated));
        objects.extend(follows.iter().filter_map(Follow::deleted));
        objects.extend(follows.iter().flat_map(Follow::missing));
        objects
    }
}

impl Follow<'_> {
    fn inserted(&self) -> Vec<Object> {
        if self.hub.optional {
            let parts = self.hub.gives.iter().collect();
            let set = self.set(&parts, "NEW");
            let trigger = |set| self.trigger("insert", "AFTER INSERT", None, &[set]);
            return set.map(trigger).into_iter().collect();
        }
        let there = format!("EXISTS (SELECT 1 FROM {})", self.own("NEW"));
        let given = self.given("NEW");
        let mut replaced = Vec::new();
        let mut missing = format!("NOT {there}");
        if let Some(given) = &given {
            missing += &format!(" AND {given}");
            replaced.push(format!("DELETE FROM {} AND NOT ({given})", self.own("NEW")));
        }
        replaced.extend(self.refuse_nulls(&self.values(), "NEW"));
        replaced.extend(self.set_all());
        let insert = self.insert("NEW");
        let mut objects = vec![self.trigger("insert", "AFTER INSERT", Some(&missing), &insert)];
        if !replaced.is_empty() {
            objects.push(self.trigger("replace", "AFTER INSERT", Some(&there), &replaced));
        }
        objects
    }

    fn updated(&self) -> Vec<Object> {
        let table = self.changed.table();
        let parts = self.hub.parts(&self.used.target.table);
        parts
            .iter()
            .enumerate()
            .filter_map(|(number, part)| {
                let reads = each_once(part.iter().flat_map(|given| given.reads.clone()));
                let columns: Vec<&String> = part.iter().map(|given| &given.column).collect();
                let mut statements = Vec::from_iter(self.refuse_nulls(&columns, "NEW"));
                statements.push(self.set(part, "NEW")?);
                let event = format!("AFTER UPDATE{}", self.changed.of(reads.clone()));
                // A row that is moved is derived again, and so are its values.
                let moved = update_matters(&self.hub.moving, table);
                let when = format!("({}) AND NOT ({moved})", update_matters(&reads, table));
                let what = format!("update_{number}");
                Some(self.trigger(&what, &event, Some(&when), &statements))
            })
            .collect()
    }

    /// Where a rollback set rows aside that the old table can't hold, a change may make one fit,
    /// and is refused as long as it does not.
    fn missing(&self) -> Vec<Object> {
        if self.used.target.direction == Direction::Forward {
            return Vec::new();
        }
        let missing = |row: &str| {
            let held = format!("NOT EXISTS (SELECT 1 FROM {})", self.own(row));
            self.given(row).map_or_else(|| held.clone(), |given| format!("{held} AND {given}"))
        };
        let columns: Vec<String> = self.used.source.query.columns_of(self.hub.leaf.number);
        let event = format!("AFTER UPDATE{}", self.changed.of(columns.clone()));
        let moved = update_matters(&self.hub.moving, self.changed.table());
        let changed = update_matters(&columns, self.changed.table());
        let when = format!("({changed}) AND NOT ({moved}) AND {}", missing("NEW"));
        let mut objects =
            vec![self.trigger("update_missing", &event, Some(&when), &self.insert("NEW"))];
        if self.hub.optional {
            for (what, event, row) in [
                ("insert_missing", "AFTER INSERT", "NEW"),
                ("delete_missing", "AFTER DELETE", "OLD"),
            ] {
                let when = missing(row);
                objects.push(self.trigger(what, event, Some(&when), &self.insert(row)));
            }
        }
        objects
    }

    fn deleted(&self) -> Option<Object> {
        let kept = self.changed.updates_instead(self.used);
        let mut statements = Vec::new();
        if self.hub.optional {
            statements.extend(self.set(&self.hub.gives.iter().collect(), "OLD"));
        } else {
            let mut delete = format!("DELETE FROM {}", self.own("OLD"));
            if kept {
                statements.extend(self.changed.ask_whether_replaced());
                delete += &format!(" AND {}", self.changed.is_deleted());
            }
            statements.push(delete);
        }
        let trigger =
            |statements: &[String]| self.trigger("delete", "AFTER DELETE", None, statements);
        (!statements.is_empty()).then(|| trigger(&statements))
    }

    fn trigger(
        &self,
        what: &str,
        event: &str,
        when: Option<&str>,
        statements: &[String],
    ) -> Object {
        self.changed.trigger(&format!("direct_{}_{what}", self.number), event, when, statements)
    }

    fn cant_keep(&self, what: &str) -> String {
        cant_keep(self.used.target, self.changed.migration, what)
    }

    /// `target WHERE` it has the key of the hub's row.
    fn own(&self, row: &str) -> String {
        let (table, same) = self.used.target.with_key(&|position| self.key(row, position));
        format!("{table} WHERE {same}")
    }

    fn given(&self, row: &str) -> Option<String> {
        let key = |position: usize| self.key(row, position);
        is_given(self.used.target, self.direct, Some(self.hub.leaf.number), &key)
    }

    fn key(&self, row: &str, position: usize) -> String {
        format!("{row}.{}", ident(&self.hub.key[position]))
    }

    /// The columns of the target beside its key.
    fn values(&self) -> Vec<&String> {
        let target = self.used.target;
        target.columns.iter().filter(|column| !target.key.columns.contains(column)).collect()
    }

    /// The value of a column of the target.
    fn value(&self, column: &str, row: &str) -> String {
        let target = self.used.target;
        if let Some(position) = target.key.columns.iter().position(|part| part == column) {
            return self.key(row, position);
        }
        let find = |hub: &Hub| {
            let given = hub.gives.iter().find(|given| given.column == column);
            given.and_then(|given| match &given.value {
                Value::Column { name, .. } => Some(ident(name)),
                Value::Computed => None,
            })
        };
        let gone = row == "OLD";
        if let (Some(name), false) = (find(self.hub), gone) {
            return format!("{row}.{name}");
        }
        let position = target.columns.iter().position(|name| name == column);
        let expr = &target.sources[0].query.first.columns[position.unwrap_or_default()].expr;
        if columns_of(expr).is_empty() {
            return expr.to_string();
        }
        let key = |position: usize| self.key(row, position);
        let other = self.direct.hubs.iter().find_map(|hub| Some((hub, find(hub)?)));
        match other {
            Some((hub, name)) => {
                format!("(SELECT x.{name}{})", from(&hub.leaf.table, &hub.key, &key))
            }
            None => by_key::value(target, self.direct, expr, &key),
        }
    }

    /// Inserts the row of the target, of which it has none.
    fn insert(&self, row: &str) -> Vec<String> {
        let target = self.used.target;
        let mut statements = Vec::from_iter(self.refuse_nulls(&self.values(), row));
        statements.push(format!(
            "INSERT INTO {} ({}) VALUES ({})",
            ident(&target.table.name),
            idents("", &target.columns),
            join(&target.columns, ", ", |column| self.value(column, row)),
        ));
        // Nothing else that could skip it is left: see the form of the target.
        if target.table.has_checks {
            statements.push(format!(
                "{} WHERE NOT EXISTS (SELECT 1 FROM {})",
                self.cant_keep("its rows are not what the mapping gives"),
                self.own(row)
            ));
        }
        statements
    }

    fn set_all(&self) -> Option<String> {
        self.update(&self.values(), "NEW")
    }

    fn set(&self, part: &Part<'_>, row: &str) -> Option<String> {
        let columns: Vec<&String> = part
            .iter()
            .map(|given| &given.column)
            .filter(|column| !self.used.target.key.columns.contains(column))
            .collect();
        self.update(&columns, row)
    }

    fn update(&self, columns: &[&String], row: &str) -> Option<String> {
        if columns.is_empty() {
            return None;
        }
        let target = self.used.target;
        let set = join(columns, ", ", |column| {
            format!("{} = {}", ident(column), self.value(column, row))
        });
        let (table, mut same) = target.with_key(&|position| self.key(row, position));
        if self.hub.goes_along
            && let Some(given) = self.given(row)
        {
            // Nothing is to be set in a row that is about to go.
            same += &format!(" AND {given}");
        }
        if target.direction == Direction::Backward {
            // A frozen table refuses an UPDATE that changes nothing, as any other that is not ours.
            let value = |column: &str| self.value(column, row);
            let differs = may_differ(target, columns.iter().copied(), &table, &value);
            same += &differs.map_or_else(String::new, |differs| format!(" AND ({differs})"));
        }
        Some(format!("UPDATE {table} SET {set} WHERE {same}"))
    }

    fn refuse_nulls(&self, columns: &[&String], row: &str) -> Option<String> {
        refuse_nulls(
            self.used.target,
            (self.changed.migration, self.changed.catalog),
            &mut columns.iter().copied(),
            &|column| self.value(column, row),
        )
    }
}
