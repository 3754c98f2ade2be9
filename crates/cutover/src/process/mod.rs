//! Processes of this machine: telling them apart, and which have a file open.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod identity;
#[cfg(target_os = "linux")]
mod open_files;
mod opener;
mod stat;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{described, openers};
pub(crate) use identity::{Fate, fate, identity};
#[cfg(target_os = "linux")]
pub(crate) use open_files::{described, openers};
pub(crate) use opener::{Opener, Openers};
