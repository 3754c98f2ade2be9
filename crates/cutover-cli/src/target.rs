//! Which migration a command means, and how a program's arguments say so.

use std::path::{Path, PathBuf};

use clap::Args;
use cli_kit::Failure;
use cutover::{Command, Fix};
use cutover::{Engine, Migration};

use crate::migration_file;

/// The arguments by which a program's user says what a command works on. They are
/// what differs between programs that offer the commands of
/// [`MigrateCommand`](crate::MigrateCommand).
pub trait Subject: Args + std::fmt::Debug {
    /// The database file.
    ///
    /// # Errors
    ///
    /// If the arguments name none and there is no other, or one that can't have a
    /// migration.
    fn db(&self) -> Result<PathBuf, Failure>;

    /// The database, where the user named one: suggested commands repeat it.
    fn named_db(&self) -> Option<&Path>;

    /// Whether the result is wanted as JSON.
    fn json(&self) -> bool;
}

/// A subject of `check`, `plan` and `start`.
pub trait Defines: Subject {
    /// Where the migration is defined.
    fn definition(&self) -> Definition;
}

/// A subject of the commands on a migration that was started.
pub trait Chooses: Subject {
    /// Which of the database's migrations is meant.
    fn choice(&self) -> Choice;
}

/// Where a migration is defined.
#[derive(Debug, Clone)]
pub enum Definition {
    /// In a file, whose stem is the migration's name.
    File(PathBuf),
    /// In the program.
    Own {
        /// The migration's name.
        name: &'static str,
        /// What a file would hold.
        text: &'static str,
    },
}

impl Definition {
    pub(crate) fn read(&self) -> Result<Migration, Failure> {
        let text = self.text()?;
        let name = match self {
            Self::File(file) => file.file_stem().unwrap_or_default().to_string_lossy(),
            Self::Own { name, .. } => (*name).into(),
        };
        Migration::parse(&name, &text).map_err(|error| Failure::in_file(error.into(), &text))
    }

    /// An error of the engine, with the line of the definition it points at.
    pub(crate) fn failure(&self, error: cutover::Error) -> Failure {
        self.text().map_or_else(|unreadable| unreadable, |text| Failure::in_file(error, &text))
    }

    /// What stands before the line and column of a place in it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Own { name, .. } => (*name).to_owned(),
        }
    }

    fn text(&self) -> Result<String, Failure> {
        match self {
            Self::File(file) => migration_file::read(file),
            Self::Own { text, .. } => Ok((*text).to_owned()),
        }
    }
}

/// Which of a database's migrations is meant.
#[derive(Debug, Clone)]
pub enum Choice {
    /// The only one.
    Only,
    /// The one that the user named.
    Named(String),
    /// The program's own, of this name.
    Own(&'static str),
}

impl Choice {
    /// Its name, if it was started in this database.
    pub(crate) fn pick(&self, engine: &Engine) -> Result<String, Failure> {
        match self {
            Self::Only => Ok(engine.pick(None)?),
            Self::Named(name) => Ok(engine.pick(Some(name))?),
            // It isn't chosen among those there are: it was started or it was not.
            Self::Own(name) => match engine.migrations()?.into_iter().find(|it| it == name) {
                Some(name) => Ok(name),
                None => Err(Failure::unusable(
                    format!("the migration {name} has not been started"),
                    Fix::from("see what it would do with ")
                        .with(Command::Check)
                        .with(", start it with ")
                        .with(Command::Start),
                )),
            },
        }
    }
}
