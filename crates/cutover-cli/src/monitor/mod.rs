//! What the terminal dashboard and the web page share: [`poller`] takes a snapshot of a migration
//! every second, [`offered`] says which orders make sense in view of it, and [`runner`] runs what
//! an operator asks for, one operation at a time. None prints.

pub(crate) mod offered;
pub(crate) mod poller;
pub(crate) mod runner;
