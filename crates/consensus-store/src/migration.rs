//! The engine, on the store's own migration.

use std::path::Path;

use cutover::{
    AbortOptions, AbortReport, AdvanceOptions, BackfillReport, CheckReport, Engine, JournalEntry,
    Migration, Pace, Phase, Plan, RepairReport, Snapshot, StartOptions, StartReport,
    TransitionReport, VerifyReport, Watch,
};

use crate::error::Result;
use crate::schema::{MIGRATION, MIGRATION_NAME};

/// The engine on a store's own migration, from [`Store::migration`](crate::Store::migration).
///
/// Other programs, and this one, go on reading and writing all the while. Each method is
/// that of [`Engine`] with the migration's name or definition filled in, and its errors
/// are that one's.
#[derive(Debug)]
pub struct StoreMigration {
    engine: Engine,
    definition: Migration,
}

impl StoreMigration {
    pub(crate) fn open(path: &Path, actor: &str) -> Result<Self> {
        let mut options = cutover::Options::default();
        options.actor = actor.to_owned();
        Ok(Self { engine: Engine::open(path, options)?, definition: definition()? })
    }

    /// The migration, as it is written.
    #[must_use]
    pub fn definition(&self) -> &Migration {
        &self.definition
    }

    /// The engine, for what is not here.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

/// The methods of the engine that have errors of its own alone.
#[expect(clippy::missing_errors_doc, reason = "each is documented where the engine has it")]
impl StoreMigration {
    /// Proves on the real rows that nothing can be lost; changes nothing.
    pub fn check(&self, watch: &mut dyn Watch) -> Result<CheckReport> {
        Ok(self.engine.check(&self.definition, watch)?)
    }

    /// Every statement that each step would run.
    pub fn plan(&self) -> Result<Plan> {
        Ok(self.engine.plan(&self.definition)?)
    }

    /// Checks, enters `dual-write`, and backfills.
    pub fn start(&mut self, options: StartOptions, watch: &mut dyn Watch) -> Result<StartReport> {
        Ok(self.engine.start(&self.definition, options, watch)?)
    }

    /// Fills the new tables, from where it was left.
    pub fn backfill(&mut self, pace: Pace, watch: &mut dyn Watch) -> Result<BackfillReport> {
        Ok(self.engine.backfill(MIGRATION_NAME, pace, watch)?)
    }

    /// Compares every row, both ways.
    pub fn verify(&mut self, pace: Pace, watch: &mut dyn Watch) -> Result<VerifyReport> {
        Ok(self.engine.verify(MIGRATION_NAME, pace, watch)?)
    }

    /// Applies the difference that a verification would find.
    pub fn repair(&mut self, pace: Pace, watch: &mut dyn Watch) -> Result<RepairReport> {
        Ok(self.engine.repair(MIGRATION_NAME, pace, watch)?)
    }

    /// Goes one phase on, or as far as `options` say.
    pub fn advance(
        &mut self,
        options: &AdvanceOptions,
        watch: &mut dyn Watch,
    ) -> Result<TransitionReport> {
        Ok(self.engine.advance(MIGRATION_NAME, options, watch)?)
    }

    /// Goes one phase back, or as far as `to` says.
    pub fn rollback(
        &mut self,
        to: Option<Phase>,
        watch: &mut dyn Watch,
    ) -> Result<TransitionReport> {
        Ok(self.engine.rollback(MIGRATION_NAME, to, watch)?)
    }

    /// Leaves the migration, from `dual-write` or `read-new`. What only the new tables hold is
    /// kept aside if that was confirmed, else a reason not to leave.
    pub fn abort(&mut self, options: AbortOptions, watch: &mut dyn Watch) -> Result<AbortReport> {
        Ok(self.engine.abort_with(MIGRATION_NAME, options, watch)?)
    }

    /// Where the migration stands.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Ok(self.engine.snapshot(MIGRATION_NAME)?)
    }

    /// What was done, when and by whom.
    pub fn history(&self) -> Result<Vec<JournalEntry>> {
        Ok(self.engine.history(MIGRATION_NAME)?)
    }
}

/// The store's migration, read.
pub(crate) fn definition() -> Result<Migration> {
    Ok(Migration::parse(MIGRATION_NAME, MIGRATION).map_err(cutover::Error::from)?)
}
