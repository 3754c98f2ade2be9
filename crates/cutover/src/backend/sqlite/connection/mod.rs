//! Connections: what is opened, what may be asked on it, and what goes wrong.

mod authorizer;
mod checkpoint;
mod checkpointer;
mod corrupt;
mod db;
mod failure;
pub(crate) mod file;
mod patience;
mod plain;
mod settings;
mod size;
pub(crate) mod wal;

pub(crate) use authorizer::Wall;
pub(crate) use checkpoint::Moving;
pub(crate) use checkpointer::Checkpointer;
pub use corrupt::unreadable_object;
pub(crate) use db::Db;
pub(crate) use failure::Answer;
pub use failure::DatabaseError;
pub(super) use failure::message;
pub(crate) use plain::Connection;
pub(crate) use settings::{BEGINS_WITH, setting};
pub(crate) use size::Size;
