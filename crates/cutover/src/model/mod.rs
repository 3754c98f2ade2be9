//! A migration on a particular database: the file and the tables as they are, put together.

pub(crate) mod build;
pub(crate) mod definitions;
pub(crate) mod remains;
pub(crate) mod written;
