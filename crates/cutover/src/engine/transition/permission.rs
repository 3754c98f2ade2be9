//! Refusing what the decision does not permit, in its own words.

use crate::engine::observe::drift::Kind;
use crate::engine::observe::next_actions::{self, Facts};
use crate::engine::work::session::Session;
use crate::error::Result;
use crate::phase::Phase;
use crate::report::Action;

impl Session<'_> {
    /// Refuses a command that the decision does not permit, in the decision's own words.
    pub(crate) fn refuse_unless_permitted(&self, action: Action, doing: &str) -> Result<()> {
        self.refuse_unless_permitted_with(action, doing, |_| {})
    }

    /// The same, with what the command itself changes of the facts.
    pub(crate) fn refuse_unless_permitted_with(
        &self,
        action: Action,
        doing: &str,
        change: impl FnOnce(&mut Facts),
    ) -> Result<()> {
        let version = self.db.schema_version()?;
        let drift = self.engine.drift(&self.record)?;
        let mut facts = self.engine.facts(&self.record, drift)?;
        change(&mut facts);
        next_actions::permitted(&facts, action).map_err(|problem| problem.refuses(doing))?;
        self.seen_schema.set(Some(version));
        Ok(())
    }

    /// Refuses a transition if the schema has changed since it was looked at, and no longer
    /// fits. In the transaction of a transition nobody can change it from here on.
    pub(crate) fn refuse_late_drift(&self, to: Phase) -> Result<()> {
        let version = self.db.schema_version()?;
        if self.seen_schema.get() == Some(version) {
            return Ok(());
        }
        let drift = self.engine.schema_drift(&self.record)?;
        if let Some(found) = drift.first(&[Kind::Misfit, Kind::Columns, Kind::Objects]) {
            return Err(found.clone().refuses(format!("going to {to}")).into());
        }
        self.seen_schema.set(Some(version));
        Ok(())
    }
}
