//! A migration on a particular database: the file and the tables as they are, put together, and
//! what each phase has in the database.

pub(crate) mod build;
pub(crate) mod definitions;
pub(crate) mod lost;
pub(crate) mod phase_objects;
pub(crate) mod remains;
pub(crate) mod written;
