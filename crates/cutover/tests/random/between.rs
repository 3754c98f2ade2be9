//! What old programs write after the switch of a rollback, before the new tables are filled again.

use cutover::{Event, Look, Phase, Watch};
use rusqlite::Connection;
use testkit::random::{Case, Side, Step};

use crate::random::failure::Failure;
use crate::random::lockstep::{Mirror, both};
use crate::random::reference::Reference;
use crate::random::run::Run;

/// Watches a rollback, and writes as soon as the old tables take it: all that the case has for
/// them, beside a twin.
pub(crate) struct Between<'r> {
    live: Connection,
    case: &'r Case,
    written: Option<Result<Reference<'r>, Failure>>,
}

impl<'r> Between<'r> {
    pub(crate) fn of(run: &'r Run<'_>) -> Self {
        Self { live: run.again(), case: run.case, written: None }
    }

    /// The twin of the old tables since then.
    pub(crate) fn written(&mut self) -> Result<Reference<'r>, Failure> {
        let switched = self.written.take();
        switched.unwrap_or_else(|| Ok(Reference::of(&self.live, Side::Old, self.case)))
    }

    fn write(&self) -> Result<Reference<'r>, Failure> {
        let twin = Reference::of(&self.live, Side::Old, self.case);
        twin.conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        for step in &self.case.steps {
            let Step::Write { side: Side::Old, statements, trespass: false } = step else {
                continue;
            };
            for statement in statements {
                both(&self.live, &twin, statement, Mirror::Filling)?;
            }
            for conn in [&self.live, &twin.conn] {
                if !conn.is_autocommit() {
                    conn.execute_batch("ROLLBACK").unwrap();
                }
            }
        }
        Ok(twin)
    }
}

impl Watch for Between<'_> {
    fn event(&mut self, _: &Event) {}

    fn after(&mut self, _: Phase, look: Look<'_>) {
        if look().is_ok_and(|at| at.phase == Phase::ReadNew) {
            self.written = Some(self.write());
        }
    }
}
