//! Statements that a program might send to a table. Keys and values come from small
//! domains, so that statements meet the rows and each other.

use fastrand::Rng;

use super::spec::{Feature, Features};
use super::table::{Column, Table, names};
use super::writes;
use crate::sql::quoted;

const CLAUSES: &[&str] =
    &["", "OR REPLACE ", "OR IGNORE ", "OR FAIL ", "OR ABORT ", "OR ROLLBACK "];

/// Writes statements for one table.
pub(crate) struct Writer<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) features: Features,
    pub(crate) table: &'a Table,
}

impl Writer<'_> {
    /// A write: a statement, or several that belong together.
    pub(crate) fn write(&mut self) -> Vec<String> {
        // A stream of its own for what a feature decides: to do without it changes nothing else.
        let (mut drawn, seed) = (self.rng.u8(..100), self.rng.u64(..));
        let ordinary = self.statement();
        for kind in writes::KINDS {
            if drawn < kind.percent {
                let mut rng = Rng::with_seed(seed);
                let mut writer =
                    Writer { rng: &mut rng, features: self.features, table: self.table };
                let unusual = self.has(kind.feature).then(|| (kind.write)(&mut writer)).flatten();
                return unusual.unwrap_or_else(|| vec![ordinary]);
            }
            drawn -= kind.percent;
        }
        vec![ordinary]
    }

    /// Any ordinary statement.
    pub(crate) fn statement(&mut self) -> String {
        match self.rng.u8(..20) {
            0..7 => self.insert(),
            7..9 => self.upsert(),
            9 => self.insert_own_rows(),
            10..13 => self.update_values(),
            13..15 => self.update_key(),
            15 => self.update_many(),
            16..19 => self.delete(),
            _ => self.delete_many(),
        }
    }

    /// An INSERT of one row, for a table that is filled for the first time.
    pub(crate) fn row(&mut self) -> String {
        let columns: Vec<&Column> = self.table.columns.iter().collect();
        let values = self.values(&columns);
        format!("INSERT INTO {} ({}) VALUES ({values})", self.name(), self.table.column_list())
    }

    fn name(&self) -> String {
        quoted(&self.table.name)
    }

    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.features.has(feature)
    }

    pub(crate) fn clause(&mut self) -> &'static str {
        let clause = CLAUSES[self.rng.usize(..CLAUSES.len())];
        if self.has(Feature::Conflicts) { clause } else { "" }
    }

    pub(crate) fn value(&mut self, column: &Column) -> String {
        let odd = self.has(Feature::OddValues);
        let (null, literal) = (self.rng.u8(..100), column.domain.literal(self.rng, odd));
        let stands_in = column.not_null && column.default.is_some() && self.has(Feature::StandIns);
        let nulls = match column.not_null {
            true if stands_in => 14,
            true => 2,
            false => 12,
        };
        if null < nulls && (odd || stands_in) { "NULL".to_owned() } else { literal }
    }

    pub(crate) fn values(&mut self, columns: &[&Column]) -> String {
        columns.iter().map(|column| self.value(column)).collect::<Vec<_>>().join(", ")
    }

    /// Some of the columns: the key's mostly, the others as it comes.
    fn some_columns(&mut self) -> Vec<&Column> {
        let (table, all) = (self.table, self.rng.u8(..3) > 0);
        let chosen: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| {
                let often = if table.key.contains(&column.name) { 9 } else { 7 };
                let drawn = self.rng.u8(..10);
                all || drawn < often
            })
            .collect();
        if chosen.is_empty() { vec![&table.columns[0]] } else { chosen }
    }

    fn insert(&mut self) -> String {
        let table = self.table;
        let columns: Vec<Column> = self.some_columns().into_iter().cloned().collect();
        let columns: Vec<&Column> = columns.iter().collect();
        let rows = match self.rng.u8(..4) {
            0 if self.has(Feature::ManyRows) => self.rng.usize(2..4),
            _ => 1,
        };
        let clause = self.clause();
        let values: Vec<String> =
            (0..rows).map(|_| format!("({})", self.values(&columns))).collect();
        let list: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let returning = if self.rng.u8(..6) == 0 {
            format!(" RETURNING {}", names(&table.key))
        } else {
            String::new()
        };
        format!(
            "INSERT {clause}INTO {} ({}) VALUES {}{returning}",
            self.name(),
            names(&list),
            values.join(", ")
        )
    }

    fn upsert(&mut self) -> String {
        let insert = self.row();
        if !self.has(Feature::Conflicts) {
            return insert;
        }
        let table = self.table;
        let target = match (self.rng.u8(..4), table.uniques.first()) {
            (0, _) => return format!("{insert} ON CONFLICT DO NOTHING"),
            (1, Some(unique)) => unique.clone(),
            _ => table.key.clone(),
        };
        let set = self.assignments("excluded.");
        let condition = if self.rng.u8(..4) == 0 {
            format!(" WHERE {}.{} IS NOT NULL", self.name(), quoted(&table.columns[0].name))
        } else {
            String::new()
        };
        format!("{insert} ON CONFLICT ({}) DO UPDATE SET {set}{condition}", names(&target))
    }

    /// New rows from rows that are there.
    fn insert_own_rows(&mut self) -> String {
        let table = self.table;
        let moved = quoted(&table.key[table.key.len() - 1]);
        let list = table.column_list();
        let shifted = match table.column(&table.key[table.key.len() - 1]).map(|column| column.kind)
        {
            Some("INTEGER") => format!("{moved} + 3"),
            // A text made of any bytes need not be UTF-8.
            Some("BLOB") => "x'0102'".to_owned(),
            _ => format!("{moved} || '+'"),
        };
        let selected: Vec<String> = table
            .columns
            .iter()
            .map(|column| match quoted(&column.name) {
                name if name == moved => shifted.clone(),
                name => name,
            })
            .collect();
        let clause = self.clause();
        // Which of several rows would be the last to get the one key is for SQLite to say.
        let many = self.has(Feature::ManyRows) && shifted != "x'0102'";
        let condition = if many { "1".to_owned() } else { self.key_is() };
        // Nor in which order an index of ours would give them: some clauses keep the first ones.
        let order: Vec<String> = (1..=selected.len()).map(|place| place.to_string()).collect();
        format!(
            "INSERT {clause}INTO {0} ({list}) SELECT {1} FROM {0} WHERE {condition} ORDER BY {2}",
            self.name(),
            selected.join(", "),
            order.join(", ")
        )
    }

    /// `column = value, …` for columns outside of the key, or for the key if there are
    /// no others.
    fn assignments(&mut self, from: &str) -> String {
        let table = self.table;
        let others: Vec<&Column> =
            table.columns.iter().filter(|column| !table.key.contains(&column.name)).collect();
        let Some(first) = others.get(self.rng.usize(..others.len().max(1))) else {
            let key = quoted(&table.key[0]);
            return format!("{key} = {from}{key}");
        };
        let name = quoted(&first.name);
        if !from.is_empty() {
            return format!("{name} = {from}{name}");
        }
        let other = others[self.rng.usize(..others.len())];
        match self.rng.u8(..5) {
            0 if other.name != first.name => {
                let value = self.value(other);
                format!("{name} = {}, {0} = {value}", quoted(&other.name))
            }
            1 if first.kind == "INTEGER" => format!("{name} = {name} + 1"),
            _ => format!("{name} = {}", self.value(first)),
        }
    }

    pub(crate) fn key_is(&mut self) -> String {
        let table = self.table;
        let column = table.key[self.rng.usize(..table.key.len())].clone();
        let literal = table.column(&column).map_or("NULL".to_owned(), |column| self.value(column));
        format!("{} IS {literal}", quoted(&column))
    }

    fn update_values(&mut self) -> String {
        let (clause, set, key) = (self.clause(), self.assignments(""), self.key_is());
        format!("UPDATE {clause}{} SET {set} WHERE {key}", self.name())
    }

    fn update_key(&mut self) -> String {
        let table = self.table;
        let column = table.key[self.rng.usize(..table.key.len())].clone();
        let value = table.column(&column).map_or("NULL".to_owned(), |column| self.value(column));
        let (clause, key) = (self.clause(), self.key_is());
        format!("UPDATE {clause}{} SET {} = {value} WHERE {key}", self.name(), quoted(&column))
    }

    fn update_many(&mut self) -> String {
        if !self.has(Feature::ManyRows) {
            return self.update_values();
        }
        let table = self.table;
        let clause = self.clause();
        let last = &table.key[table.key.len() - 1];
        let set = match (self.rng.u8(..3), table.column(last).map(|column| column.kind)) {
            (0, Some("INTEGER")) => format!("{0} = -{0}", quoted(last)),
            (0, Some("BLOB")) => format!("{0} = zeroblob(length({0}))", quoted(last)),
            (0, _) => format!("{0} = {0} || 'x'", quoted(last)),
            _ => self.assignments(""),
        };
        format!("UPDATE {clause}{} SET {set}", self.name())
    }

    fn delete(&mut self) -> String {
        let table = self.table;
        let by_value = self.rng.u8(..3) == 0 && self.has(Feature::ManyRows);
        let condition = if by_value {
            let column = &table.columns[self.rng.usize(..table.columns.len())];
            format!("{} IS {}", quoted(&column.name), self.value(column))
        } else {
            self.key_is()
        };
        format!("DELETE FROM {} WHERE {condition}", self.name())
    }

    fn delete_many(&mut self) -> String {
        if !self.has(Feature::ManyRows) {
            return self.delete();
        }
        format!("DELETE FROM {}", self.name())
    }
}
