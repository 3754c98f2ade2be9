//! What the programs that measure have in common: databases, figures, tables.

pub mod database;
pub mod report;
pub mod stats;
