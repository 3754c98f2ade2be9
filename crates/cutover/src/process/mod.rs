//! Processes of this machine: telling them apart, and which have a file open.

mod identity;
mod open_files;
mod stat;

pub(crate) use identity::{Fate, fate, identity};
pub(crate) use open_files::{Opener, Openers, described, openers};
