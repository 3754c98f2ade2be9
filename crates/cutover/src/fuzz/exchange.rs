//! Writes that exchange unique values: between two rows, along a chain of rows, or from a row that
//! is deleted.

use super::generate::Generator;
use super::statement::{Kind, Part, Statement};
use super::values::{Oddness, value};
use super::world::{Field, Written};
use crate::derive::sql::ident;

impl Generator<'_> {
    /// A transaction, or one statement, that moves values of a unique key.
    pub(super) fn exchange(&mut self) -> Vec<Statement> {
        let table = self.any_table();
        let Some(key) = self.rng.choice(&table.keys).cloned() else { return vec![self.write()] };
        let field = &table.columns[key[key.len() - 1]];
        match self.rng.u8(..4) {
            0 => self.over_a_third(table, field),
            1 => vec![self.all_at_once(table, field)],
            2 => vec![self.shift(table, field)],
            _ => self.take_over(table, field),
        }
    }

    fn set(&mut self, table: &Written, field: &Field, to: &str, from: &str) -> Statement {
        let name = ident(&field.name);
        let parts = vec![
            Part::Sql(format!("UPDATE {} SET {name} = ", ident(&table.name))),
            Part::Value(to.to_owned()),
            Part::Sql(format!(" WHERE {name} IS ")),
            Part::Value(from.to_owned()),
        ];
        Statement { parts, kind: Kind::Write }
    }

    fn pair(&mut self, table: &Written, field: &Field) -> (String, String) {
        let any = |rng: &mut fastrand::Rng| value(rng, table, field, Oddness::Ordinary);
        (any(&mut self.rng), any(&mut self.rng))
    }

    /// One row's value is put aside meanwhile.
    fn over_a_third(&mut self, table: &Written, field: &Field) -> Vec<Statement> {
        let (one, other) = self.pair(table, field);
        let text = !field.affinity.is_numeric() && !field.is_rowid;
        let aside = if text { "'aside'" } else { "-4711" };
        let control = |sql: &str| Statement::fixed(Kind::Transaction, sql);
        vec![
            control("BEGIN"),
            self.set(table, field, aside, &one),
            self.set(table, field, &one, &other),
            self.set(table, field, &other, aside),
            control("COMMIT"),
        ]
    }

    /// In one statement, which has to replace what is in its way, or fails.
    fn all_at_once(&mut self, table: &Written, field: &Field) -> Statement {
        let (one, other) = self.pair(table, field);
        let clause = [" OR REPLACE", " OR IGNORE", ""][self.rng.usize(..3)];
        let (table, name) = (ident(&table.name), ident(&field.name));
        let parts = vec![
            Part::Sql("UPDATE".to_owned()),
            Part::Optional(clause.to_owned()),
            Part::Sql(format!(" {table} SET {name} = CASE WHEN {name} IS ")),
            Part::Value(one.clone()),
            Part::Sql(" THEN ".to_owned()),
            Part::Value(other.clone()),
            Part::Sql(" ELSE ".to_owned()),
            Part::Value(one.clone()),
            Part::Sql(format!(" END WHERE {name} IN (")),
            Part::Value(one),
            Part::Sql(", ".to_owned()),
            Part::Value(other),
            Part::Sql(")".to_owned()),
        ];
        Statement { parts, kind: Kind::Write }
    }

    /// Every row takes the value of its neighbour.
    fn shift(&mut self, table: &Written, field: &Field) -> Statement {
        let clause = ["", "", " OR REPLACE", " OR FAIL", " OR IGNORE"][self.rng.usize(..5)];
        let name = ident(&field.name);
        let texts = [format!("{name} || 'x'"), format!("substr({name}, 2)")];
        let numbers = [format!("{name} + 1"), format!("{name} - 1"), format!("-{name}")];
        let text = !field.affinity.is_numeric() && !field.is_rowid;
        let moved = if text {
            texts[self.rng.usize(..2)].clone()
        } else {
            numbers[self.rng.usize(..3)].clone()
        };
        let mut parts = vec![
            Part::Sql("UPDATE".to_owned()),
            Part::Optional(clause.to_owned()),
            Part::Sql(format!(" {} SET {name} = {moved}", ident(&table.name))),
        ];
        if self.rng.bool() {
            let from = value(&mut self.rng, table, field, Oddness::Ordinary);
            parts.push(Part::Optional(format!(" WHERE {name} >= {from}")));
        }
        Statement { parts, kind: Kind::Write }
    }

    /// A row goes, and another takes its value; or the other takes it from it.
    fn take_over(&mut self, table: &Written, field: &Field) -> Vec<Statement> {
        let (one, other) = self.pair(table, field);
        if self.rng.bool() {
            let mut statement = self.set(table, field, &one, &other);
            statement.parts[0] = Part::Sql(format!(
                "UPDATE OR REPLACE {} SET {} = ",
                ident(&table.name),
                ident(&field.name)
            ));
            return vec![statement];
        }
        let parts = vec![
            Part::Sql(format!(
                "DELETE FROM {} WHERE {} IS ",
                ident(&table.name),
                ident(&field.name)
            )),
            Part::Value(one.clone()),
        ];
        let control = |sql: &str| Statement::fixed(Kind::Transaction, sql);
        vec![
            control("BEGIN"),
            Statement { parts, kind: Kind::Write },
            self.set(table, field, &one, &other),
            control("COMMIT"),
        ]
    }
}
