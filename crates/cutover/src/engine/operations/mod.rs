//! One file a command: what an operator asks for, and what an application may call.

pub(crate) mod abort;
pub(crate) mod advance;
pub(crate) mod backfill;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod follow;
pub(crate) mod forget;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod repair;
pub(crate) mod request;
pub(crate) mod retire;
pub(crate) mod rollback;
pub(crate) mod start;
pub(crate) mod vacuum;
pub(crate) mod verify;
