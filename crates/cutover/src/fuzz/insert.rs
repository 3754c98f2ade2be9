//! Random INSERTs.

use super::generate::Generator;
use super::statement::{Kind, Part, Statement};
use super::values::{Oddness, rowid, value};
use super::world::{Field, Written};
use crate::derive::sql::{ident, join};

/// Conflict clauses, as often as they stand here.
const INSERTS: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "",
    " OR ABORT",
    " OR FAIL",
    " OR FAIL",
    " OR ROLLBACK",
    " OR IGNORE",
    " OR IGNORE",
    " OR REPLACE",
    " OR REPLACE",
    " OR REPLACE",
];

impl Generator<'_> {
    pub(super) fn insert(&mut self, table: &Written) -> Statement {
        let oddness = Oddness::any(&mut self.rng);
        let mut columns: Vec<&Field> = table
            .columns
            .iter()
            .filter(|field| !(field.may_be_left_out && self.rng.u8(..10) == 0))
            .collect();
        if columns.is_empty() {
            columns.push(&table.columns[0]);
        }
        let clause = *self.rng.choice(INSERTS).unwrap_or(&"");
        let rows = if self.rng.u8(..10) < 7 { 1 } else { self.rng.usize(2..5) };
        let under = self.rowid_of_its_own(table);
        let rows = (0..rows)
            .map(|_| {
                let own = under.map(|_| rowid(&mut self.rng, oddness));
                let named = columns.iter().map(|field| value(&mut self.rng, table, field, oddness));
                own.into_iter().chain(named.collect::<Vec<_>>()).collect()
            })
            .collect();
        let mut parts = if clause == " OR REPLACE" && self.rng.u8(..3) == 0 {
            vec![Part::Sql("REPLACE".to_owned())]
        } else {
            vec![Part::Sql("INSERT".to_owned()), Part::Optional(clause.to_owned())]
        };
        let names = join(&columns, ", ", |field| self.name_of(table, field));
        let under = under.map_or_else(String::new, |name| format!("{name}, "));
        parts.push(Part::Sql(format!(" INTO {} ({under}{names}) VALUES ", ident(&table.name))));
        parts.push(Part::Rows(rows));
        let upsert = clause.is_empty() && self.rng.u8(..10) < 4;
        if upsert {
            self.upsert(table, oddness, &mut parts);
        }
        let tells = !upsert && clause != " OR IGNORE" && !table.without_rowid;
        Statement { parts, kind: if tells { Kind::Insert } else { Kind::Write } }
    }

    /// A name by which a row is given its rowid where no column is the rowid.
    fn rowid_of_its_own(&mut self, table: &Written) -> Option<&'static str> {
        let hidden = !table.columns.iter().any(|field| field.is_rowid);
        let name = self.rng.choice(&table.rowids).copied();
        let wanted = self.rng.u8(..10) == 0;
        name.filter(|_| hidden && wanted)
    }

    /// A column's name or, where it is the rowid, now and then another of the rowid's.
    fn name_of(&mut self, table: &Written, field: &Field) -> String {
        let other = self.rng.choice(&table.rowids).copied();
        match other.filter(|_| field.is_rowid && self.rng.u8(..8) == 0) {
            Some(name) => name.to_owned(),
            None => ident(&field.name),
        }
    }

    /// `ON CONFLICT …`, with a key or without.
    fn upsert(&mut self, table: &Written, oddness: Oddness, parts: &mut Vec<Part>) {
        let key = self.rng.choice(&table.keys).filter(|_| self.rng.u8(..4) > 0);
        let key = key.map_or_else(String::new, |key| {
            format!(" ({})", join(key, ", ", |column| ident(&table.columns[*column].name)))
        });
        if self.rng.u8(..3) == 0 {
            parts.push(Part::Sql(format!(" ON CONFLICT{key} DO NOTHING")));
            return;
        }
        parts.push(Part::Sql(format!(" ON CONFLICT{key} DO UPDATE SET ")));
        for (n, field) in self.some_columns(table).into_iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let name = ident(&field.name);
            if self.rng.bool() {
                parts.push(Part::Sql(format!("{comma}{name} = excluded.{name}")));
            } else {
                parts.push(Part::Sql(format!("{comma}{name} = ")));
                parts.push(Part::Value(value(&mut self.rng, table, field, oddness)));
            }
        }
        if self.rng.u8(..4) == 0 {
            let name = ident(&table.columns[self.rng.usize(..table.columns.len())].name);
            parts.push(Part::Optional(format!(" WHERE excluded.{name} IS NOT NULL")));
        }
    }

    /// Copies rows of a table under other keys.
    pub(super) fn insert_select(&mut self, table: &Written) -> Statement {
        let oddness = Oddness::any(&mut self.rng);
        let clause = *self.rng.choice(INSERTS).unwrap_or(&"");
        let names = join(&table.columns, ", ", |field| ident(&field.name));
        let row = table.name_of_row();
        let mut parts = vec![
            Part::Sql("INSERT".to_owned()),
            Part::Optional(clause.to_owned()),
            Part::Sql(format!(" INTO {} ({names}) SELECT ", ident(&table.name))),
        ];
        for (n, field) in table.columns.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let name = ident(&field.name);
            if field.is_rowid {
                parts.push(Part::Sql(format!("{comma}{name} + {}", self.rng.u8(..40))));
            } else if self.rng.u8(..3) > 0 {
                parts.push(Part::Sql(format!("{comma}{name}")));
            } else {
                parts.push(Part::Sql(comma.to_owned()));
                parts.push(Part::Value(value(&mut self.rng, table, field, oddness)));
            }
        }
        let (limit, offset) = (self.rng.u8(1..4), self.rng.u8(..8));
        parts.push(Part::Sql(format!(" FROM {} ORDER BY {row} LIMIT ", ident(&table.name))));
        parts.push(Part::Value(limit.to_string()));
        parts.push(Part::Optional(format!(" OFFSET {offset}")));
        Statement { parts, kind: Kind::Write }
    }
}
