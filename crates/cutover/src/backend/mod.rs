//! The databases the engine can work on. SQLite is the only one so far; what the
//! engine asks of it is what stands in [`sqlite`], file by file.

pub(crate) mod sqlite;
