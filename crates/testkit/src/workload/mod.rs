//! Programs that write while a migration goes on: real processes, with another SQLite
//! than ours, that know nothing of cutover.

pub mod log;
mod template;
mod writer;

pub use template::{Template, Workload};
pub use writer::{Program, Report, Side, Writer, Writing};
