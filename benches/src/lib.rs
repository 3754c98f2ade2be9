//! What the programs that measure have in common: databases, figures, tables.

pub mod clock;
pub mod database;
pub mod many;
pub mod offline;
pub mod program;
pub mod report;
pub mod stats;
