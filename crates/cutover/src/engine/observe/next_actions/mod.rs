//! The one decision about a migration: which commands would be accepted now, why the others
//! would not, and which to give next. Pure. `status`, the dashboard, the page's buttons, the
//! `next:` lines and the refusals of commands all come from here, so that they can't
//! contradict each other.

mod decide;
mod facts;
mod next;
mod old_programs;
mod permitted;
#[cfg(test)]
mod tests;

pub(crate) use self::decide::{Decision, decide};
pub(crate) use self::facts::Facts;
pub(crate) use self::old_programs::{OldPrograms, Step};
pub(crate) use self::permitted::{permitted, postponed};
