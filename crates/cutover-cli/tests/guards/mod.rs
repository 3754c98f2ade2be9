//! What guards the machine around a migration: its disk, its other users, its file names.
//!
//! - [`paths`]: what may be named as a database or a migration file, and what is refused.
//! - [`permissions`]: who may read the files that we make.
//! - [`room`]: a disk without room, refused before anything is changed.
//! - [`wal`]: the write-ahead log beside readers that come and go, or stay.
//! - [`vacuum`]: space given back after the old tables are gone.
//! - [`names`]: hostile names and values through the whole life of a migration.
//!
//! They stand on [`bench`](mod@bench): a database, the binary, and a twin.

mod bench;
mod names;
mod paths;
mod permissions;
mod room;
mod vacuum;
mod wal;
