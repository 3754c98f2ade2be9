//! Steering work from another terminal, and what is told of it meanwhile.
//!
//! - [`control`]: pause, resume, pace: on work under way in another process, and on none.
//! - [`told`]: a cutover that is postponed, and one that waits until it is told.
//! - [`hooks`]: programs that are asked before a transition and told after it.
//! - [`follow`]: a verification that goes on.
//! - [`snapshot`]: what `status --json` tells, and that looking holds nobody up.
//!
//! Each ends with the twin: a database that got the same writes and none of our machinery.

mod bench;
mod control;
mod follow;
mod hooks;
mod snapshot;
mod told;
