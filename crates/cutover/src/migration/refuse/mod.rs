//! Every reason for which a migration file is refused: one function each.
//!
//! They are apart from the checks so that the wording can be read, and tested,
//! as a whole: each says what is wrong, why it can't be accepted, and what to
//! write instead.

mod create;
mod file;
mod mapping;
mod statement;

pub(super) use create::*;
pub(super) use file::*;
pub(super) use mapping::*;
pub(super) use statement::*;
