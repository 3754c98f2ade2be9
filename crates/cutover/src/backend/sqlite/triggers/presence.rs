//! The triggers of a target whose rows have nothing but their key: a row is there as long as
//! something gives it. No row is derived: it is asked whether one is given and whether one is
//! held, and a row comes or goes.

use super::changed::{Changed, Use};
use super::procedure::refuse_nulls;
use crate::derive::dirty::scope_of;
use crate::derive::existence::is_given;
use crate::derive::no_effect::update_matters;
use crate::derive::object::Object;
use crate::derive::sql::{ident, idents, join};

/// The triggers for one use of the table that changes.
struct Comes<'a> {
    changed: &'a Changed<'a>,
    used: &'a Use<'a>,
    number: usize,
}

impl Changed<'_> {
    /// Those by which rows come, and those by which they go.
    pub(super) fn presence_triggers(&self) -> (Vec<Object>, Vec<Object>) {
        let uses = || {
            let all = self.uses.iter().enumerate().filter(|(_, used)| used.is_presence());
            all.map(|(number, used)| Comes { changed: self, used, number })
        };
        (
            uses().rev().flat_map(|used| used.came()).collect(),
            uses().flat_map(|used| used.went()).collect(),
        )
    }
}

impl Comes<'_> {
    fn came(&self) -> Vec<Object> {
        let Some(row) = self.scope("NEW") else { return Vec::new() };
        let target = self.used.target;
        let Some(given) = is_given(target, &|position| row[position].clone()) else {
            return Vec::new();
        };
        let missing = format!("NOT EXISTS (SELECT 1 FROM {}) AND {given}", self.own(&row));
        let mut statements = Vec::from_iter(refuse_nulls(
            target,
            (self.changed.migration, self.changed.catalog),
            &mut target.columns.iter(),
            &|column| self.value(&row, column),
        ));
        statements.push(format!(
            "INSERT INTO {} ({}) VALUES ({})",
            ident(&target.table.name),
            idents("", &target.columns),
            join(&target.columns, ", ", |column| self.value(&row, column)),
        ));
        let update = format!("({}) AND {missing}", self.matters());
        vec![
            self.trigger("update_came", &self.update(), Some(&update), &statements),
            self.trigger("insert", "AFTER INSERT", Some(&missing), &statements),
        ]
    }

    fn went(&self) -> Vec<Object> {
        let Some(row) = self.scope("OLD") else { return Vec::new() };
        let Some(given) = is_given(self.used.target, &|position| row[position].clone()) else {
            return Vec::new();
        };
        let delete = [format!("DELETE FROM {} AND NOT {given}", self.own(&row))];
        let kept = self.changed.updates_instead(self.used);
        let (mut ask, mut deleted) = (Vec::new(), delete[0].clone());
        if kept {
            ask = self.changed.ask_whether_replaced();
            deleted += &format!(" AND {}", self.changed.is_deleted());
        }
        ask.push(deleted);
        vec![
            self.trigger("update_went", &self.update(), Some(&self.matters()), &delete),
            self.trigger("delete", "AFTER DELETE", None, &ask),
        ]
    }

    /// The values of the scope in a row of the trigger.
    fn scope(&self, row: &str) -> Option<Vec<String>> {
        scope_of(self.used.source, self.used.leaf, row)
    }

    fn columns(&self) -> Vec<String> {
        self.used.source.query.columns_of(self.used.leaf.number)
    }

    fn matters(&self) -> String {
        update_matters(&self.columns(), self.changed.table())
    }

    fn update(&self) -> String {
        format!("AFTER UPDATE{}", self.changed.of(self.columns()))
    }

    fn value(&self, row: &[String], column: &str) -> String {
        let mut scope = self.used.target.scope.iter().zip(row);
        let found = scope.find(|(name, _)| name.eq_ignore_ascii_case(column));
        found.map_or_else(|| "NULL".to_owned(), |(_, value)| value.clone())
    }

    /// `target WHERE` it has the key of the row.
    fn own(&self, row: &[String]) -> String {
        let target = self.used.target;
        let value = |position: usize| self.value(row, &target.key.columns[position]);
        let (table, same) = target.with_key(&value);
        format!("{table} WHERE {same}")
    }

    fn trigger(
        &self,
        what: &str,
        event: &str,
        when: Option<&str>,
        statements: &[String],
    ) -> Object {
        self.changed.trigger(&format!("presence_{}_{what}", self.number), event, when, statements)
    }
}
