//! The [`Engine`]: a database, opened. What it does is in `operations` and `observe`.

use std::path::Path;

use super::options::Options;
use crate::backend::sqlite::catalog::Places;
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Db, file};
use crate::error::{Error, Result};
use crate::migration::{Migration, MigrationError};
use crate::model::build::Model;
use crate::model::lost::refuse_lost;
use crate::phase::Phase;
use crate::report::{Command, Fix};

/// A database and the operations on its migrations.
#[derive(Debug)]
pub struct Engine {
    pub(crate) db: Db,
    pub(crate) options: Options,
}

impl Engine {
    /// Opens a database that exists. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`](crate::Error::Unusable) if it is not there, not a
    /// database, or can't be written.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let mut db = Db::open(path, options.busy_timeout)?;
        db.mapped = options.mapped_reads;
        Ok(Self { db, options })
    }

    /// Tells of what went wrong after a command had done what was asked.
    pub(crate) fn warn(&self, text: &str) {
        (self.options.warn)(text);
    }

    /// A directory for scratch databases, removed when it is dropped.
    pub(crate) fn scratch_dir(&self) -> Result<tempfile::TempDir> {
        file::private_dir(self.options.scratch_dir.as_deref())
    }

    /// Opens a database that exists, also one that can't be written: for what only reads.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`](crate::Error::Unusable) if it is not there, not a
    /// database, or can't be read without writing.
    pub fn open_to_read(path: &Path, options: Options) -> Result<Self> {
        let mut db = Db::open_to_read(path, options.busy_timeout)?;
        db.mapped = options.mapped_reads;
        Ok(Self { db, options })
    }
}

impl Engine {
    /// The record of a migration that this database holds.
    pub(crate) fn record(&self, name: &str) -> Result<Record> {
        state::load(&self.db, name)?.ok_or_else(|| Error::NoSuchMigration {
            reason: format!("{} holds no migration named {name}", self.db.path().display()),
            fix: Fix::look_at(Command::Status).with(", or start it with ").with(Command::Start),
        })
    }

    /// The model of a recorded migration, from the text that was recorded.
    pub(crate) fn model(&self, record: &Record) -> Result<Model> {
        if record.is_over() || record.phase == Phase::Retired {
            return Model::bare(&self.db, record);
        }
        let migration = Migration::started(&record.name, &record.text)?;
        let writes = record.phase.writes();
        let fix = Fix::from("restore the table as it was, or leave the migration with ")
            .with(Command::ABORT);
        let built = Model::build(&self.db, migration, record.id, writes);
        // That a table is gone says more than that a name in the file leads nowhere.
        if matches!(built, Err(Error::Migration(_) | Error::Refused(_))) {
            refuse_lost(&self.db, record)?;
        }
        let model = built.map_err(|error| match error {
            Error::Migration(error) if record.is_open() => {
                Error::Migration(error.with_fix(fix.clone()))
            }
            error => error,
        })?;
        if record.is_open() && record.phase != Phase::Legacy {
            let places = Places::read(&self.db)?;
            for (created, table) in model.migration.tables.iter().zip(model.new_tables()) {
                if places.of(&table.name).is_none() {
                    let reason = format!("the new table {} is gone", table.known_as);
                    let found =
                        MigrationError::at(&model.migration, created.at, reason, fix.clone());
                    return Err(Error::Migration(found));
                }
            }
        }
        Ok(model)
    }

    /// As [`model`](Self::model); where the tables no longer fit the migration, what is left
    /// of it: enough to leave it.
    pub(crate) fn model_to_leave(&self, record: &Record) -> Result<Model> {
        match self.model(record) {
            Err(Error::Migration(_) | Error::Refused(_) | Error::Unusable { .. }) => {
                Model::bare(&self.db, record)
            }
            model => model,
        }
    }
}
