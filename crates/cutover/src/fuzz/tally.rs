//! What is counted while random writes run.

use super::lockstep::Outcome;
use super::run::Run;
use super::statement::Statement;
use crate::report::{FuzzLoss, FuzzRefusal, FuzzReport};

/// How many random writes, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FuzzOptions {
    /// Statements to run, half of them in each direction.
    pub statements: u64,
    /// The same seed makes the same statements on the same database.
    pub seed: u64,
}

#[derive(Debug)]
pub(super) struct Tally {
    pub(super) report: FuzzReport,
    /// Rows of the present scratch copy that do not come back.
    lost: u64,
    /// Scratch copies in which a statement met what SQLite itself does wherever a table has
    /// a trigger.
    pub(super) natural: u64,
}

impl Tally {
    pub(super) fn new(options: FuzzOptions) -> Self {
        let report = FuzzReport {
            statements: 0,
            seed: options.seed,
            ok: false,
            rows: 0,
            failed: 0,
            refused: 0,
            refusals: Vec::new(),
            lossy: 0,
            loss: None,
            notes: Vec::new(),
            failure: None,
        };
        Self { report, lost: 0, natural: 0 }
    }

    pub(super) fn count(&mut self, statement: &Statement, outcome: &Outcome) {
        let report = &mut self.report;
        report.statements += 1;
        match outcome {
            Outcome::Done | Outcome::Natural(_) | Outcome::Wrong(_) => {}
            Outcome::Failed => report.failed += 1,
            Outcome::Refused(reason) | Outcome::Parted(reason) => {
                report.refused += 1;
                match report.refusals.iter_mut().find(|refusal| refusal.reason == *reason) {
                    Some(refusal) => refusal.statements += 1,
                    None => report.refusals.push(FuzzRefusal {
                        reason: reason.clone(),
                        statements: 1,
                        example: statement.sql(),
                    }),
                }
            }
        }
    }

    /// A new scratch copy.
    pub(super) fn begin(&mut self) {
        self.lost = 0;
    }

    /// Whether more rows than before do not come back from the new tables.
    pub(super) fn look_for_losses(&mut self, run: &Run, statement: &Statement) {
        let (lost, fault) = &run.lost;
        if *lost > self.lost {
            self.report.lossy += 1;
            let difference = fault.as_ref().and_then(|fault| fault.difference.clone());
            if let (None, Some(difference)) = (&self.report.loss, difference) {
                self.report.loss = Some(FuzzLoss { statement: statement.sql(), difference });
            }
        }
        self.lost = *lost;
    }

    pub(super) fn concluded(mut self) -> FuzzReport {
        self.report.ok = self.report.failure.is_none();
        if self.natural > 0 {
            self.report.notes.push(format!(
                "SQLite answers {} of these statements differently on any table with a trigger, \
                 even one that does nothing; that is not a failure of the migration",
                self.natural
            ));
        }
        self.report.refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.statements));
        self.report
    }
}
