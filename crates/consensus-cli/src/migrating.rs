//! The store as the subject of its migration, which is the program's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use cli_kit::Failure;
use consensus_store::{Error, MIGRATION, MIGRATION_NAME, Options, Store};
use cutover_cli::{Choice, Chooses, Defines, Definition, Subject};

use crate::commands::failed;
use crate::place::Place;

/// The store whose migration a command works on.
#[derive(Debug, Args)]
pub(crate) struct Migrating {
    #[command(flatten)]
    place: Place,
}

impl Subject for Migrating {
    fn db(&self) -> Result<PathBuf, Failure> {
        let path = self.place.path()?;
        // Who holds it locked is for the engine to wait for, and to name.
        let options = Options::default().read_only(true).busy_timeout(Duration::ZERO);
        match Store::open_with(&path, options) {
            Err(error @ Error::NotFound { .. }) => Err(failed(error)),
            Ok(store) if never_had_old_tables(&store) => Err(Failure::unusable(
                format!("{}: there is nothing to migrate", path.display()),
                "this store was created with the new tables; use it as it is",
            )),
            // What else is wrong with the file the engine says.
            _ => Ok(path),
        }
    }

    fn named_db(&self) -> Option<&Path> {
        self.place.db.as_deref()
    }

    fn json(&self) -> bool {
        self.place.json
    }
}

impl Defines for Migrating {
    fn definition(&self) -> Definition {
        Definition::Own { name: MIGRATION_NAME, text: MIGRATION }
    }
}

impl Chooses for Migrating {
    fn choice(&self) -> Choice {
        Choice::Own(MIGRATION_NAME)
    }
}

/// Whether a store that could be opened, and whose migration was not started, is on the
/// new tables: then the migration finds no tables to begin with.
fn never_had_old_tables(store: &Store) -> bool {
    let Ok(mut migration) = store.migration() else { return false };
    let started = |names: Vec<String>| names.iter().any(|name| name == MIGRATION_NAME);
    !migration.engine().migrations().is_ok_and(started)
        && matches!(migration.plan(), Err(Error::Migration(cutover::Error::Migration(_))))
}
