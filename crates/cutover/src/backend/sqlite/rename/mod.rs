//! Names and definitions changed in the schema itself.

mod definitions;
mod redefined;

pub(crate) use definitions::{forget_statistics, redefine, redefines, rename_alone, statement};
