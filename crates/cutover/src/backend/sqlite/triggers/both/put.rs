//! What an old write does to a row of a new table: three procedures for each target.
//!
//! - `set`: the row is held, and what the mapping gives for it changed. Only what changed is set.
//!   A column that the way back does not read follows as long as nobody else has set it.
//! - `made`: the mapping gives a row that it did not give. If the table holds one of its key, which
//!   the old table does not show, the two must be alike; one that many share, and that lost them
//!   all, takes what it does not hold.
//! - `drop`: the mapping no longer gives a row. One that belongs to an old row goes with it. One that
//!   many share stays, unless the way back still shows something of it.
//!
//! Nothing here relies on conflict handling, as the outer statement's clause overrides it: what
//! could conflict is refused first.

use super::super::conflict::agree;
use super::super::dialect::{procedure, refuse};
use super::super::procedure::refuse_nulls;
use super::check::comes_back;
use super::context::Both;
use super::delta::{given, key_at};
use super::row::not_same;
use crate::derive::derived::{Part, Place, derived, is_zero};
use crate::derive::dirty::{Rows, touched};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::owned::{ReadBack, is_owned};
use crate::derive::sql::{any, equality, ident, idents, join};
use crate::derive::target::{Target, scope_columns};
use crate::phase::Side;
use crate::schema::{Column, ConflictKey};

pub(super) fn set(names: Names, target: &Target) -> String {
    names.trigger("set", &target.table.name)
}

pub(super) fn made(names: Names, target: &Target) -> String {
    names.trigger("made", &target.table.name)
}

pub(super) fn dropped(names: Names, target: &Target) -> String {
    names.trigger("drop", &target.table.name)
}

/// `h0, h1, …`: the key under which a row is held.
pub(super) fn held(target: &Target) -> Vec<String> {
    (0..target.key.columns.len()).map(|position| format!("h{position}")).collect()
}

/// `b0, b1, …`: the row that the mapping gave.
pub(super) fn base(target: &Target) -> Vec<String> {
    (0..target.columns.len()).map(|position| format!("b{position}")).collect()
}

/// `t0, t1, …`: the row that it gives.
pub(super) fn theirs(target: &Target) -> Vec<String> {
    (0..target.columns.len()).map(|position| format!("t{position}")).collect()
}

/// The procedures of one target.
pub(super) fn procedures(both: Both<'_>, target: &Target) -> Vec<Object> {
    let read = ReadBack::of(target, both.backward);
    let put = Put { both, target, read };
    let names = both.names;
    let mut objects = put.unshow();
    objects.extend(procedure(
        &set(names, target),
        &[held(target), base(target), theirs(target)].concat(),
        &put.set(),
    ));
    objects.extend(procedure(&made(names, target), &theirs(target), &put.made()));
    objects.extend(procedure(&dropped(names, target), &held(target), &put.drop()));
    objects
}

/// What is said where a row is in the way that the old table does not show.
pub(super) fn hidden_message(target: &Target) -> String {
    format!("{} holds a row under this key that the old tables do not show", target.table.known_as)
}

struct Put<'a> {
    both: Both<'a>,
    target: &'a Target,
    read: ReadBack,
}

impl Put<'_> {
    fn table(&self) -> String {
        ident(&self.target.table.name)
    }

    fn refuse(&self, what: &str) -> String {
        refuse(&format!("cutover: migration {}: {what}", self.both.migration))
    }

    /// That a row under that alias has the key whose parts are these.
    fn has_key(&self, alias: &str, part: &dyn Fn(usize) -> String) -> String {
        let positions: Vec<usize> = (0..self.target.key.columns.len()).collect();
        join(&positions, " AND ", |position| {
            let column = &self.target.key.columns[*position];
            format!(
                "{alias}.{} {} {}",
                ident(column),
                equality(&self.target.table, column),
                part(*position)
            )
        })
    }

    fn held_key(&self, alias: &str) -> String {
        self.has_key(alias, &|position| format!("NEW.h{position}"))
    }

    fn given_key(&self, alias: &str) -> String {
        self.has_key(alias, &|position| format!("NEW.t{}", key_at(self.target, position)))
    }

    /// Whether the mapping gives another value than before in a column.
    fn changed(&self, column: usize) -> String {
        let (was, is) = (format!("NEW.b{column}"), format!("NEW.t{column}"));
        let keeps_zeros = self
            .target
            .column(&self.target.columns[column])
            .is_none_or(|column| column.affinity.keeps_all());
        match keeps_zeros {
            true => format!("({} OR {})", not_same(&was, &is), is_zero(&is)),
            false => not_same(&was, &is),
        }
    }

    /// The columns outside of the key.
    fn values(&self) -> Vec<usize> {
        let key: Vec<usize> =
            (0..self.target.key.columns.len()).map(|part| key_at(self.target, part)).collect();
        (0..self.target.columns.len()).filter(|column| !key.contains(column)).collect()
    }

    /// Whether a column is to be set: `row` is the row that is held.
    fn follows(&self, column: usize, row: &str) -> String {
        let name = &self.target.columns[column];
        let changed = self.changed(column);
        if self.read.reads(name) {
            return changed;
        }
        let held = format!("{row}.{}", ident(name));
        format!("({changed} AND NOT {})", not_same(&held, &format!("NEW.b{column}")))
    }

    fn set(&self) -> Vec<String> {
        let target = self.target;
        let table = self.table();
        let mut statements = Vec::new();
        let moves: Vec<String> = (0..target.key.columns.len())
            .map(|part| {
                not_same(&format!("NEW.h{part}"), &format!("NEW.t{}", key_at(target, part)))
            })
            .collect();
        let moves = any(&moves);
        statements.push(format!(
            "{} FROM {table} AS x WHERE ({moves}) AND {} AND NOT ({})",
            self.hidden(),
            self.given_key("x"),
            self.held_key("x"),
        ));
        let merged = |column: &Column| {
            let own = format!("own.{}", ident(&column.name));
            match given(target, &column.name) {
                Some(number) => format!(
                    "CASE WHEN {} THEN NEW.t{number} ELSE {own} END",
                    self.follows(number, "own")
                ),
                None => own,
            }
        };
        let rows = format!(
            "(SELECT {} FROM {table} AS own WHERE {})",
            self.row(&merged),
            self.held_key("own")
        );
        statements.extend(self.others(&rows, &self.held_key("x"), ""));
        statements.extend(self.nulls());
        let parts = join(&target.key.columns, ", ", |column| {
            format!("{} = NEW.t{}", ident(column), given(target, column).unwrap_or_default())
        });
        statements.push(format!(
            "UPDATE {table} SET {parts} WHERE ({moves}) AND {}",
            self.held_key(&table)
        ));
        let values = self.values();
        if !values.is_empty() {
            let set = join(&values, ", ", |column| {
                let name = ident(&target.columns[*column]);
                format!(
                    "{name} = CASE WHEN {} THEN NEW.t{column} ELSE {name} END",
                    self.follows(*column, &table)
                )
            });
            let follows: Vec<String> =
                values.iter().map(|column| self.follows(*column, &table)).collect();
            statements.push(format!(
                "UPDATE {table} SET {set} WHERE {} AND ({})",
                self.given_key(&table),
                any(&follows)
            ));
        }
        statements
    }

    fn hidden(&self) -> String {
        self.refuse(&hidden_message(self.target))
    }

    fn nulls(&self) -> Option<String> {
        let target = self.target;
        refuse_nulls(
            target,
            (self.both.migration, self.both.catalog),
            &mut target.columns.iter(),
            &|column| format!("NEW.t{}", given(target, column).unwrap_or_default()),
        )
    }

    /// The values of a row's stored columns, under their names.
    fn row(&self, value: &dyn Fn(&Column) -> String) -> String {
        let columns: Vec<&Column> = self.target.table.stored_columns().collect();
        join(&columns, ", ", |column| format!("{} AS {}", value(column), ident(&column.name)))
    }

    /// Refuses a row that agrees with another on a key of the table beside its own. `rows` gives
    /// the row as it will be, `own` tells the one that it takes the place of.
    fn others(&self, rows: &str, own: &str, when: &str) -> Vec<String> {
        let target = self.target;
        let is_own_key = |key: &ConflictKey| {
            key.condition.is_none()
                && key.parts.iter().all(|part| part.collation.is_none())
                && key.columns().is_some_and(|columns| {
                    columns.len() == target.key.columns.len()
                        && columns.iter().all(|column| target.key.columns.contains(column))
                })
        };
        let hidden_rowid = |key: &ConflictKey| {
            let rowids = target.table.rowid_names();
            matches!(key.columns().as_deref(), Some([only])
                if rowids.contains(only) && target.column(only).is_none())
        };
        target
            .table
            .conflict_keys
            .iter()
            .filter(|key| !is_own_key(key) && !hidden_rowid(key))
            .map(|key| {
                let message = format!(
                    "{} has another row with this {}",
                    target.table.known_as,
                    join(&key.watched(), ", ", Clone::clone)
                );
                format!(
                    "{} FROM {} AS x, {rows} AS r WHERE {} AND NOT ({own}){when}",
                    self.refuse(&message),
                    self.table(),
                    agree(&target.table, key, "r"),
                )
            })
            .collect()
    }

    fn made(&self) -> Vec<String> {
        let target = self.target;
        let table = self.table();
        let owned = is_owned(target);
        let there = format!("EXISTS (SELECT 1 FROM {table} AS y WHERE {})", self.given_key("y"));
        let nothing = |alias: &str, column: &usize| {
            format!("{alias}.{} IS NULL", ident(&target.columns[*column]))
        };
        let differ: Vec<String> = self
            .values()
            .into_iter()
            .filter(|column| owned || self.read.reads(&target.columns[*column]))
            .map(|column| {
                let name = &target.columns[column];
                let differs = not_same(&format!("x.{}", ident(name)), &format!("NEW.t{column}"));
                // A row that lost all who share it waits for the next: what it does not hold, it takes.
                match owned {
                    true => differs,
                    false => format!("(NOT ({}) AND {differs})", nothing("x", &column)),
                }
            })
            .collect();
        let mut statements = Vec::new();
        if !differ.is_empty() {
            statements.push(format!(
                "{} FROM {table} AS x WHERE {} AND ({})",
                self.hidden(),
                self.given_key("x"),
                any(&differ)
            ));
        }
        if !owned {
            statements.extend(self.fill(&nothing));
        }
        let fresh = |column: &Column| match given(target, &column.name) {
            Some(number) => format!("NEW.t{number}"),
            None if target.table.is_rowid_alias(&column.name) => "NULL".to_owned(),
            None => {
                column.default.as_ref().map_or_else(|| "NULL".to_owned(), |it| format!("({it})"))
            }
        };
        let rows = format!("(SELECT {})", self.row(&fresh));
        statements.extend(self.others(&rows, &self.given_key("x"), &format!(" AND NOT {there}")));
        statements.extend(self.nulls());
        statements.push(format!(
            "INSERT INTO {table} ({}) SELECT {} WHERE NOT {there}",
            idents("", &target.columns),
            join(&theirs(target), ", ", |column| format!("NEW.{column}")),
        ));
        statements
    }

    /// Gives a row that the old table did not show what it does not hold.
    fn fill(&self, nothing: &dyn Fn(&str, &usize) -> String) -> Vec<String> {
        let target = self.target;
        let table = self.table();
        let values = self.values();
        if values.is_empty() {
            return Vec::new();
        }
        let filled = |column: &Column| {
            let own = format!("own.{}", ident(&column.name));
            match given(target, &column.name) {
                Some(number) => format!("coalesce({own}, NEW.t{number})"),
                None => own,
            }
        };
        let rows = format!(
            "(SELECT {} FROM {table} AS own WHERE {})",
            self.row(&filled),
            self.given_key("own")
        );
        let mut statements = self.others(&rows, &self.given_key("x"), "");
        let set = join(&values, ", ", |column| {
            let name = ident(&target.columns[*column]);
            format!("{name} = coalesce({name}, NEW.t{column})")
        });
        let takes: Vec<String> = values
            .iter()
            .map(|column| format!("({} AND NEW.t{column} IS NOT NULL)", nothing(&table, column)))
            .collect();
        statements.push(format!(
            "UPDATE {table} SET {set} WHERE {} AND ({})",
            self.given_key(&table),
            any(&takes)
        ));
        statements
    }

    fn drop(&self) -> Vec<String> {
        if is_owned(self.target) {
            return vec![format!(
                "DELETE FROM {0} WHERE {1}",
                self.table(),
                self.held_key(&self.table())
            )];
        }
        let condition = self.held_key("x");
        let mut statements = Vec::new();
        for (number, shown) in self.shown().into_iter().enumerate() {
            let Some(scopes) = touched(shown.source, shown.leaf, Rows::Where(&condition)) else {
                continue;
            };
            let keys = join(&held(self.target), ", ", |column| format!("NEW.{column}"));
            statements.push(format!(
                "INSERT INTO {} ({}, {}) SELECT q.*, {keys} FROM ({scopes}) AS q",
                ident(&self.unshow_name(number)),
                scope_columns(shown.target).join(", "),
                held(self.target).join(", "),
            ));
        }
        if statements.is_empty() {
            statements.push("SELECT 1".to_owned());
        }
        statements
    }

    fn unshow_name(&self, number: usize) -> String {
        self.both.names.trigger(&format!("unshow_{number}"), &self.target.table.name)
    }

    /// Where the way back reads the table.
    fn shown(&self) -> Vec<Shown<'_>> {
        let mut shown = Vec::new();
        for target in self.both.backward {
            for (source, leaf) in target.leaves() {
                if leaf.side == Side::New && leaf.table == self.target.table.name {
                    shown.push(Shown { target, source, leaf });
                }
            }
        }
        shown
    }

    /// Procedures that delete a shared row of which the way back shows what the old table does not
    /// hold.
    fn unshow(&self) -> Vec<Object> {
        if is_owned(self.target) {
            return Vec::new();
        }
        let shown = self.shown();
        let procedures = shown.iter().enumerate().flat_map(|(number, shown)| {
            let scope = |position: usize| format!("NEW.s{position}");
            let given = derived(shown.target, Place::LIVE, Part::Scope(&scope));
            let statement = format!(
                "DELETE FROM {} WHERE {} AND EXISTS (SELECT 1 FROM ({given}) AS d \
                 WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE {}))",
                self.table(),
                self.held_key(&self.table()),
                ident(&shown.target.table.name),
                comes_back(shown.target),
            );
            let columns = [scope_columns(shown.target), held(self.target)].concat();
            procedure(&self.unshow_name(number), &columns, &[statement])
        });
        procedures.collect()
    }
}

struct Shown<'a> {
    target: &'a Target,
    source: &'a crate::derive::source::Source,
    leaf: &'a crate::derive::query::Leaf,
}
