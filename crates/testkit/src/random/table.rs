//! Tables as data: printed as SQL, and known well enough to be written to.

use super::domain::Domain;
use crate::sql::quoted;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, without quotes.
    pub name: String,
    /// Its declared type, which may be empty.
    pub kind: &'static str,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// How its texts compare, where not byte by byte.
    pub collation: &'static str,
    /// What it holds if nothing is said.
    pub default: Option<String>,
    /// Where it is generated: from what, and whether that is stored.
    pub generated: Option<String>,
    /// What programs write into it.
    pub domain: Domain,
}

impl Column {
    pub(crate) fn new(name: String, kind: &'static str, domain: Domain) -> Self {
        Self { name, kind, not_null: false, collation: "", default: None, generated: None, domain }
    }
}

/// How a table's primary key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `INTEGER PRIMARY KEY`
    Rowid,
    /// `INTEGER PRIMARY KEY AUTOINCREMENT`
    Autoincrement,
    /// `PRIMARY KEY (…)` at the end.
    Plain,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table they refer to.
    pub table: String,
    /// Its columns.
    pub parent: Vec<String>,
    /// What happens when the parent goes.
    pub action: &'static str,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, without quotes or side.
    pub name: String,
    /// Its columns. Those of the primary key are among them.
    pub columns: Vec<Column>,
    /// The primary key's columns.
    pub key: Vec<String>,
    /// How the key is written.
    pub key_kind: KeyKind,
    /// Other unique keys.
    pub uniques: Vec<Vec<String>>,
    /// Foreign keys.
    pub foreign: Vec<Foreign>,
    /// CHECK expressions.
    pub checks: Vec<String>,
    /// Whether the table is STRICT.
    pub strict: bool,
    /// Whether the table is WITHOUT ROWID.
    pub without_rowid: bool,
    /// Indexes: name, whether it is UNIQUE, and what follows the table's name.
    pub indexes: Vec<(String, bool, String)>,
    /// What the primary key, the other keys and NOT NULL say of conflicts.
    pub clauses: Clauses,
}

/// `ON CONFLICT …` of a table's constraints, or nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clauses {
    /// Of the primary key.
    pub key: &'static str,
    /// Of other unique keys.
    pub uniques: &'static str,
    /// Of NOT NULL, where there is a default.
    pub not_null: &'static str,
}

impl Table {
    /// The statements that create the table and its indexes in a schema: `old.`, `new.`,
    /// or nothing for the main one.
    #[must_use]
    pub fn create(&self, schema: &str) -> Vec<String> {
        let mut parts: Vec<String> =
            self.columns.iter().map(|column| self.declare(column)).collect();
        if self.key_kind == KeyKind::Plain {
            parts.push(format!("PRIMARY KEY ({}){}", names(&self.key), self.clauses.key));
        }
        parts.extend(
            self.uniques
                .iter()
                .map(|unique| format!("UNIQUE ({}){}", names(unique), self.clauses.uniques)),
        );
        parts.extend(self.checks.iter().map(|check| format!("CHECK ({check})")));
        parts.extend(self.foreign.iter().map(|key| {
            format!(
                "FOREIGN KEY ({}) REFERENCES {} ({}) {}",
                names(&key.columns),
                quoted(&key.table),
                names(&key.parent),
                key.action
            )
        }));
        let options: Vec<&str> = [(self.strict, "STRICT"), (self.without_rowid, "WITHOUT ROWID")]
            .into_iter()
            .filter_map(|(has, option)| has.then_some(option))
            .collect();
        let table = quoted(&self.name);
        let create =
            format!("CREATE TABLE {schema}{table} ({}) {}", parts.join(", "), options.join(", "));
        let indexes = self.indexes.iter().map(|(name, unique, rest)| {
            let unique = if *unique { "UNIQUE " } else { "" };
            format!("CREATE {unique}INDEX {schema}{} ON {table} {rest}", quoted(name))
        });
        std::iter::once(create.trim_end().to_owned()).chain(indexes).collect()
    }

    /// The table as programs write it: without what is generated.
    #[must_use]
    pub fn written(&self) -> Self {
        let mut table = self.clone();
        table.columns.retain(|column| column.generated.is_none());
        let has = |name: &String| table.columns.iter().any(|column| column.name == *name);
        table.uniques.retain(|key| key.iter().all(has));
        table
    }

    /// The table with constraints that refuse, whatever its author had them do.
    #[must_use]
    pub fn refusing(&self) -> Self {
        Self { clauses: Clauses::default(), ..self.clone() }
    }

    /// Whether its rows have a rowid that no column is.
    #[must_use]
    pub fn hides_a_rowid(&self) -> bool {
        !self.without_rowid && self.key_kind == KeyKind::Plain
    }

    /// A column by its name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of all columns, quoted, in a list.
    #[must_use]
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }

    fn declare(&self, column: &Column) -> String {
        let kind = match column.kind {
            "" | "NUMERIC" if self.strict => "ANY",
            kind => kind,
        };
        let mut text = format!("{} {kind}", quoted(&column.name)).trim_end().to_owned();
        if self.key == [column.name.clone()] {
            match self.key_kind {
                KeyKind::Rowid => text += &format!(" PRIMARY KEY{}", self.clauses.key),
                KeyKind::Autoincrement => {
                    text += &format!(" PRIMARY KEY{} AUTOINCREMENT", self.clauses.key);
                }
                KeyKind::Plain => {}
            }
        }
        if column.not_null {
            let clause = if column.default.is_some() { self.clauses.not_null } else { "" };
            text += &format!(" NOT NULL{clause}");
        }
        if let Some(default) = &column.default {
            text += &format!(" DEFAULT ({default})");
        }
        if let Some(generated) = &column.generated {
            text += &format!(" GENERATED ALWAYS AS {generated}");
        }
        if !column.collation.is_empty() {
            text += &format!(" COLLATE {}", column.collation);
        }
        text
    }
}

/// Names in quotes, in a list.
pub(crate) fn names(columns: &[String]) -> String {
    columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
