//! What the command line programs here share: results, errors, exit codes, progress.
//!
//! - [`output`]: the only place that prints.
//! - [`exit`]: how a command ends: an exit code, and for a failure its message and hint.
//! - [`progress`]: long work made visible, and Ctrl-C.
//! - [`render`]: text that several commands show.
//! - [`paste`]: makes the commands that are suggested work when they are pasted.
//! - [`spelling`]: how a program spells the commands of a migration.

pub mod exit;
pub mod output;
pub mod paste;
pub mod processes;
pub mod progress;
pub mod render;
pub mod spelling;

pub use exit::{Doing, Exit, Failure};
pub use output::Output;
pub use paste::Paste;
pub use progress::{Progress, interrupted, listen_to_interrupts};
pub use spelling::{CUTOVER, Spelling};
