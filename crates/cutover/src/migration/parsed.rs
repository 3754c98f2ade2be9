//! What a migration file says.

use crate::phase::{Direction, Side};
use crate::tree::Select;

/// A migration, read from one plain SQL file.
///
/// Reading knows nothing of any database: it accepts what a migration file may
/// hold and refuses the rest with its place. Whether the statements fit the live
/// tables is found by [`check`](crate::Engine::check).
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) hash: String,
    pub(crate) tables: Vec<NewTable>,
    pub(crate) indexes: Vec<NewIndex>,
    /// In the order of the file.
    pub(crate) mappings: Vec<Mapping>,
    /// The names that a table has on both sides: those tables change in place.
    pub(super) shared: Vec<String>,
    /// The old tables that statements read or fill.
    pub(super) old_tables: Vec<String>,
}

/// A place in a migration file, both counted from 1. The column counts
/// characters, as editors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// `CREATE TABLE new.…`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewTable {
    /// The table's name, without its side and without quotes.
    pub(crate) name: String,
    /// The statement as written, without the `new.` before the table's name.
    pub(crate) sql: String,
    pub(crate) at: Location,
}

/// `CREATE INDEX new.…`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewIndex {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) sql: String,
    pub(crate) at: Location,
}

/// One `INSERT … SELECT`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping {
    /// Forward mappings fill `new.` tables, backward ones `old.` tables.
    pub(crate) direction: Direction,
    /// The table it fills, without its side and without quotes.
    pub(crate) target: String,
    /// The INSERT's columns, without quotes, as many as the SELECT gives.
    pub(crate) columns: Vec<String>,
    /// The SELECT. Tables are still qualified by `old` or `new`.
    pub(crate) select: Select,
    /// The columns named by a `-- scope:` comment above the statement.
    pub(crate) scope: Option<Vec<String>>,
    /// Where the statement begins.
    pub(crate) at: Location,
    /// Where each word of the statement stands, to point at it in an error.
    pub(crate) words: Vec<(String, Location)>,
}

impl Mapping {
    /// The side of the table it fills.
    pub(crate) fn side(&self) -> Side {
        self.direction.target()
    }

    /// Where a name is first written in this statement, or where the statement
    /// begins.
    pub(crate) fn locate(&self, name: &str) -> Location {
        self.words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map_or(self.at, |(_, at)| *at)
    }
}

impl Migration {
    /// A migration whose text can't be read by this version: nothing is known of it but its
    /// name.
    pub(crate) fn unread(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            hash: String::new(),
            tables: Vec::new(),
            indexes: Vec::new(),
            mappings: Vec::new(),
            shared: Vec::new(),
            old_tables: Vec::new(),
        }
    }

    /// Whether nothing is known of it: a file without a mapping is refused.
    pub(crate) fn is_unread(&self) -> bool {
        self.mappings.is_empty()
    }

    /// The migration's name: its file's stem.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statements that create the new tables and their indexes, tables first: for a database that begins on the new schema.
    pub fn new_schema(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().map(|table| table.sql.as_str());
        tables.chain(self.indexes.iter().map(|index| index.sql.as_str()))
    }

    /// The BLAKE3 hash of the text, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether both sides have a table of this name.
    pub(crate) fn shares(&self, table: &str) -> bool {
        self.shared.iter().any(|shared| shared.eq_ignore_ascii_case(table))
    }

    /// The old tables that the file names: those it replaces and those it only reads.
    pub(crate) fn old_tables(&self) -> impl Iterator<Item = &str> {
        self.old_tables.iter().map(String::as_str)
    }

    /// Whether it replaces an old table: a backward statement fills it.
    pub(crate) fn replaces(&self, table: &str) -> bool {
        self.direction(Direction::Backward).any(|m| m.target.eq_ignore_ascii_case(table))
    }

    /// The mappings of one direction, in the order of the file.
    pub(crate) fn direction(&self, direction: Direction) -> impl Iterator<Item = &Mapping> {
        self.mappings.iter().filter(move |mapping| mapping.direction == direction)
    }
}
