#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod affinity;
mod backend;
mod clock;
mod derive;
mod engine;
mod error;
mod fuzz;
mod migration;
mod model;
mod nearest;
mod pace;
mod phase;
mod process;
mod report;
mod schema;
mod standing;
mod tree;
mod watch;

pub use backend::sqlite::standing::{STANDING, STATE_TABLE};
pub use backend::sqlite::{DatabaseError, unreadable_object};
pub use engine::{
    AbortOptions, AdvanceOptions, Engine, ForgetOptions, Observer, Options, Request, StartOptions,
    Vacuum,
};
pub use error::{Error, ErrorKind, LeaseHolder, Refusal, Result};
pub use fuzz::FuzzOptions;
pub use migration::{Location, Migration, MigrationError};
pub use pace::{Limits, Pace};
pub use phase::{Direction, Phase, Side, Syncs, UnknownPhase, Writes};
pub use report::{
    AbortReport, Action, BackfillReport, BackfillStatus, Because, Blocked, BrokenForeignKey,
    CheckReport, Client, Command, ControlStatus, Difference, Fix, Forecast, ForgetReport,
    FuzzFailure, FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport, Holds, JournalEntry, Kept,
    LastVerification, LastWrite, Listed, ListedState, NextAction, OldSchema, OnlyNew, OpenProcess,
    PaceStatus, Part, PhaseSpan, Plan, PlanStep, PlannedIndex, Problem, RepairReport,
    RollbackForecast, SetAside, Snapshot, Space, Speaks, StartReport, TableStatus,
    TransitionReport, VacuumCost, VerifyReport, Waiting, WorkStatus, WriteBoth, WriteStatus,
    Writers,
};
pub use standing::Standing;
pub use watch::{Event, Look, Silent, Verdict, Watch, Work};
