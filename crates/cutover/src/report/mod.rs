//! What operations tell their caller: plain data, serialisable, with the JSON
//! keys that scripts rely on.

pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod fix;
pub(crate) mod fuzz;
pub(crate) mod next;
pub(crate) mod set_aside;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod transition;
pub(crate) mod verify;
pub(crate) mod writers;

pub use self::check::{CheckReport, Forecast, Plan, PlanStep, PlannedIndex, Problem, WriteBoth};
pub use self::command::Command;
pub use self::fix::{Fix, Part};
pub use self::fuzz::{FuzzFailure, FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport};
pub use self::next::{Action, Because, NextAction};
pub use self::set_aside::{Kept, OnlyNew, SetAside};
pub use self::snapshot::{
    ControlStatus, LastVerification, OldSchema, PaceStatus, PhaseSpan, RollbackForecast, Snapshot,
    Waiting, WorkStatus, WriteStatus,
};
pub use self::status::{BackfillStatus, Blocked, JournalEntry, Listed, ListedState, TableStatus};
pub use self::transition::{
    AbortReport, BackfillReport, ForgetReport, Space, StartReport, TransitionReport, VacuumCost,
};
pub use self::verify::{BrokenForeignKey, Difference, RepairReport, VerifyReport};
pub use self::writers::{Client, Holds, LastWrite, OpenProcess, Speaks, Writers};
