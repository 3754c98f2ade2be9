//! Work on a migration from taking the lease to giving it up.

use crate::backend::sqlite::objects::{self, Standing};
use crate::engine::open::Engine;
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::report::Command;

impl<'a> Session<'a> {
    /// Does some work from taking the lease to giving it up. What a killed gate left
    /// behind is removed first, its notes cost every writer something; and a flag that was left
    /// up is put down. Work that is done stays done, whatever happens while the lease is given
    /// back.
    pub(crate) fn hold<T>(
        engine: &'a Engine,
        name: &str,
        command: Command,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Self::work(Self::open(engine, name, command, Engine::model)?, work)
    }

    /// As [`hold`](Self::hold), to leave the migration: also where its tables are gone, were
    /// renamed or lack a column, and where this version can't read its text.
    pub(crate) fn hold_to_leave<T>(
        engine: &'a Engine,
        name: &str,
        command: Command,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Self::work(Self::open(engine, name, command, Engine::model_to_leave)?, work)
    }

    fn work<T>(mut session: Self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let ready = session.drop_notes().and_then(|()| session.put_flag_down());
        match ready.and_then(|_| work(&mut session)) {
            Ok(done) => {
                session.close();
                Ok(done)
            }
            Err(error) => Err(session.reason(error)),
        }
    }

    /// Removes the notes of a gate that did not come to its end.
    pub(crate) fn drop_notes(&self) -> Result<()> {
        if self.notes()?.is_empty() {
            return Ok(());
        }
        self.db.write("removing notes", || {
            self.fence()?;
            objects::remove(self.db, "removing notes", &self.notes()?)
        })?;
        Ok(())
    }

    /// The table and the triggers of a gate's notes.
    pub(super) fn notes(&self) -> Result<Vec<Standing>> {
        objects::standing(self.db, &format!("{}touch", self.model.names.prefix()), &[])
    }
}
