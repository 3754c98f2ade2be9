//! What the terminal dashboard and the web page share: [`poller`] takes a snapshot of a migration
//! every second, [`runner`] runs what an operator asks for, one operation at a time. Neither
//! prints.

pub(crate) mod poller;
pub(crate) mod runner;
