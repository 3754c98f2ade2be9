//! Random writes, in units that begin and end outside of a transaction. Pure: the same
//! seed and the same tables give the same statements.

use fastrand::Rng;

use super::statement::{Kind, Part, Statement};
use super::values::{Oddness, rowid, value};
use super::world::{Field, World, Written};
use crate::backend::sqlite::setting;
use crate::derive::sql::ident;

/// Makes writes for the tables of a world.
#[derive(Debug)]
pub(super) struct Generator<'a> {
    pub(super) rng: Rng,
    world: &'a World,
}

/// Changes after which a value often compares equal to what it was and is not the same.
const ALIKE: &[&str] = &[
    "upper(?)",
    "lower(?)",
    "CAST(? AS REAL)",
    "CAST(? AS INTEGER)",
    "CAST(? AS BLOB)",
    "? * -1.0",
];

/// Conflict clauses, as often as they stand here.
const UPDATES: &[&str] =
    &["", "", "", "", "", " OR REPLACE", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ROLLBACK"];

impl<'a> Generator<'a> {
    pub(super) fn new(world: &'a World, seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), world }
    }

    /// The next statements: one by itself, or a transaction.
    pub(super) fn unit(&mut self) -> Vec<Statement> {
        match self.rng.u8(..100) {
            0..4 => vec![self.setting("recursive_triggers")],
            4..8 => vec![self.setting("foreign_keys")],
            8..10 => vec![self.setting("reverse_unordered_selects")],
            10..30 => self.transaction(),
            30..34 => self.exchange(),
            _ => vec![self.write()],
        }
    }

    fn setting(&mut self, pragma: &str) -> Statement {
        Statement::fixed(Kind::Setting, setting(pragma, self.rng.bool()))
    }

    fn transaction(&mut self) -> Vec<Statement> {
        let control = |sql: &str| Statement::fixed(Kind::Transaction, sql);
        let mut unit = vec![control(if self.rng.bool() { "BEGIN" } else { "BEGIN IMMEDIATE" })];
        if self.rng.u8(..10) == 0 {
            unit.push(self.setting("defer_foreign_keys"));
        }
        self.writes(&mut unit);
        if self.rng.u8(..10) < 4 {
            unit.push(control("SAVEPOINT part"));
            self.writes(&mut unit);
            if self.rng.u8(..10) < 6 {
                unit.push(control("ROLLBACK TO part"));
                if self.rng.bool() {
                    self.writes(&mut unit);
                }
            }
            unit.push(control("RELEASE part"));
        }
        unit.push(control(if self.rng.u8(..10) < 7 { "COMMIT" } else { "ROLLBACK" }));
        unit
    }

    fn writes(&mut self, unit: &mut Vec<Statement>) {
        for _ in 0..self.rng.usize(1..4) {
            unit.push(self.write());
        }
    }

    pub(super) fn any_table(&mut self) -> &'a Written {
        &self.world.tables[self.rng.usize(..self.world.tables.len())]
    }

    pub(super) fn write(&mut self) -> Statement {
        let table = self.any_table();
        match self.rng.u8(..100) {
            0..40 => self.insert(table),
            40..46 => self.insert_select(table),
            46..80 => self.update(table),
            _ => self.delete(table),
        }
    }

    fn update(&mut self, table: &Written) -> Statement {
        let oddness = Oddness::any(&mut self.rng);
        let clause = *self.rng.choice(UPDATES).unwrap_or(&"");
        let mut parts = vec![
            Part::Sql("UPDATE".to_owned()),
            Part::Optional(clause.to_owned()),
            Part::Sql(format!(" {} SET ", ident(&table.name))),
        ];
        let rowid = self.rng.choice(&table.rowids).copied().filter(|_| self.rng.u8(..10) == 0);
        match rowid {
            // By itself mostly: a column beside it would have the change seen.
            Some(name) if self.rng.u8(..4) > 0 => self.set_rowid(name, oddness, &mut parts),
            Some(name) => {
                self.assignments(table, oddness, &mut parts);
                parts.push(Part::Sql(", ".to_owned()));
                self.set_rowid(name, oddness, &mut parts);
            }
            None => self.assignments(table, oddness, &mut parts),
        }
        if self.rng.u8(..12) > 0 {
            self.condition(table, &mut parts);
        }
        Statement { parts, kind: Kind::Write }
    }

    /// `column = …`, for one to three columns.
    fn assignments(&mut self, table: &Written, oddness: Oddness, parts: &mut Vec<Part>) {
        for (n, field) in self.some_columns(table).into_iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let name = ident(&field.name);
            match self.rng.u8(..10) {
                0 if !field.affinity.is_text() => {
                    let step = if self.rng.bool() { "+ 1" } else { "- 1" };
                    parts.push(Part::Sql(format!("{comma}{name} = {name} {step}")));
                }
                1 if !field.is_rowid && self.rng.bool() => {
                    let like = self.rng.choice(ALIKE).unwrap_or(&"");
                    let sql = format!("{comma}{name} = {}", like.replace('?', &name));
                    parts.push(Part::Sql(sql));
                }
                1 if !field.is_rowid => {
                    let other = &table.columns[self.rng.usize(..table.columns.len())];
                    parts.push(Part::Sql(format!("{comma}{name} = {}", ident(&other.name))));
                }
                _ => {
                    parts.push(Part::Sql(format!("{comma}{name} = ")));
                    parts.push(Part::Value(value(&mut self.rng, table, field, oddness)));
                }
            }
        }
    }

    /// `rowid = …`, by any of its names.
    fn set_rowid(&mut self, name: &str, oddness: Oddness, parts: &mut Vec<Part>) {
        match self.rng.u8(..6) {
            0 => parts.push(Part::Sql(format!("{name} = {name} + 1"))),
            1 => parts.push(Part::Sql(format!("{name} = -{name}"))),
            _ => {
                parts.push(Part::Sql(format!("{name} = ")));
                parts.push(Part::Value(rowid(&mut self.rng, oddness)));
            }
        }
    }

    fn delete(&mut self, table: &Written) -> Statement {
        let mut parts = vec![Part::Sql(format!("DELETE FROM {}", ident(&table.name)))];
        if self.rng.u8(..30) > 0 {
            self.condition(table, &mut parts);
        }
        Statement { parts, kind: Kind::Write }
    }

    /// `WHERE …`: mostly one row or two that are there.
    fn condition(&mut self, table: &Written, parts: &mut Vec<Part>) {
        let ordinary = Oddness::Ordinary;
        let row = table.name_of_row();
        let any = &table.columns[self.rng.usize(..table.columns.len())];
        let name = ident(&any.name);
        let key = self.rng.choice(&table.keys);
        match (self.rng.u8(..20), key) {
            (0..7, Some(key)) => {
                for (n, column) in key.iter().enumerate() {
                    let field = &table.columns[*column];
                    let word = if n > 0 { "AND" } else { "WHERE" };
                    parts.push(Part::Sql(format!(" {word} {} IS ", ident(&field.name))));
                    parts.push(Part::Value(value(&mut self.rng, table, field, ordinary)));
                }
            }
            (7..10, _) => {
                parts.push(Part::Sql(format!(" WHERE {name} IS ")));
                parts.push(Part::Value(value(&mut self.rng, table, any, ordinary)));
            }
            (10, _) => parts.push(Part::Sql(format!(" WHERE {name} IS NULL"))),
            (11..13, _) => {
                parts.push(Part::Sql(format!(" WHERE {name} BETWEEN ")));
                parts.push(Part::Value(value(&mut self.rng, table, any, ordinary)));
                parts.push(Part::Sql(" AND ".to_owned()));
                parts.push(Part::Value(value(&mut self.rng, table, any, ordinary)));
            }
            _ => {
                let (limit, offset) = (self.rng.u8(1..4), self.rng.u8(..12));
                parts.push(Part::Sql(format!(
                    " WHERE ({row}) IN (SELECT {row} FROM {} ORDER BY {row} LIMIT ",
                    ident(&table.name)
                )));
                parts.push(Part::Value(limit.to_string()));
                parts.push(Part::Optional(format!(" OFFSET {offset}")));
                parts.push(Part::Sql(")".to_owned()));
            }
        }
    }

    /// One to three columns to change, a key less often than others.
    pub(super) fn some_columns<'t>(&mut self, table: &'t Written) -> Vec<&'t Field> {
        let mut chosen: Vec<&Field> = Vec::new();
        for _ in 0..self.rng.usize(1..4) {
            let field = &table.columns[self.rng.usize(..table.columns.len())];
            let spared = field.is_rowid && self.rng.u8(..3) > 0 && table.columns.len() > 1;
            if !spared && !chosen.iter().any(|other| other.name == field.name) {
                chosen.push(field);
            }
        }
        if chosen.is_empty() {
            chosen.push(&table.columns[self.rng.usize(..table.columns.len())]);
        }
        chosen
    }
}
