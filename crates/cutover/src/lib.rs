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

pub use engine::{
    AdvanceOptions, Engine, FuzzOptions, Limits, Observer, Options, Pace, Request, StartOptions,
    Vacuum,
};
pub use error::{Error, ErrorKind, LeaseHolder, Refusal, Result};
pub use migration::{Location, Migration, MigrationError};
pub use phase::{Direction, Phase, Side, UnknownPhase};
pub use report::{
    AbortReport, BackfillReport, BackfillStatus, Blocked, CheckReport, ControlStatus, Difference,
    Forecast, FuzzFailure, FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport, JournalEntry, Kept,
    LastVerification, OldSchema, PaceStatus, PhaseSpan, Plan, PlanStep, PlannedIndex, Problem,
    RepairReport, RollbackForecast, Snapshot, Space, StartReport, TableStatus, TransitionReport,
    VacuumCost, VerifyReport, Waiting, WorkStatus, WriteStatus,
};
pub use standing::{STANDING, STATE_TABLE, Standing};
pub use watch::{Event, Look, Silent, Verdict, Watch, Work};
