//! Connections: opening them, running statements on them, and their errors.

mod authorizer;
mod checkpoint;
mod checkpointer;
mod corrupt;
pub(crate) mod database_error;
mod db;
mod failure;
pub(crate) mod file;
mod mapped;
mod patience;
pub(in crate::backend::sqlite) mod plain;
mod settings;
mod size;
pub(crate) mod wal;

pub(crate) use authorizer::Wall;
pub(crate) use checkpoint::Moving;
pub(crate) use checkpointer::Checkpointer;
pub use corrupt::unreadable_object;
pub(crate) use database_error::Answer;
pub use database_error::DatabaseError;
pub(super) use database_error::message;
pub(crate) use db::Db;
pub(crate) use plain::Connection;
pub(crate) use settings::{BEGINS_WITH, setting};
pub(crate) use size::Size;
