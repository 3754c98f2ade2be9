//! What the programs that measure have in common: databases, figures, tables.

pub mod clock;
pub mod database;
pub mod offline;
pub mod report;
pub mod stats;
