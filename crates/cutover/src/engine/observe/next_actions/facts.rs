//! What the decision rests on.

use super::old_programs::{OldPrograms, Step};
use crate::backend::sqlite::control::Control;
use crate::backend::sqlite::state::Pending;
use crate::engine::observe::drift::Drift;
use crate::phase::Phase;
use crate::report::{Problem, VerifyReport, Waiting};

/// What the decision rests on.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The migration's.
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) pending: Option<Pending>,
    /// Whether every source row has its image.
    pub(crate) backfilled: bool,
    pub(crate) control: Control,
    pub(crate) drift: Drift,
    /// Rows that a command met and the new tables can't hold, if they are still so.
    pub(crate) refused_rows: Option<Problem>,
    /// What the last verification found, if nothing has repaired it since.
    pub(crate) found: Option<VerifyReport>,
    /// Whether the mirror may have missed writes, and nothing has looked at all rows since.
    pub(crate) missed_writes: bool,
    /// What is known of programs that know only the old tables.
    pub(crate) old_programs: OldPrograms,
    /// The step forward that a command is about to make; absent where none is: then it is the
    /// next one.
    pub(crate) step: Option<Step>,
    /// Whether an operator is at work.
    pub(crate) at_work: bool,
    /// Why its work waits, if it does.
    pub(crate) waiting: Option<Waiting>,
}
