//! The [`Engine`]: a database, opened. What it does is in `operations` and `observe`.

use std::path::Path;

use super::options::Options;
use crate::backend::sqlite::{Db, file};
use crate::error::Result;

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
        Ok(Self { db: Db::open(path, options.busy_timeout)?, options })
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
        Ok(Self { db: Db::open_to_read(path, options.busy_timeout)?, options })
    }
}
