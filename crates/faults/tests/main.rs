//! Every crash there is: at each point of each operation something goes wrong, and after
//! it the database opens, is whole, and is in the phase before or the one after; programs
//! go on writing; the same command finishes what was begun; and all the while both
//! schemas hold what a twin holds that got the same writes and none of our machinery.
//!
//! - [`kills`]: `kill -9` at every statement, and between the writes of one commit.
//! - [`backup`]: killed while it writes the backup before the step of no return.
//! - [`errors`]: a read, write, sync, ... fails, once or from then on.
//! - [`power`]: the power is lost: what was not synced survives in part, or torn.
//! - [`stopped`]: the process stands still beyond its lease while another takes over.
//! - [`full`]: no room on the disk.
//! - [`interrupts`]: a statement is interrupted in the middle.
//! - [`harness`]: that the faults strike, and that a recovery that is none is found.
//!
//! They stand on [`scene`], a small database with its migration and what programs write
//! to it; [`operations`], what is done to it; [`prepared`], such an operation about to be
//! done; [`trial`], one run of it with one fault; [`programs`] that write meanwhile;
//! [`judge`], whether what is left agrees with the [`twins`]; [`sweep`], which points are
//! tried.
//!
//! Where there are many points, a sample of them is tried. `CRASHES=all` tries every one.

#![expect(clippy::unwrap_used, reason = "a test ends where it can't go on")]

mod backup;
mod errors;
mod full;
mod harness;
mod interrupts;
mod judge;
mod kills;
mod operations;
mod power;
mod prepared;
mod programs;
mod scene;
mod stopped;
mod sweep;
mod trial;
mod twins;
