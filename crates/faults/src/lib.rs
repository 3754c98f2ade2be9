//! A `cutover` whose SQLite fails where a test says so.
//!
//! Nothing of this is in the product. The program `faulty-cutover` is the same
//! `cutover`, linked with the same SQLite; before it begins, [`armed::arm`] puts a
//! virtual file system below that SQLite and callbacks on each of its connections. They
//! count the [`Point`]s the program comes to, and at the one that the
//! [`Orders`] name, something happens: the process is killed or stopped, a statement is
//! interrupted, a read, write or sync fails, the disk is full, the power is lost.
//!
//! - [`orders`]: what is to happen and where, and what did: plain data.
//! - [`armed`]: counting the points, and striking at the right one.
//! - [`statements`]: the points at statements and inside of them.
//! - [`vfs`]: the points below SQLite: a shim around the file system's operations.
//! - [`disk`]: what would be on the disk if the power went now. Pure.
//! - [`writer`]: an application that writes in the same process, because a machine that
//!   loses its power takes all of its programs with it.

pub mod armed;
pub mod disk;
pub mod orders;
pub mod statements;
pub mod vfs;
pub mod writer;

pub use orders::{Effect, Fault, Orders, Point, Report, Survives, Writing};
