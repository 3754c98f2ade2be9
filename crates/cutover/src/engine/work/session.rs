//! An operator at work on one migration: the lease, the record, the model.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::backend::sqlite::Db;
use crate::backend::sqlite::journal::{self, Line};
use crate::backend::sqlite::lease::{Asker, Lease};
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::value::Value;
use crate::clock;
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::model::build::Model;
use crate::phase::Phase;
use crate::report::Command;

/// Which rows a refusal was about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RefusedScopes {
    pub(crate) target: String,
    pub(crate) scopes: Vec<Vec<Value>>,
}

pub(crate) struct Session<'a> {
    pub(crate) db: &'a Db,
    pub(crate) engine: &'a Engine,
    pub(crate) record: Record,
    pub(crate) model: Model,
    /// What is done under the lease.
    pub(crate) command: Command,
    /// When the lease was renewed last, in a transaction that may not have been committed.
    renewed: Cell<Instant>,
    /// The number of the schema that was last compared with what the migration needs.
    pub(crate) seen_schema: Cell<Option<i64>>,
    /// Rows that the transaction at hand met and the mirror can't hold.
    pub(crate) refused: RefCell<Option<RefusedScopes>>,
    lease: Option<Lease>,
}

impl<'a> Session<'a> {
    /// Takes the lease and reads the migration.
    pub(crate) fn open(
        engine: &'a Engine,
        name: &str,
        command: Command,
        model: impl FnOnce(&Engine, &Record) -> Result<Model>,
    ) -> Result<Self> {
        let db = &engine.db;
        let record = engine.record(name)?;
        let asker = Asker {
            actor: &engine.options.actor,
            doing: command.name(),
            ttl: engine.options.lease_ttl,
        };
        let lease = Lease::take(db, &asker)?;
        let opened = (|| {
            // Read again under the lease: another operator may just have finished.
            let record = engine.record(&record.name)?;
            let model = model(engine, &record)?;
            Ok((record, model))
        })();
        let (record, model) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let error = reason(db, &lease, error);
                // What can't be given up expires.
                let _ = lease.release(db);
                return Err(error);
            }
        };
        Ok(Self {
            db,
            engine,
            record,
            model,
            command,
            renewed: Cell::new(Instant::now()),
            seen_schema: Cell::new(None),
            refused: RefCell::new(None),
            lease: Some(lease),
        })
    }

    /// Fails unless the lease is still ours; called inside every transaction.
    pub(crate) fn fence(&self) -> Result<()> {
        self.lease.as_ref().map_or(Ok(()), |lease| lease.renew(self.db))?;
        self.renewed.set(Instant::now());
        Ok(())
    }

    /// As [`Db::write`], under the lease, which is renewed: an operator that stood still while
    /// another took over writes nothing.
    pub(crate) fn write<T>(
        &self,
        doing: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Duration)> {
        self.db.write(doing, || {
            self.fence()?;
            work()
        })
    }

    /// Whether the lease can't have expired, and has some time to go.
    pub(crate) fn lease_lasts(&self) -> bool {
        self.renewed.get().elapsed() < self.engine.options.lease_ttl / 2
    }

    /// What tells the lease from any other.
    pub(crate) fn token(&self) -> &str {
        self.lease.as_ref().map_or("", Lease::token)
    }

    /// Whether the backfill is complete.
    pub(crate) fn is_backfilled(&self) -> Result<bool> {
        Ok(state::passes(self.db, self.record.id)?.iter().all(|pass| pass.complete))
    }

    pub(crate) fn journal(
        &self,
        event: &str,
        at: &str,
        after: Phase,
        detail: serde_json::Value,
    ) -> Result<()> {
        journal::write(
            self.db,
            &Line {
                migration: &self.record.name,
                actor: &self.engine.options.actor,
                at,
                event,
                before: self.record.phase,
                after,
                detail,
            },
        )
    }

    /// Reads again what a transition has left to do.
    pub(crate) fn reload(&mut self) -> Result<()> {
        self.record.pending = self.engine.record(&self.record.name)?.pending;
        Ok(())
    }

    /// Why work under the lease failed.
    pub(crate) fn reason(&self, error: Error) -> Error {
        match &self.lease {
            Some(lease) => reason(self.db, lease, error),
            None => error,
        }
    }

    /// Gives the lease up. If that fails the lease expires.
    pub(crate) fn close(mut self) {
        let Some(lease) = self.lease.take() else { return };
        // An abort has removed the table that holds it.
        let released = state::exists(self.db)
            .and_then(|there| if there { lease.release(self.db) } else { Ok(()) });
        if let Err(error) = released {
            self.engine.warn(&format!(
                "{} is done, but the lease could not be released: {error}. It ends with this \
                 process, or in {} s",
                self.command.name(),
                self.engine.options.lease_ttl.as_secs()
            ));
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            // On the way out of an error; what can't be given up expires.
            let _ = lease.release(self.db);
        }
    }
}

/// Why work under the lease failed. Whoever stood still while another operator went on
/// meets tables that are gone and rows that don't agree: all that is wrong with them is
/// that the lease is lost.
fn reason(db: &Db, lease: &Lease, error: Error) -> Error {
    match lease.check(db) {
        Err(lost @ Error::LeaseLost(_)) => lost,
        _ => error,
    }
}

/// Now, as it is written into the database.
pub(crate) fn now() -> String {
    clock::now()
}
