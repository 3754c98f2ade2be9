//! An operator at work on one migration: the lease, the record, the model.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::switch::{self, Next, Setting};
use super::tombstones::is_table;
use crate::backend::sqlite::journal::{self, Line};
use crate::backend::sqlite::lease::{Asker, Lease};
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Db, Moving};
use crate::clock;
use crate::derive::sql::text;
use crate::engine::open::Engine;
use crate::engine::work::refused_rows::RefusedScopes;
use crate::error::{Error, Result};
use crate::migration::{Migration, MigrationError};
use crate::model::build::Model;
use crate::phase::Phase;
use crate::watch::{Event, Watch};

pub(crate) struct Session<'a> {
    pub(crate) db: &'a Db,
    pub(crate) engine: &'a Engine,
    pub(crate) record: Record,
    pub(crate) model: Model,
    /// The command.
    pub(crate) doing: String,
    /// When the lease was renewed last, in a transaction that may not have been committed.
    renewed: Cell<Instant>,
    /// The number of the schema that was last compared with what the migration needs.
    pub(crate) seen_schema: Cell<Option<i64>>,
    /// Rows that the transaction at hand met and the mirror can't hold.
    pub(crate) refused: RefCell<Option<RefusedScopes>>,
    lease: Option<Lease>,
}

impl<'a> Session<'a> {
    /// Does some work from taking the lease to giving it up. What a killed gate left
    /// behind is removed first, its notes cost every writer something; and a flag that was left
    /// up is put down. Work that is done stays done, whatever happens while the lease is given
    /// back.
    pub(crate) fn hold<T>(
        engine: &'a Engine,
        name: &str,
        doing: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Self::work(Self::open(engine, name, doing, Engine::model)?, work)
    }

    /// As [`hold`](Self::hold), to leave the migration: also where its tables are gone, were
    /// renamed or lack a column, and where this version can't read its text.
    pub(crate) fn hold_to_leave<T>(
        engine: &'a Engine,
        name: &str,
        doing: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Self::work(Self::open(engine, name, doing, Engine::model_to_leave)?, work)
    }

    fn work<T>(mut session: Self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let ready = session.drop_notes().and_then(|()| session.put_flag_down());
        match ready.and_then(|_| work(&mut session)) {
            Ok(done) => {
                session.close();
                Ok(done)
            }
            Err(error) => Err(match &session.lease {
                Some(lease) => reason(session.db, lease, error),
                None => error,
            }),
        }
    }

    /// Takes the lease and reads the migration.
    fn open(
        engine: &'a Engine,
        name: &str,
        doing: &str,
        model: impl FnOnce(&Engine, &Record) -> Result<Model>,
    ) -> Result<Self> {
        let db = &engine.db;
        let record = engine.record(name)?;
        let asker = Asker { actor: &engine.options.actor, doing, ttl: engine.options.lease_ttl };
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
            doing: doing.to_owned(),
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

    /// The body of a transition: the objects of the phase, its record, its journal
    /// row. Runs inside the transition's one transaction.
    pub(crate) fn enter(&self, event: &str, next: &Next, since: &str, detail: Value) -> Result<()> {
        self.fence()?;
        let setting = next.setting;
        let sync = (self.record.phase.sync(), self.record.pending);
        if setting.phase.sync() == sync.0 && sync.0.is_some() && sync.1.is_none() {
            switch::enter_views(self.db, &self.model, setting)?;
        } else {
            let beside = self.fitting_beside()?;
            switch::enter(self.db, &self.model, next, since)?;
            self.renew_beside(&beside)?;
        }
        state::set_phase(self.db, self.record.id, setting.phase, since)?;
        self.journal(event, since, setting.phase, detail)
    }

    /// A transition without a gate; gives how long the lock was held, and since when
    /// the phase is.
    pub(crate) fn flip(&self, event: &str, to: Phase) -> Result<(Duration, String)> {
        let backfilled = self.is_backfilled()?;
        let next = Next::derive(&self.model, Setting { backfilled, ..Setting::of(to) })?;
        let (since, held) = self.db.write("switching", || {
            self.refuse_late_drift(to)?;
            let since = now();
            self.enter(event, &next, &since, Value::Object(serde_json::Map::new()))?;
            Ok(since)
        })?;
        Ok((held, since))
    }

    pub(crate) fn journal(&self, event: &str, at: &str, after: Phase, detail: Value) -> Result<()> {
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

    /// After a transition has committed.
    pub(crate) fn entered(
        &mut self,
        phase: Phase,
        since: String,
        held: Duration,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        if phase.writes_enter() != self.model.bearer {
            self.model = self.model.borne_by(phase.writes_enter())?;
        }
        let from = std::mem::replace(&mut self.record.phase, phase);
        self.record.since = since;
        self.record.pending = None;
        // Moving the log into the database syncs both: the transition lasts from here on.
        let _ = self.db.checkpoint(Moving::Beside);
        watch.event(&Event::Entered { phase, held_ms: held.as_secs_f64() * 1000.0 });
        watch.after(from, &mut || self.engine.snapshot(&self.record.name));
        Ok(())
    }

    /// Reads again what a transition has left to do.
    pub(crate) fn reload(&mut self) -> Result<()> {
        self.record.pending = self.engine.record(&self.record.name)?.pending;
        Ok(())
    }

    /// Removes the notes of a gate that did not come to its end.
    pub(crate) fn drop_notes(&self) -> Result<()> {
        if self.db.count(&format!("SELECT count(*) FROM {}", self.notes()))? == 0 {
            return Ok(());
        }
        self.db.write("removing notes", || {
            self.fence()?;
            self.remove_notes()
        })?;
        Ok(())
    }

    /// Removes the notes of a gate, in the transaction at hand.
    pub(crate) fn remove_notes(&self) -> Result<()> {
        let sql = format!(
            "SELECT 'DROP ' || type || ' IF EXISTS \"' || replace(name, '\"', '\"\"') || '\"' \
             FROM {} ORDER BY type DESC",
            self.notes()
        );
        switch::run(self.db, "removing notes", &self.texts(&sql)?)
    }

    /// The tables and triggers of a gate's notes, as a FROM and its WHERE.
    fn notes(&self) -> String {
        let prefix = format!("{}touch", self.model.names.prefix());
        format!(
            "main.sqlite_schema WHERE substr(name, 1, {}) = {} AND type IN ('table', 'trigger')",
            prefix.chars().count(),
            text(&prefix)
        )
    }

    /// The first column of a query, as texts.
    pub(crate) fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<String>> {
            self.db.conn().prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|source| self.db.error("reading the schema", source))
    }

    /// Gives the lease up. If that fails the lease expires.
    fn close(mut self) {
        let Some(lease) = self.lease.take() else { return };
        // An abort has removed the table that holds it.
        let released = state::exists(self.db)
            .and_then(|there| if there { lease.release(self.db) } else { Ok(()) });
        if let Err(error) = released {
            self.engine.warn(&format!(
                "{} is done, but the lease could not be given back: {error}. It ends with this                  process, or in {} s",
                self.doing,
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

impl Engine {
    /// The record of a migration that this database holds.
    pub(crate) fn record(&self, name: &str) -> Result<Record> {
        state::load(&self.db, name)?.ok_or_else(|| Error::NoSuchMigration {
            reason: format!("{} holds no migration named {name}", self.db.path().display()),
            fix: "look at `cutover status`, or begin with `cutover start FILE`".to_owned(),
        })
    }

    /// The model of a recorded migration, from the text that was recorded.
    pub(crate) fn model(&self, record: &Record) -> Result<Model> {
        if record.is_over() || record.phase == Phase::Retired {
            return Model::bare(&self.db, record);
        }
        let migration = Migration::started(&record.name, &record.text)?;
        let bearer = record.phase.writes_enter();
        let fix = "put the table back as it was, or leave the migration with `cutover abort`";
        let built = Model::build(&self.db, migration, record.id, bearer);
        // That a table is gone says more than that a name in the file leads nowhere.
        if matches!(built, Err(Error::Migration(_) | Error::Refused(_))) {
            self.refuse_lost(record)?;
        }
        let model = built.map_err(|error| match error {
            Error::Migration(error) if record.is_open() => Error::Migration(error.with_fix(fix)),
            error => error,
        })?;
        if record.is_open() && record.phase != Phase::Legacy {
            for (created, table) in model.migration.tables.iter().zip(model.new_tables()) {
                if !is_table(&self.db, &table.name)? {
                    let reason = format!("the new table {} is gone", table.known_as);
                    let found = MigrationError::at(&model.migration, created.at, reason, fix);
                    return Err(Error::Migration(found));
                }
            }
        }
        Ok(model)
    }

    /// As [`model`](Self::model); where the tables no longer fit the migration, what is left
    /// of it: enough to leave it.
    fn model_to_leave(&self, record: &Record) -> Result<Model> {
        match self.model(record) {
            Err(Error::Migration(_) | Error::Refused(_) | Error::Unusable { .. }) => {
                Model::bare(&self.db, record)
            }
            model => model,
        }
    }
}

/// Now, as it is written into the database.
pub(crate) fn now() -> String {
    clock::now()
}
