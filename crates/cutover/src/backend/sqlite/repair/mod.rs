//! Makes a target hold what its mapping gives, row by row, where rows stand in each other's
//! way or the table refuses some of them.
//!
//! A unique value that a row is to get may be held by a row that is not up to date itself.
//! Such a row gives way: it is removed, and put back with the values the mapping gives it. A
//! row that the table refuses for another reason, or that an up-to-date row stands in the way
//! of, is told, and everything else is done.
//!
//! `OR ABORT` overrides whatever a constraint of the table says ON CONFLICT: nothing is
//! replaced, ignored or filled in silently (<https://www.sqlite.org/lang_conflict.html>).

mod lookups;
mod obstacles;
mod rows;
mod statements;

pub(crate) use self::rows::{Refused, Stop, repair};
