//! What the engine knows of a table: plain data, read by a backend, decided upon
//! by the pure parts.

use std::collections::BTreeMap;

pub(crate) use crate::affinity::Affinity;
use crate::nearest::nearest;
use crate::phase::Side;
use crate::tree::Expr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) declared: String,
    pub(crate) affinity: Affinity,
    pub(crate) collation: String,
    pub(crate) not_null: bool,
    pub(crate) generated: bool,
    /// What it is generated from, over columns that are not; none where that can't be read.
    pub(crate) expression: Option<String>,
    /// The same, as it is analysed.
    pub(crate) computed: Option<Check>,
    /// The DEFAULT, as written.
    pub(crate) default: Option<String>,
}

impl Column {
    pub(crate) fn is_binary(&self) -> bool {
        self.collation.eq_ignore_ascii_case("BINARY")
    }
}

/// A set of columns no two rows agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UniqueKey {
    pub(crate) columns: Vec<String>,
    pub(crate) primary: bool,
    /// The WHERE of a partial index.
    pub(crate) condition: Option<Check>,
}

impl UniqueKey {
    /// The columns that decide whether a row conflicts on it.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().chain(self.condition.iter().flat_map(|condition| &condition.columns))
    }
}

/// A key by which a REPLACE removes rows: the rowid, a UNIQUE constraint, or a unique index of
/// any kind. Two rows conflict where they agree in every part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConflictKey {
    pub(crate) parts: Vec<KeyPart>,
    /// The WHERE of a partial index.
    pub(crate) condition: Option<Check>,
}

impl ConflictKey {
    /// A key over columns alone, with their own collations.
    pub(crate) fn over(columns: &[String]) -> Self {
        let part =
            |column: &String| KeyPart { value: Keyed::Column(column.clone()), collation: None };
        Self { parts: columns.iter().map(part).collect(), condition: None }
    }

    /// The columns that decide whether a row conflicts on it.
    pub(crate) fn watched(&self) -> Vec<String> {
        let of_parts = self.parts.iter().flat_map(|part| match &part.value {
            Keyed::Column(column) => vec![column.clone()],
            Keyed::Expression(expression) => expression.columns.clone(),
        });
        let of_condition = self.condition.iter().flat_map(|condition| condition.columns.clone());
        of_parts.chain(of_condition).collect()
    }

    /// Its columns, if it consists of columns.
    pub(crate) fn columns(&self) -> Option<Vec<&String>> {
        let column = |part: &'_ KeyPart| matches!(part.value, Keyed::Column(_));
        self.parts.iter().all(column).then(|| {
            self.parts
                .iter()
                .filter_map(|part| match &part.value {
                    Keyed::Column(column) => Some(column),
                    Keyed::Expression(_) => None,
                })
                .collect()
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPart {
    pub(crate) value: Keyed,
    /// How the index compares it, where that is not how the column does.
    pub(crate) collation: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// A column, or a name of the rowid.
    Column(String),
    Expression(Box<Check>),
}

/// An index, as far as it can serve a look-up by columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// Leading columns; an expression ends the list.
    pub(crate) columns: Vec<String>,
    pub(crate) partial: bool,
    /// Why the rows that a REPLACE removes by it can't be told, where they can't.
    pub(crate) irregular_unique: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    /// The parent, by the name it is known as.
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    /// The parent's columns; empty where they are its primary key.
    pub(crate) referred: Vec<String>,
    /// Whether it deletes or changes rows when that of the parent goes or changes its key.
    pub(crate) acts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppTrigger {
    pub(crate) name: String,
    pub(crate) sql: String,
}

impl AppTrigger {
    /// Whether it refuses with RAISE(FAIL), which keeps what the statement did until then.
    pub(crate) fn raises_fail(&self) -> bool {
        let bare: String = self.sql.split_whitespace().collect();
        bare.to_lowercase().contains("raise(fail")
    }
}

/// An expression over a table's columns: the condition of a CHECK constraint or of a partial
/// index, an indexed expression, what a column is generated from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// The expression as SQL, over the table's columns.
    pub(crate) sql: String,
    /// The same, as it is analysed.
    pub(crate) expr: Expr,
    /// The columns it names.
    pub(crate) columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// As the database names it at this moment. Where both sides have a table of one
    /// name, only the side that writes enter has it.
    pub(crate) name: String,
    /// As the migration names it, and people do.
    pub(crate) known_as: String,
    /// Whether the other side has a table of the same name.
    pub(crate) shared: bool,
    pub(crate) columns: Vec<Column>,
    /// The primary key first, then the UNIQUE constraints and plain unique indexes.
    pub(crate) uniques: Vec<UniqueKey>,
    /// Unique indexes with a WHERE: they identify no row, and a REPLACE removes rows by them.
    pub(crate) partial_uniques: Vec<UniqueKey>,
    /// Every key by which a REPLACE removes rows: those above, the rowid, and unique indexes
    /// that are neither.
    pub(crate) conflict_keys: Vec<ConflictKey>,
    /// Whether a constraint of its own says ON CONFLICT REPLACE.
    pub(crate) replaces_by_default: bool,
    pub(crate) indexes: Vec<Index>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// The application's triggers on it.
    pub(crate) triggers: Vec<AppTrigger>,
    /// The INTEGER PRIMARY KEY column, which is the rowid itself.
    pub(crate) rowid_alias: Option<String>,
    /// Whether no id is ever given out twice.
    pub(crate) autoincrement: bool,
    pub(crate) without_rowid: bool,
    pub(crate) strict: bool,
    pub(crate) has_checks: bool,
    /// The CHECK constraints, as far as they could be read.
    pub(crate) checks: Vec<Check>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn primary_key(&self) -> Option<&UniqueKey> {
        self.uniques.iter().find(|key| key.primary)
    }

    /// A name of the rowid that no column has taken; the first one if all are.
    pub(crate) fn rowid(&self) -> &'static str {
        let taken = |name: &&str| self.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name)).unwrap_or("rowid")
    }

    /// Every name of the rowid that no other column has taken; none WITHOUT ROWID.
    pub(crate) fn rowid_names(&self) -> Vec<String> {
        if self.without_rowid {
            return Vec::new();
        }
        let free = |name: &&str| self.is_rowid_alias(name) || self.column(name).is_none();
        let hidden = ["rowid", "oid", "_rowid_"].into_iter().filter(free).map(str::to_owned);
        let mut names: Vec<String> = self.rowid_alias.iter().cloned().chain(hidden).collect();
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        names
    }

    /// What tells a row of the table from every other.
    pub(crate) fn identity(&self) -> Vec<String> {
        match self.rowid_names().into_iter().next() {
            Some(name) => vec![name],
            None => self.primary_key().map_or_else(Vec::new, |key| key.columns.clone()),
        }
    }

    /// The names under which a SET may change one of these columns: `UPDATE OF` goes by the
    /// name that stands in the statement. The rowid has several, and a generated column
    /// changes with the columns that it is computed from.
    pub(crate) fn set_by(&self, columns: &[String]) -> Vec<String> {
        let rowids = self.rowid_names();
        let has =
            |all: &[String], name: &str| all.iter().any(|other| other.eq_ignore_ascii_case(name));
        let mut names: Vec<String> = Vec::new();
        for column in columns {
            let named = match self.column(column) {
                _ if has(&rowids, column) => rowids.clone(),
                Some(Column { generated: true, computed: Some(from), .. }) => {
                    self.set_by(&from.columns)
                }
                // What it is computed from can't be read: it may be anything.
                Some(Column { generated: true, .. }) => {
                    let stored = self.stored_columns().map(|column| column.name.clone());
                    stored.chain(rowids.clone()).collect()
                }
                _ => vec![column.clone()],
            };
            for name in named {
                if !has(&names, &name) {
                    names.push(name);
                }
            }
        }
        names
    }

    pub(crate) fn is_rowid_alias(&self, column: &str) -> bool {
        self.rowid_alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(column))
    }

    /// Whether a column never holds NULL. SQLite lets NULL into a PRIMARY KEY
    /// that is neither the rowid nor declared NOT NULL
    /// (<https://www.sqlite.org/lang_createtable.html#the_primary_key>).
    pub(crate) fn never_null(&self, column: &str) -> bool {
        self.is_rowid_alias(column) || self.column(column).is_some_and(|column| column.not_null)
    }

    /// The columns an application can write.
    pub(crate) fn stored_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.generated)
    }

    /// Whether some index leads with exactly these columns, in any order.
    pub(crate) fn has_index_on(&self, columns: &[String]) -> bool {
        let leads = |index: &[String]| {
            index.len() >= columns.len()
                && columns.iter().all(|column| {
                    index[..columns.len()].iter().any(|c| c.eq_ignore_ascii_case(column))
                })
        };
        matches!(columns, [only] if self.is_rowid_alias(only))
            || self.uniques.iter().any(|key| leads(&key.columns))
            || self.indexes.iter().any(|index| !index.partial && leads(&index.columns))
    }
}

/// What a definition defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defined {
    Table,
    Index,
}

impl Defined {
    /// As the schema calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
        }
    }
}

/// A table or an index as the schema records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) kind: Defined,
    pub(crate) name: String,
    pub(crate) sql: String,
}

/// A definition that takes the place of the one under the name `now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) now: String,
    pub(crate) to: Definition,
}

/// The tables of one side, by the lower-case name they are known as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// The table of a name: the one it is known as, or the one it is stored under.
    pub(crate) fn get(&self, name: &str) -> Option<&Table> {
        let known = || self.0.get(&name.to_lowercase());
        self.0.values().find(|table| table.name.eq_ignore_ascii_case(name)).or_else(known)
    }

    pub(crate) fn insert(&mut self, table: Table) {
        self.0.insert(table.known_as.to_lowercase(), table);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Table) -> bool) {
        self.0.retain(|_, table| keep(table));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Table> {
        self.0.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Table> {
        self.0.values_mut()
    }
}

impl FromIterator<Table> for Tables {
    fn from_iter<I: IntoIterator<Item = Table>>(tables: I) -> Self {
        let mut all = Self::default();
        for table in tables {
            all.insert(table);
        }
        all
    }
}

/// The tables of both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Catalog {
    /// What has rows and is no table a trigger can be on, and what it is: the views and the
    /// virtual tables of the database.
    pub(crate) apart: Vec<(String, String)>,
    pub(crate) old: Tables,
    pub(crate) new: Tables,
}

impl Catalog {
    pub(crate) fn side(&self, side: Side) -> &Tables {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    pub(crate) fn side_mut(&mut self, side: Side) -> &mut Tables {
        match side {
            Side::Old => &mut self.old,
            Side::New => &mut self.new,
        }
    }

    pub(crate) fn table(&self, side: Side, name: &str) -> Option<&Table> {
        self.side(side).get(name)
    }

    /// Why there is no table of a name, and what to do about it.
    pub(crate) fn missing(&self, side: Side, name: &str) -> (String, String) {
        let apart = self.apart.iter().find(|(apart, _)| apart.eq_ignore_ascii_case(name));
        match apart.filter(|_| side == Side::Old) {
            Some((name, kind)) => (
                format!("{side}.{name} is a {kind}: no trigger can tell what is written to it"),
                "name the tables its rows are stored in, or leave it out of the migration"
                    .to_owned(),
            ),
            None => (
                format!("there is no table {side}.{name}"),
                match nearest(name, self.side(side).iter().map(|table| &table.known_as)) {
                    Some(meant) => format!("there is {side}.{meant}"),
                    None => "check the name against the database's tables".to_owned(),
                },
            ),
        }
    }
}
