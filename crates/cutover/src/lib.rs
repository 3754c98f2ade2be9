//! Moves a live SQLite database from an old schema to a new one while old
//! programs keep writing.
//!
//! A [`Migration`] is read from SQL: the new tables, and `INSERT … SELECT` statements in both
//! directions. An [`Engine`] works on a database: it proves on its rows that nothing can be lost,
//! keeps both schemas in step inside each writer's own transaction, fills the new one, verifies
//! every row, switches, and goes back.
//!
//! ```
//! use cutover::{AdvanceOptions, Engine, Migration, Options, Phase, Silent, StartOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("app.db");
//! # let app = rusqlite::Connection::open(&path)?;
//! app.execute_batch(
//!     "CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
//!      INSERT INTO clients (name, city) VALUES ('Ada', 'Leeds'), ('Ben', NULL);",
//! )?;
//!
//! let migration = Migration::parse(
//!     "split-city",
//!     "CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
//!      CREATE TABLE new.cities (customer_id INTEGER PRIMARY KEY, city TEXT);
//!
//!      INSERT INTO new.customers (id, name) SELECT id, name FROM old.clients;
//!      INSERT INTO new.cities (customer_id, city) SELECT id, city FROM old.clients;
//!
//!      INSERT INTO old.clients (id, name, city)
//!      SELECT c.id, c.name, p.city
//!      FROM new.customers c LEFT JOIN new.cities p ON p.customer_id = c.id;",
//! )?;
//!
//! let mut engine = Engine::open(&path, Options::default())?;
//! let check = engine.check(&migration, &mut Silent)?;
//! assert!(check.ok && check.lossless.checked == 2);
//!
//! // Both schemas are in step from here on, whoever writes.
//! engine.start(&migration, StartOptions::default(), &mut Silent)?;
//! app.execute("UPDATE clients SET city = 'York' WHERE name = 'Ben'", [])?;
//! let city: String = app.query_row("SELECT city FROM cities WHERE customer_id = 2", [], |row| row.get(0))?;
//! assert_eq!(city, "York");
//!
//! // Every row is verified both ways, then writes enter the new tables.
//! let to = AdvanceOptions { to: Some(Phase::WriteNew), ..AdvanceOptions::default() };
//! let report = engine.advance("split-city", &to, &mut Silent)?;
//! assert!(report.verified.is_some_and(|verified| verified.ok));
//!
//! // And back, losing nothing.
//! engine.rollback("split-city", Some(Phase::DualWrite), &mut Silent)?;
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | read a migration, or learn why it can't be | [`Migration::parse`], [`MigrationError`] |
//! | prove, and forecast | [`Engine::check`], [`CheckReport`] |
//! | move, and go back | [`Engine::start`], [`Engine::backfill`], [`Engine::advance`], [`Engine::rollback`], [`Engine::abort`] |
//! | compare, and mend | [`Engine::verify`], [`Engine::repair`] |
//! | know where it is | [`Engine::snapshot`], [`Observer`] for rates, [`Engine::history`] |
//! | steer work in another process | [`Engine::request`], [`Request`] |
//! | follow long work, stop it, or have a say in each transition | [`Watch`] |
//! | write in an application that must be right in every phase | [`STANDING`], [`Standing`] |
//! | act on an error | [`Error::kind`], [`Error::hint`] |
//!
//! `examples/embed.rs` is an application that carries its own migration.
//!
//! # What the library leaves to you
//!
//! It never prints, reads no environment, handles no signals and starts no migration by itself.
//! One operator works at a time: a second call, in whatever process, fails with
//! [`ErrorKind::Busy`]. An operation that was killed, or that failed, may be called again: what was
//! done stays done, and it goes on from there.
//!
//! Long operations run in the calling thread, and write in transactions of a few milliseconds. An
//! application that serves requests calls them from a thread of their own, with a connection that
//! is the engine's alone; it opens that by itself, from the path.
#![warn(missing_docs)]

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
pub use phase::{Direction, Phase, Side, UnknownPhase};
pub use report::{
    AbortReport, Action, BackfillReport, BackfillStatus, Because, Blocked, BrokenForeignKey,
    CheckReport, Command, ControlStatus, Difference, Fix, Forecast, ForgetReport, FuzzFailure,
    FuzzFault, FuzzLoss, FuzzRefusal, FuzzReport, JournalEntry, Kept, LastVerification, Listed,
    ListedState, NextAction, OldSchema, OnlyNew, PaceStatus, Part, PhaseSpan, Plan, PlanStep,
    PlannedIndex, Problem, RepairReport, RollbackForecast, SetAside, Snapshot, Space, StartReport,
    TableStatus, TransitionReport, VacuumCost, VerifyReport, Waiting, WorkStatus, WriteStatus,
};
pub use standing::Standing;
pub use watch::{Event, Look, Silent, Verdict, Watch, Work};
