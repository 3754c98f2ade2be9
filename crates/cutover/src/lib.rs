//! Moves a live SQLite database from an old schema to a new one while old
//! programs keep writing.
#![warn(missing_docs)]

mod backend;
mod clock;
mod derive;
mod engine;
mod error;
mod migration;
mod phase;
mod report;
mod schema;
mod standing;
mod watch;

pub use engine::{AdvanceOptions, Engine, FuzzOptions, Options, Pace, StartOptions, Vacuum};
pub use error::{Error, ErrorKind, LeaseHolder, Refusal, Result};
pub use migration::{Location, Migration, MigrationError};
pub use phase::{Direction, Phase, Side, UnknownPhase};
pub use report::{
    AbortReport, BackfillReport, BackfillStatus, Blocked, CheckReport, Difference, Forecast,
    FuzzFailure, FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport, JournalEntry, Kept, Plan, PlanStep,
    PlannedIndex, Problem, RepairReport, Space, StartReport, Status, TableStatus, TransitionReport,
    VacuumCost, VerifyReport,
};
pub use standing::{STANDING, STATE_TABLE, Standing};
pub use watch::{Event, Silent, Watch, Work};
