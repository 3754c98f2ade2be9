//! Everything that speaks to SQLite. The rest of the engine knows a database only
//! through the types of this module.

mod authorizer;
pub(crate) mod catalog;
mod checkpointer;
pub(crate) mod commits;
pub(crate) mod compare;
pub(crate) mod control;
mod corrupt;
mod db;
pub(crate) mod definition;
mod existence;
pub(crate) mod failing;
pub(crate) mod file;
pub(crate) mod journal;
pub(crate) mod lease;
pub(crate) mod mend;
pub(crate) mod objects;
pub(crate) mod plan;
pub(crate) mod reads;
pub(crate) mod refused;
pub(crate) mod scan;
pub(crate) mod state;
pub(crate) mod value;
pub(crate) mod verified;
pub(crate) mod wal;
pub(crate) mod work;

pub(crate) use authorizer::Wall;
pub(crate) use checkpointer::Checkpointer;
pub use corrupt::unreadable_object;
pub(crate) use db::{Db, Moving, Size};
