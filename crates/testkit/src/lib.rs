//! What the tests of cutover stand on.
//!
//! - [`case`], [`cases`]: small databases of every class of migration, populated.
//! - [`workload`]: old and new programs, as real processes, that write all the while
//!   and log in the same transaction what they wrote.
//! - [`twin`]: a second database that no migration ever touches; it replays the log,
//!   and says what the first one should hold.
//! - [`oracle`]: a migration file executed as it is written, by SQLite alone.
//! - [`compare`]: rows against rows, storage classes included.
//! - [`random`]: migrations made from a seed, as data.
//! - [`program`]: runs programs, and says how they ended.
//!
//! Nothing here knows the engine: a fault of the engine can't hide in the kit.
//! Everything reports to a test, so everything panics, with what a person needs to
//! see what went wrong.
#![expect(clippy::panic, reason = "a panic is how a test hears of a failure")]

pub mod case;
pub mod cases;
pub mod compare;
pub mod oracle;
pub mod program;
pub mod random;
pub mod sql;
pub mod twin;
pub mod workload;

pub use case::{Canonical, Case};
pub use program::{Cutover, Outcome, Running};
pub use twin::Twin;
pub use workload::{Program, Side, Template, Workload, Writer};
