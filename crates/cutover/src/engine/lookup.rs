//! Which migrations a database holds, and what was done.

use super::Engine;
use crate::backend::sqlite::{journal, state};
use crate::error::{Error, Result};
use crate::phase::Phase;
use crate::report::JournalEntry;

impl Engine {
    /// The phase a migration is in.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn phase(&self, name: &str) -> Result<Phase> {
        Ok(self.record(name)?.phase)
    }

    /// Whether every row of the old tables has its image in the new ones.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn is_filled(&self, name: &str) -> Result<bool> {
        let record = self.record(name)?;
        // Later phases can't be entered without; their passes may be a rollback's.
        Ok(match record.phase {
            Phase::Legacy => false,
            Phase::DualWrite | Phase::ReadNew => {
                state::passes(&self.db, record.id)?.iter().all(|pass| pass.complete)
            }
            _ => true,
        })
    }

    /// Every step taken so far, oldest first.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn history(&self, name: &str) -> Result<Vec<JournalEntry>> {
        self.record(name)?;
        journal::read(&self.db, name)
    }

    /// The names of the migrations in this database, oldest first.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn migrations(&self) -> Result<Vec<String>> {
        Ok(state::all(&self.db)?.into_iter().map(|record| record.name).collect())
    }

    /// The one migration that is meant: the named one, or the only one.
    ///
    /// # Errors
    ///
    /// If there is none, or several and no name was given.
    pub fn pick(&self, name: Option<&str>) -> Result<String> {
        let names = self.migrations()?;
        let no =
            |reason: String, fix: &str| Err(Error::NoSuchMigration { reason, fix: fix.to_owned() });
        let path = self.db.path().display();
        match (name, names.as_slice()) {
            (Some(name), _) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
            (Some(name), []) => no(
                format!("{path} holds no migration, so none named {name}"),
                "begin with `cutover start FILE`",
            ),
            (Some(name), _) => no(
                format!("{path} holds no migration named {name}; it holds {}", names.join(", ")),
                "name one of these",
            ),
            (None, [only]) => Ok(only.clone()),
            (None, []) => {
                no(format!("{path} holds no migration"), "begin with `cutover start FILE`")
            }
            (None, _) => no(
                format!("{path} holds several migrations: {}", names.join(", ")),
                "pick one with `--migration NAME`",
            ),
        }
    }
}
