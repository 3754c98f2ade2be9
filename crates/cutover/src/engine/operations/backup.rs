//! A copy of the database, written before the step that cannot be undone.
//!
//! It gets its name when it is whole and on the disk: a file of that name is never half
//! a backup, whenever the process ended. It is for those who may read the database.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::backend::sqlite::file;
use crate::engine::work::disk;
use crate::engine::work::session::Session;
use crate::error::{Error, Refusal, Result};
use crate::phase::Phase;

/// Writes a copy to a file that must not exist.
pub(crate) fn back_up(session: &Session<'_>, path: &Path) -> Result<()> {
    let db = session.db;
    if path.symlink_metadata().is_ok() {
        return Err(Refusal::transition(
            Phase::Retired,
            format!("{} exists already", path.display()),
            "choose a backup file that does not exist yet",
        )
        .into());
    }
    let doing = format!("writing the backup {}", path.display());
    let failed = |source| Error::Io { doing: doing.clone(), source };
    disk::demand(path, db.size()?.used_bytes(), &doing, &session.engine.options)?;
    // Absolute, because SQLite would take `file:…` for a URI.
    let partial = beside(&std::path::absolute(path).map_err(failed)?, ".partial");
    // What an earlier call left when it was killed.
    for stale in [&partial, &beside(&partial, "-journal")] {
        absent(std::fs::remove_file(stale)).map_err(failed)?;
    }
    let copy = file::create_private(&partial).map_err(failed)?;
    let write = || {
        db.compact_copy(&doing, &partial)?;
        file::permit_as(db.file(), &copy).map_err(failed)?;
        publish(&partial, path).map_err(failed)
    };
    write().inspect_err(|_| {
        // It is ours: it was not there before.
        let _ = std::fs::remove_file(&partial);
    })
}

/// Gives the file its name, and makes both last.
fn publish(partial: &Path, path: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    std::fs::rename(partial, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
