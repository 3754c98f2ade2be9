//! Where a migration stands, what has drifted, and what to do next. Changes nothing.

pub(crate) mod drift;
pub(crate) mod facts;
pub(crate) mod memory;
pub(crate) mod next_actions;
pub(crate) mod observer;
pub(crate) mod rollback_forecast;
pub(crate) mod snapshot;
pub(crate) mod writers;
