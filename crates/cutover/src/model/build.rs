//! A migration on a particular database: everything the operations need to know,
//! put together from the file and the tables as they are.

use super::remains;
use super::written::as_written;
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Db, Wall, catalog};
use crate::derive::derived::goes_by_range;
use crate::derive::flaw::{Flaw, FlawKind};
use crate::derive::indexes::{Needed, missing};
use crate::derive::names::Names;
use crate::derive::target::{Target, targets};
use crate::error::{Error, Refusal, Result};
use crate::migration::{Migration, MigrationError};
use crate::phase::{Direction, Side, Writes};
use crate::schema::{AppTrigger, Catalog, Table, Tables};

/// The migration, its number in the database, and what follows from its mappings.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) migration: Migration,
    pub(crate) names: Names,
    /// The sides that writes enter: their tables are defined as their authors wrote them.
    pub(crate) writes: Writes,
    pub(crate) catalog: Catalog,
    pub(crate) forward: Vec<Target>,
    pub(crate) backward: Vec<Target>,
}

impl Model {
    /// Puts the migration together with the tables of the database. Changes nothing.
    pub(crate) fn build(
        db: &Db,
        migration: Migration,
        number: i64,
        writes: Writes,
    ) -> Result<Self> {
        Self::derive(db, migration.clone(), number, writes)?
            .map_err(|flaw| refuse(&migration, &flaw))
    }

    /// As [`build`](Self::build), with what is wrong with a mapping as a finding.
    pub(crate) fn derive(
        db: &Db,
        migration: Migration,
        number: i64,
        writes: Writes,
    ) -> Result<std::result::Result<Self, Flaw>> {
        let catalog = read_catalog(db, &migration, number, writes.named_side())?;
        Ok(Self::from_catalog(migration, number, writes, catalog))
    }

    /// What is wrong with a mapping whose answer is not the same each time. Asked before a
    /// migration starts: one that an older release let through goes on, and back.
    pub(crate) fn undetermined(&self) -> Option<Flaw> {
        [&self.forward, &self.backward].into_iter().find_map(|targets| {
            crate::derive::target::undetermined(&self.migration, targets, &self.catalog).err()
        })
    }

    fn from_catalog(
        migration: Migration,
        number: i64,
        writes: Writes,
        catalog: Catalog,
    ) -> std::result::Result<Self, Flaw> {
        let names = Names { migration: number };
        let forward = targets(&migration, Direction::Forward, &catalog)?;
        let backward = targets(&migration, Direction::Backward, &catalog)?;
        Ok(Self { names, writes, migration, catalog, forward, backward })
    }

    /// The side whose tables have the names that both sides have.
    pub(crate) fn named_side(&self) -> Side {
        self.writes.named_side()
    }

    /// The model for when writes enter these sides.
    pub(crate) fn written(&self, writes: Writes) -> Result<Self> {
        let named_side = writes.named_side();
        let mut catalog = self.catalog.clone();
        if named_side != self.named_side() {
            exchange_names(&mut catalog, named_side);
        }
        Self::from_catalog(self.migration.clone(), self.names.migration, writes, catalog)
            .map_err(|flaw| refuse(&self.migration, &flaw))
    }

    /// The migration without its mappings, whatever became of the tables: once it is retired
    /// nothing else is left of it, and to leave it nothing else is needed.
    pub(crate) fn bare(db: &Db, record: &Record) -> Result<Self> {
        let writes = record.phase.writes();
        let named_side = writes.named_side();
        let mut migration = remains::read(record);
        let catalog = match read_catalog(db, &migration, record.id, named_side) {
            Err(Error::Migration(_)) => {
                migration = Migration::unread(&record.name, &record.text);
                read_catalog(db, &migration, record.id, named_side)?
            }
            catalog => catalog?,
        };
        Ok(Self {
            names: Names { migration: record.id },
            writes,
            catalog,
            migration,
            forward: Vec::new(),
            backward: Vec::new(),
        })
    }

    pub(crate) fn targets(&self, direction: Direction) -> &[Target] {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }

    /// The old tables that the migration replaces: those the backward mapping fills. Old
    /// tables that are only read, for what they say of others, stay as they are.
    pub(crate) fn old_tables(&self) -> impl Iterator<Item = &Table> {
        self.backward.iter().map(|target| &target.table)
    }

    /// The old tables that mappings read and the backward mapping does not fill. They stay live in every
    /// phase; what changes in them once writes enter the new tables reaches nothing.
    pub(crate) fn only_read(&self) -> impl Iterator<Item = &Table> {
        let read = self.migration.old_tables().filter(|table| !self.migration.replaces(table));
        read.filter_map(|table| self.catalog.old.get(table))
    }

    /// Whether both directions tell of this target. From `write-new` on, what a forward mapping
    /// makes of a table that is only read says nothing of the new tables: programs write to
    /// both, and neither follows the other.
    pub(crate) fn is_followed_back(&self, target: &Target) -> bool {
        let read = |table: &str| self.only_read().any(|only| only.name == table);
        let reads = |target: &Target, side: Side, of: &dyn Fn(&str) -> bool| {
            target.leaves().any(|(_, leaf)| leaf.side == side && of(&leaf.table))
        };
        if self.writes == Writes::Old || target.direction == Direction::Backward {
            return true;
        }
        // A table filled earlier passes on what it was made of.
        let parent = |name: &str| {
            self.forward.iter().any(|parent| {
                parent.table.name == name
                    && parent.table.name != target.table.name
                    && !self.is_followed_back(parent)
            })
        };
        !reads(target, Side::Old, &read) && !reads(target, Side::New, &parent)
    }

    /// The tables the migration creates, in the order of the file.
    pub(crate) fn new_tables(&self) -> impl Iterator<Item = &Table> {
        self.migration.tables.iter().filter_map(|table| self.catalog.new.get(&table.name))
    }

    /// Whether other targets of the same direction read this one.
    pub(crate) fn is_parent(&self, target: &Target) -> bool {
        self.targets(target.direction).iter().flat_map(Target::leaves).any(|(_, leaf)| {
            leaf.side == target.direction.target() && leaf.table == target.table.name
        })
    }

    /// Whether a pass over this target can go by ranges of the source's key.
    pub(crate) fn by_range(&self, target: &Target) -> bool {
        goes_by_range(target, &|leaf| {
            let table = self.catalog.table(leaf.side, &leaf.table)?;
            let key = table.primary_key()?;
            key.columns.iter().all(|part| table.never_null(part)).then(|| key.columns.clone())
        })
    }

    /// The indexes the sync needs and the tables lack, each under its name: that of its table
    /// while the old side has the names that both have, for an index keeps its name when the
    /// tables' names change hands.
    pub(crate) fn missing_indexes(&self) -> Vec<(String, Needed)> {
        let mut needed = missing(&self.forward, &self.catalog);
        for found in missing(&self.backward, &self.catalog) {
            if !needed.contains(&found) {
                needed.push(found);
            }
        }
        needed
            .into_iter()
            .map(|needed| {
                let table = self.catalog.table(needed.side, &needed.table);
                let name = match table.filter(|table| table.shared) {
                    Some(table) => stored(&table.known_as, needed.side, Side::Old),
                    None => needed.table.clone(),
                };
                (self.names.index(&name, &needed.parts()), needed)
            })
            .collect()
    }
}

/// Stores the tables that share their names under those they have when the other side has
/// the names. The application's triggers go with the name.
fn exchange_names(catalog: &mut Catalog, named_side: Side) {
    let mut triggers: Vec<(String, Vec<AppTrigger>)> = Vec::new();
    for side in [named_side.other(), named_side] {
        for table in catalog.side_mut(side).iter_mut().filter(|table| table.shared) {
            table.name = stored(&table.known_as, side, named_side);
            if side != named_side {
                triggers.push((table.known_as.clone(), std::mem::take(&mut table.triggers)));
            } else if let Some((_, come)) =
                triggers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&table.known_as))
            {
                table.triggers.append(come);
            }
        }
    }
}

/// The name a table that shares its name is stored under.
fn stored(known_as: &str, side: Side, named_side: Side) -> String {
    if side == named_side { known_as.to_owned() } else { Names::aside(side, known_as) }
}

fn read_catalog(db: &Db, migration: &Migration, number: i64, named_side: Side) -> Result<Catalog> {
    let apart = catalog::apart(db)?;
    let mut old = old_tables(db, migration, named_side)?;
    if named_side == Side::New && state::exists(db)? {
        let written = state::definitions(db, number)?;
        let own = old.iter().map(|table| as_written(db, table.clone(), &written));
        old = own.collect::<Result<_>>()?;
    }
    old.retain(|table| !apart.iter().any(|(name, _)| *name == table.name));
    let mut new = new_tables(migration, named_side)?;
    // What the application hung on them since they were made.
    for (on, trigger) in catalog::triggers_with_tables(db)? {
        let mut tables = new.iter_mut();
        if let Some(table) = tables.find(|table| table.name.eq_ignore_ascii_case(&on)) {
            table.triggers.push(trigger);
        }
    }
    Ok(Catalog { old, new, apart })
}

fn old_tables(db: &Db, migration: &Migration, named_side: Side) -> Result<Tables> {
    let mut tables = Tables::default();
    for name in catalog::table_names(db)? {
        let shared = migration.shares(&name);
        let stored = if shared { stored(&name, Side::Old, named_side) } else { name.clone() };
        if let Some(table) = catalog::table(db, &stored)? {
            // While the other side has the name it may be spelled as that spells it: the
            // name that it lies under tells how this side does.
            let aside = Names::aside(Side::Old, "");
            let known_as = match table.name.strip_prefix(aside.as_str()) {
                Some(own) if shared && named_side == Side::New => own.to_owned(),
                _ => name,
            };
            tables.insert(Table { known_as, shared, ..table });
        }
    }
    Ok(tables)
}

/// The new tables as SQLite understands their CREATE statements, from an empty
/// database in memory: they need not exist yet.
fn new_tables(migration: &Migration, named_side: Side) -> Result<Tables> {
    let scratch = Db::memory()?;
    let create = |sql: &str| scratch.behind(Wall::Definition, || scratch.attempt(sql));
    let mut tables = Tables::default();
    for created in &migration.tables {
        create(&created.sql).map_err(|source| {
            Error::Migration(MigrationError::at(
                migration,
                created.at,
                format!("SQLite does not accept this table: {source}"),
                "correct the CREATE TABLE statement",
            ))
        })?;
    }
    for created in &migration.indexes {
        create(&created.sql).map_err(|source| {
            Error::Migration(MigrationError::at(
                migration,
                created.at,
                format!("SQLite does not accept this index: {source}"),
                "correct the CREATE INDEX statement",
            ))
        })?;
    }
    for created in &migration.tables {
        if let Some(table) = catalog::table(&scratch, &created.name)? {
            let shared = migration.shares(&table.name);
            let name = if shared {
                stored(&table.name, Side::New, named_side)
            } else {
                table.name.clone()
            };
            tables.insert(Table { known_as: table.name.clone(), name, shared, ..table });
        }
    }
    Ok(tables)
}

/// A flaw as an error of its kind.
pub(crate) fn refuse(migration: &Migration, flaw: &Flaw) -> Error {
    match flaw.kind {
        FlawKind::Mismatch => Error::Migration(MigrationError::at(
            migration,
            flaw.at,
            flaw.reason.clone(),
            flaw.fix.clone(),
        )),
        FlawKind::CantKeepInStep => Error::Refused(Refusal::new(
            format!("migration {}", migration.name()),
            format!("line {}, column {}: {}", flaw.at.line, flaw.at.column, flaw.reason),
            flaw.fix.clone(),
        )),
    }
}
