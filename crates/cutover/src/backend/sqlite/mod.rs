//! Everything that speaks to SQLite. The rest of the engine knows a database only
//! through the types of this module.

mod alike;
mod blame;
pub(crate) mod bound;
pub(crate) mod catalog;
pub(crate) mod clients;
pub(crate) mod commits;
pub(crate) mod compare;
pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod difference;
pub(crate) mod failing;
pub(crate) mod journal;
mod kept_open;
pub(crate) mod lease;
pub(crate) mod lock_holders;
pub(crate) mod objects;
pub(crate) mod other_processes;
pub(crate) mod plan;
pub(crate) mod reads;
pub(crate) mod refused;
pub(crate) mod rehearse;
pub(crate) mod rename;
pub(crate) mod repair;
mod row;
pub(crate) mod row_errors;
pub(crate) mod rows;
pub(crate) mod scan;
pub(crate) mod seen;
mod side_by_side;
pub(crate) mod standing;
pub(crate) mod state;
pub(crate) mod triggers;
pub(crate) mod value;
pub(crate) mod verified;
pub(crate) mod work;

pub(crate) use alike::{Unlike, unlike};
pub(crate) use connection::{
    Answer, BEGINS_WITH, Checkpointer, Connection, Db, Moving, Size, Wall, file, setting, wal,
};
pub use connection::{DatabaseError, unreadable_object};
pub(crate) use row::Row;
