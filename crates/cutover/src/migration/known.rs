//! What the statements read so far have created and filled.

use crate::migration::parsed::{Location, Mapping, Migration, NewIndex, NewTable};
use crate::phase::{Direction, Side};

/// The names of a file, as they become known from top to bottom. Names are
/// compared as SQLite does: ASCII letters in any case.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) tables: Vec<NewTable>,
    pub(super) indexes: Vec<NewIndex>,
    pub(super) mappings: Vec<Mapping>,
    /// The columns of each of `tables`.
    columns: Vec<Vec<Column>>,
    /// The old tables that statements name.
    old_tables: Vec<String>,
}

/// A column of a new table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) generated: bool,
}

impl Known {
    pub(super) fn add_table(&mut self, table: NewTable, columns: Vec<Column>) {
        self.tables.push(table);
        self.columns.push(columns);
    }

    pub(super) fn add_old_table(&mut self, name: &str) {
        if !self.names_old(name) {
            self.old_tables.push(name.to_owned());
        }
    }

    /// Whether the file creates this new table further up.
    pub(super) fn creates_table(&self, name: &str) -> bool {
        self.columns_of(name).is_some()
    }

    /// Whether a new table or an index has this name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.creates_table(name)
            || self.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name))
    }

    /// The columns of a new table.
    pub(super) fn columns_of(&self, table: &str) -> Option<&[Column]> {
        let at = self.tables.iter().position(|known| known.name.eq_ignore_ascii_case(table))?;
        self.columns.get(at).map(Vec::as_slice)
    }

    /// Whether a statement further up fills this new table.
    pub(super) fn fills(&self, table: &str) -> bool {
        self.mappings.iter().any(|mapping| {
            mapping.side() == Side::New && mapping.target.eq_ignore_ascii_case(table)
        })
    }

    /// Whether a statement further up names this old table.
    pub(super) fn names_old(&self, table: &str) -> bool {
        self.old_tables.iter().any(|known| known.eq_ignore_ascii_case(table))
    }

    /// Whether there is a mapping of this direction.
    pub(super) fn has(&self, direction: Direction) -> bool {
        self.mappings.iter().any(|mapping| mapping.direction == direction)
    }

    /// The first table that nothing fills.
    pub(super) fn unfilled(&self) -> Option<(&str, Location)> {
        let table = self.tables.iter().find(|table| !self.fills(&table.name))?;
        Some((&table.name, table.at))
    }

    /// The new tables that have the name of an old one.
    fn shared(&self) -> impl Iterator<Item = &NewTable> {
        self.tables.iter().filter(|table| self.names_old(&table.name))
    }

    /// The first old table that one of its name takes the place of, and whose rows no
    /// statement gives back.
    pub(super) fn replaced_for_good(&self) -> Option<(&str, Location)> {
        let given_back = |table: &&NewTable| {
            self.mappings.iter().any(|mapping| {
                mapping.side() == Side::Old && mapping.target.eq_ignore_ascii_case(&table.name)
            })
        };
        let table = self.shared().find(|table| !given_back(table))?;
        Some((&table.name, table.at))
    }

    /// The migration, once the whole file is read.
    pub(super) fn into_migration(self, name: &str, text: &str) -> Migration {
        Migration {
            name: name.to_owned(),
            text: text.to_owned(),
            shared: self.shared().map(|table| table.name.clone()).collect(),
            old_tables: self.old_tables,
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            tables: self.tables,
            indexes: self.indexes,
            mappings: self.mappings,
        }
    }
}
