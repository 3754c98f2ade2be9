//! A migration file: read, refused or understood.

mod create;
pub(crate) mod cut;
mod dates;
pub(crate) mod ddl;
mod error;
mod expr;
mod fault;
mod formats;
mod fractions;
mod functions;
mod kind;
mod known;
pub(crate) mod lower;
mod mapping;
mod names;
mod order;
mod parsed;
pub(crate) mod parser;
mod read;
mod recursion;
mod refuse;
mod result;
mod scope;
mod select;
mod syntax;
mod tables;
#[cfg(test)]
mod tests;
mod tokens;
mod unnamed;
mod walk;
mod withs;

pub use error::MigrationError;
pub(crate) use parsed::Mapping;
pub use parsed::{Location, Migration};
