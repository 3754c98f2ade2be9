//! Where the store is, and opening it.

use std::path::{Path, PathBuf};

use clap::Args;
use cli_kit::{Doing, Failure};
use consensus_store::{Options, Store};

use crate::commands::failed;

/// Below the home directory.
const DIRECTORY: &str = ".code";
const FILE: &str = "consensus_artifacts.db";

/// The store that a command works on, and how its result is wanted.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The store's file [default: ~/.code/consensus_artifacts.db]
    #[arg(long, value_name = "PATH", env = "CONSENSUS_DB", hide_env_values = true)]
    pub(crate) db: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Place {
    /// The store's file.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        self.db.clone().or_else(|| home().map(|home| home.join(DIRECTORY).join(FILE))).ok_or_else(
            || {
                Failure::unusable(
                    "no home directory is known for the default store",
                    "name the store with --db PATH, or set CONSENSUS_DB=PATH",
                )
            },
        )
    }

    /// Opens the store to read; changes nothing.
    pub(crate) fn read(&self) -> Result<Store, Failure> {
        open(&self.path()?, Options::default().read_only(true))
    }

    /// Opens the store, which must be there, to change what it holds.
    pub(crate) fn change(&self) -> Result<Store, Failure> {
        open(&self.path()?, Options::default().create(false))
    }

    /// Opens the store to write, and makes it if it is missing.
    pub(crate) fn write(&self) -> Result<Store, Failure> {
        let path = self.path()?;
        self.directory(&path)?;
        open(&path, Options::default())
    }

    /// The default's directory is made; another that is missing is more likely mistyped.
    fn directory(&self, path: &Path) -> Result<(), Failure> {
        let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
            return Ok(());
        };
        if self.db.is_none() {
            return std::fs::create_dir_all(directory)
                .doing(|| format!("making {}", directory.display()));
        }
        if !directory.is_dir() {
            return Err(Failure::unusable(
                format!("{}: there is no directory {}", path.display(), directory.display()),
                "check the path, or create the directory",
            ));
        }
        Ok(())
    }
}

fn open(path: &Path, options: Options) -> Result<Store, Failure> {
    Store::open_with(path, options).map_err(failed)
}
