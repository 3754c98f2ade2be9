//! Where a migration stands, what has drifted, and what to do next. Changes nothing but to mend
//! drift.

pub(crate) mod drift;
pub(crate) mod facts;
pub(crate) mod lost;
pub(crate) mod next_actions;
pub(crate) mod rollback_forecast;
pub(crate) mod snapshot;
