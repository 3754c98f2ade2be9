//! What the classes of mapping are built with.

use fastrand::Rng;

use super::domain::Domain;
use super::field::{Field, filled};
use super::letters::recase;
use super::mapping::{Mapping, Plan};
use super::names::Names;
use super::spec::{Feature, Spec};
use super::table::{Clauses, Column, Foreign, KeyKind, Table};
use super::unique_indexes;
use crate::sql::quoted;

/// A primary key, on either side.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) columns: Vec<Column>,
    pub(crate) kind: KeyKind,
}

impl Key {
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }
}

/// A case in the making.
pub(crate) struct Builder<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) rng: Rng,
    pub(crate) names: &'a mut Names,
    /// Whether new tables may have the names of the old ones that they stand for, and new
    /// columns those of old ones.
    pub(crate) in_place: bool,
    pub(crate) plan: Plan,
}

impl Builder<'_> {
    pub(crate) fn has(&mut self, feature: Feature, percent: u8) -> bool {
        self.spec.has(feature, &mut self.rng, percent)
    }

    /// A key for an old table.
    pub(crate) fn key(&mut self) -> Key {
        let shape = self.rng.u8(..10);
        let odd = self.has(Feature::OddKeys, 55);
        let autoincrement = self.has(Feature::Autoincrement, 25);
        let nocase = self.has(Feature::Nocase, 25);
        let nullable = self.has(Feature::OddKeys, 5);
        let rtrim = self.has(Feature::Rtrim, 10);
        let stands_in = self.has(Feature::StandIns, 12);
        let mut column = |kind, domain| Column::new(self.names.fresh("id"), kind, domain);
        let mut columns = match shape {
            _ if !odd => vec![column("INTEGER", Domain::Number)],
            0..5 => vec![column("TEXT", Domain::Word)],
            5..9 => vec![column("TEXT", Domain::Word), column("INTEGER", Domain::Number)],
            _ => vec![column("BLOB", Domain::Blob)],
        };
        let kind = match (odd, autoincrement) {
            (true, _) => KeyKind::Plain,
            (false, true) => KeyKind::Autoincrement,
            (false, false) => KeyKind::Rowid,
        };
        if odd {
            for column in &mut columns {
                column.not_null = !nullable;
                column.collation = match (column.kind, nocase, rtrim) {
                    ("TEXT", _, true) => "RTRIM",
                    ("TEXT", true, _) => "NOCASE",
                    _ => "",
                };
                let literal = column.domain.literal(&mut self.rng, false);
                column.default = (stands_in && !nullable).then_some(literal);
            }
        }
        Key { columns, kind }
    }

    /// The same key, under other names mostly.
    pub(crate) fn renamed(&mut self, key: &Key) -> Key {
        let mut key = key.clone();
        for column in &mut key.columns {
            *column = self.again(column, "key");
        }
        let (dropped, added) = (self.rng.bool(), self.has(Feature::Autoincrement, 20));
        match key.kind {
            KeyKind::Autoincrement if dropped => key.kind = KeyKind::Rowid,
            KeyKind::Rowid if added && self.in_place => key.kind = KeyKind::Autoincrement,
            _ => {}
        }
        key
    }

    /// The same column, under another name mostly: where tables change in place, columns
    /// stay what they are as well.
    pub(crate) fn again(&mut self, column: &Column, base: &str) -> Column {
        let (name, stays) = (self.names.fresh(base), self.rng.u8(..100) < 60);
        let name = if stays && self.in_place { column.name.clone() } else { name };
        Column { name, default: None, ..column.clone() }
    }

    /// Columns that refer to a key.
    pub(crate) fn references(&mut self, key: &Key) -> Vec<Column> {
        let mut columns = self.renamed(key).columns;
        for column in &mut columns {
            column.not_null = false;
        }
        columns
    }

    /// As many fields as the case may have, at most.
    pub(crate) fn fields(&mut self) -> Vec<Field> {
        let wanted = self.rng.usize(0..=3);
        let mut fields: Vec<Field> =
            (0..wanted).map(|_| Field::random(self.spec, &mut self.rng, self.names)).collect();
        self.alter(&mut fields);
        fields.truncate(self.spec.fields);
        fields
    }

    /// What changes in a table that keeps its name: columns keep theirs or exchange them,
    /// and what they hold is constrained.
    fn alter(&mut self, fields: &mut [Field]) {
        for field in fields.iter_mut() {
            let (stays, exacting) = (self.rng.u8(..100) < 60, self.has(Feature::Constraints, 15));
            let default = self.has(Feature::Constraints, 20);
            let literal = field.new[0].domain.literal(&mut self.rng, false);
            let recased = self.has(Feature::LetterCase, 15);
            if !self.in_place {
                continue;
            }
            if stays && field.generated.is_empty() {
                let name = &field.old[0].name;
                field.new[0].name = if recased { recase(name) } else { name.clone() };
            }
            field.new[0].default = default.then_some(literal);
            field.new[0].not_null = field.never_null() || exacting && field.is_copy();
        }
        let exchanged = self.rng.u8(..100) < 15;
        if let [one, other, ..] = fields
            && exchanged
            && self.in_place
        {
            std::mem::swap(&mut one.new[0].name, &mut other.new[0].name);
        }
    }

    /// A column of its own.
    pub(crate) fn column(&mut self, base: &str, kind: &'static str, domain: Domain) -> Column {
        Column::new(self.names.fresh(base), kind, domain)
    }

    /// A table with a key, these columns, and what chance adds.
    pub(crate) fn table(&mut self, base: &str, key: &Key, columns: Vec<Column>) -> Table {
        let strict = self.has(Feature::Strict, 20);
        let without_rowid = self.has(Feature::WithoutRowid, 30) && key.kind == KeyKind::Plain;
        let mut columns = [key.columns.clone(), columns].concat();
        if without_rowid {
            for column in columns.iter_mut().take(key.columns.len()) {
                column.not_null = true;
            }
        }
        let clauses = self.clauses();
        Table {
            clauses,
            name: self.names.fresh(base),
            columns,
            key: key.names(),
            key_kind: key.kind,
            uniques: Vec::new(),
            foreign: Vec::new(),
            checks: Vec::new(),
            strict,
            without_rowid,
            indexes: Vec::new(),
        }
    }

    /// What a table's constraints say of conflicts: nothing, mostly.
    fn clauses(&mut self) -> Clauses {
        const ALL: [&str; 6] = [
            " ON CONFLICT REPLACE",
            " ON CONFLICT REPLACE",
            " ON CONFLICT IGNORE",
            " ON CONFLICT FAIL",
            " ON CONFLICT ROLLBACK",
            " ON CONFLICT ABORT",
        ];
        let mut any = || {
            let (has, which) = (self.has(Feature::Clauses, 8), self.rng.usize(..ALL.len()));
            if has { ALL[which] } else { "" }
        };
        Clauses { key: any(), uniques: any(), not_null: any() }
    }

    /// A new table that stands for an old one, and has its name in some cases.
    pub(crate) fn instead(
        &mut self,
        old: &Table,
        base: &str,
        key: &Key,
        columns: Vec<Column>,
    ) -> Table {
        let mut table = self.table(base, key, columns);
        let same_name = self.rng.u8(..100) < 80;
        if same_name && self.in_place {
            table.name = old.name.clone();
        }
        table
    }

    /// Unique keys, checks and indexes over a field that both sides hold as it is.
    pub(crate) fn constrain(&mut self, fields: &[Field], old: &mut Table, new: &mut Table) {
        let (unique, partial) = (self.has(Feature::Unique, 40), self.has(Feature::Indexes, 30));
        let (index, check) = (self.has(Feature::Indexes, 40), self.has(Feature::Constraints, 15));
        let mut names = [self.names.fresh("ix"), self.names.fresh("ix"), self.names.fresh("ix")];
        let stays = self.rng.bool();
        if stays && old.name == new.name {
            names[2] = names[1].clone();
        }
        let copies = || fields.iter().filter(|field| field.is_copy());
        if let (Some(field), true) = (copies().next(), unique) {
            let columns = [field.old[0].name.clone(), field.new[0].name.clone()];
            if partial {
                let column = quoted(&columns[0]);
                let rest = format!("({column}) WHERE {column} IS NOT NULL");
                old.indexes.push((names[0].clone(), true, rest));
            } else {
                old.uniques.push(vec![columns[0].clone()]);
            }
            // On both sides: rows are kept in step one by one, so a statement may pass
            // through a state that only one side could hold.
            new.uniques.push(vec![columns[1].clone()]);
        }
        self.more_keys(fields, old, new);
        let indexes = [self.names.fresh("ux"), self.names.fresh("ux")];
        unique_indexes::add((self.spec, &mut self.rng), indexes, fields, (old, new));
        if let (Some(field), true) = (fields.last(), index) {
            let column = field.generated.last().unwrap_or(&field.old[0]);
            old.indexes.push((names[1].clone(), false, format!("({})", quoted(&column.name))));
            new.indexes.push((
                names[2].clone(),
                false,
                format!("({} DESC)", quoted(&field.new[0].name)),
            ));
        }
        if let (Some(field), true) = (copies().next_back(), check) {
            new.checks.push(format!("{} IS NOT 42", quoted(&field.new[0].name)));
        }
    }

    /// A second unique key, which may be of a generated column.
    fn more_keys(&mut self, fields: &[Field], old: &mut Table, new: &mut Table) {
        let (more, generated) = (self.has(Feature::ManyKeys, 30), self.has(Feature::Generated, 40));
        let mut add = |one: &Column, other: &Column| {
            old.uniques.push(vec![one.name.clone()]);
            new.uniques.push(vec![other.name.clone()]);
        };
        if let (Some(field), true) = (fields.iter().filter(|field| field.is_copy()).nth(1), more) {
            add(&field.old[0], &field.new[0]);
        }
        let chained = fields.iter().find_map(|field| Some((field, field.generated.last()?)));
        if let (Some((field, column)), true) = (chained, generated) {
            add(column, &field.new[0]);
        }
    }

    /// A foreign key, if the case has them.
    pub(crate) fn refer(&mut self, columns: &[Column], parent: &Table) -> Option<Foreign> {
        let which = self.rng.usize(..4);
        let has = self.has(Feature::ForeignKeys, 60);
        let action =
            ["", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE CASCADE ON UPDATE CASCADE"]
                [which];
        has.then(|| Foreign {
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            table: parent.name.clone(),
            parent: parent.key.clone(),
            action,
        })
    }

    /// Adds a forward mapping.
    pub(crate) fn forward(&mut self, table: &Table, select: String) {
        self.plan.forward.push(fills(table, select));
    }

    /// Adds a backward mapping.
    pub(crate) fn backward(&mut self, table: &Table, select: String) {
        self.plan.backward.push(fills(table, select));
    }
}

fn fills(table: &Table, select: String) -> Mapping {
    let stored = table.columns.iter().filter(|column| column.generated.is_none());
    let columns = stored.map(|column| column.name.clone()).collect();
    Mapping { table: table.name.clone(), columns, select, scope: None }
}

/// The old columns of fields.
pub(crate) fn olds(fields: &[Field]) -> Vec<Column> {
    fields.iter().flat_map(Field::all_old).collect()
}

/// The new columns of fields.
pub(crate) fn news(fields: &[Field]) -> Vec<Column> {
    fields.iter().flat_map(|field| field.new.clone()).collect()
}

/// What gives the new columns of fields.
pub(crate) fn forwards(fields: &[Field], alias: &str) -> Vec<String> {
    fields.iter().flat_map(|field| filled(&field.forward, alias, &field.all_old())).collect()
}

/// What gives the old columns of fields.
pub(crate) fn backwards(fields: &[Field], alias: &str) -> Vec<String> {
    fields.iter().flat_map(|field| filled(&field.backward, alias, &field.new)).collect()
}

/// Columns as they are.
pub(crate) fn plain(columns: &[Column], alias: &str) -> Vec<String> {
    columns.iter().map(|column| format!("{alias}.{}", quoted(&column.name))).collect()
}

/// `a.x = b.y AND …`
pub(crate) fn equal(one: &[Column], alias: &str, other: &[Column], with: &str) -> String {
    let pairs = plain(one, alias).into_iter().zip(plain(other, with));
    pairs.map(|(one, other)| format!("{one} = {other}")).collect::<Vec<_>>().join(" AND ")
}

/// `SELECT these`
pub(crate) fn select(items: &[Vec<String>]) -> String {
    format!("SELECT {}", items.concat().join(", "))
}
