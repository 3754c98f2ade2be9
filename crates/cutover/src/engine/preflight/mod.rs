//! What could stand in the way of a migration: one question a file.

pub(crate) mod constraints;
pub(crate) mod converted_keys;
pub(crate) mod counterparts;
pub(crate) mod dependents;
pub(crate) mod missing_functions;
pub(crate) mod name_conflicts;
pub(crate) mod not_carried;
pub(crate) mod overlap;
pub(crate) mod programs;
pub(crate) mod rehearsal;
pub(crate) mod rowids;
pub(crate) mod scans;
pub(crate) mod space;
pub(crate) mod suitability;
pub(crate) mod trigger_effects;
pub(crate) mod write_both;
