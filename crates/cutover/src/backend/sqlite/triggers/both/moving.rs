//! A row that leaves one new table and comes to another: an old write changed what decides which.
//!
//! What no mapping gives goes along where both tables have a column of the name. What has nowhere
//! to go would be lost, so the write is refused.

use super::super::dialect::refuse;
use super::context::Both;
use super::delta::{IS, WAS, key_at, same_key};
use crate::derive::own_values::holds;
use crate::derive::owned::KeyPart;
use crate::derive::sql::{equality, ident, idents, join};
use crate::derive::target::Target;
use crate::schema::Column;

pub(super) struct Moving<'a> {
    pub(super) both: Both<'a>,
    /// The target that the row leaves, and its key in the row.
    pub(super) from: (&'a Target, Vec<KeyPart>),
    /// The target that it comes to.
    pub(super) to: (&'a Target, Vec<KeyPart>),
}

impl Moving<'_> {
    pub(super) fn statements(&self) -> Vec<String> {
        let (from, to) = (self.from.0, self.to.0);
        let own = |target: &Target, column: &&Column| {
            let given = target.columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
            !given && !target.table.is_rowid_alias(&column.name)
        };
        let takes = |name: &str| {
            let keyed = to.table.conflict_keys.iter().flat_map(|key| key.watched());
            to.table
                .stored_columns()
                .any(|column| column.name.eq_ignore_ascii_case(name) && own(to, &column))
                && !keyed.into_iter().any(|column| column.eq_ignore_ascii_case(name))
        };
        let (along, behind): (Vec<&Column>, Vec<&Column>) = from
            .table
            .stored_columns()
            .filter(|column| own(from, column))
            .partition(|column| takes(&column.name));
        let mut statements = Vec::new();
        for column in behind {
            let Some(holds) = holds(column, "x.", true) else { continue };
            statements.push(format!(
                "{} FROM {} AND ({holds}) AND {}",
                refuse(&format!(
                    "cutover: migration {}: the row moves from {} to {}, and its {} has nowhere to go there",
                    self.both.migration, from.table.known_as, to.table.known_as, column.name
                )),
                self.leaving(),
                self.coming(),
            ));
        }
        if !along.is_empty() {
            let names: Vec<&str> = along.iter().map(|column| column.name.as_str()).collect();
            let table = ident(&to.table.name);
            let key = join(&self.to.1, " AND ", |part| {
                let column = &to.key.columns[part.position];
                format!("{} {} {}", ident(column), equality(&to.table, column), part.of_row("NEW"))
            });
            statements.push(format!(
                "UPDATE {table} SET ({}) = (SELECT {} FROM {}) WHERE {key} AND EXISTS (SELECT 1 FROM {}) AND {}",
                idents("", &names),
                idents("x.", &names),
                self.leaving(),
                self.leaving(),
                self.coming(),
            ));
        }
        statements
    }

    /// The row `x` of the one table that is about to go, as the end of a SELECT.
    fn leaving(&self) -> String {
        let (target, parts) = &self.from;
        let delta = ident(&self.both.names.delta(&target.table.name));
        let positions: Vec<usize> = (0..target.key.columns.len()).collect();
        let held = join(&positions, " AND ", |position| {
            let column = &target.key.columns[*position];
            format!("x.{} {} b.o{position}", ident(column), equality(&target.table, column))
        });
        format!(
            "{delta} AS b CROSS JOIN {} AS x WHERE {held} AND b.side = {WAS} AND {} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS t WHERE t.side = {IS} AND {})",
            ident(&target.table.name),
            is_new(target, parts, "b"),
            same_key(target, "b", "t"),
        )
    }

    /// That a row is made in the other.
    fn coming(&self) -> String {
        let (target, parts) = &self.to;
        let delta = ident(&self.both.names.delta(&target.table.name));
        format!(
            "EXISTS (SELECT 1 FROM {delta} AS t WHERE t.side = {IS} AND {} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS b WHERE b.side <> {IS} AND {}))",
            is_new(target, parts, "t"),
            same_key(target, "b", "t"),
        )
    }
}

/// That a row of a target's delta has the key of the row in NEW.
fn is_new(target: &Target, parts: &[KeyPart], alias: &str) -> String {
    join(parts, " AND ", |part| {
        format!("{alias}.c{} IS {}", key_at(target, part.position), part.of_row("NEW"))
    })
}
