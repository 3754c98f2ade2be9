//! Every way in which an old program may write while a migration is under way: none
//! makes the mirror diverge without anyone noticing.
//!
//! - [`matrix`]: journal modes × `foreign_keys` × `recursive_triggers` × two programs, each
//!   running the statements of [`statements`] beside a twin, in three phases.
//! - [`settings`]: what a connection can set, one test each: harmless, or refused.
//! - [`silenced`]: what no trigger sees. The gates find it, `repair` fixes it.
//! - [`schema`]: the application changes its tables meanwhile.
//! - [`rebuilt`]: a schema tool rebuilds a table, or drops what is ours.
//! - [`shadows`]: other tables and triggers of the same names.
//! - [`checks`]: CHECK constraints of the mirror, under every conflict clause.
//! - [`log`]: long readers and the write-ahead log, as `status` tells of them.
//! - [`unseen`]: keys set by another name, rows that a REPLACE removes, generated columns,
//!   values that compare equal.
//! - [`halfway`]: statements that an application's trigger stops and does not undo.
//! - [`unwritable`]: what only reads works on files that can't be written.
//! - [`beside`]: what programs feel of a backfill.
//!
//! They stand on [`scene`](crate::scene), a small database for one question, and on [`lane`], the one
//! most of the questions here are asked of.

mod beside;
mod checks;
mod halfway;
mod lane;
mod log;
mod matrix;
mod rebuilt;
mod schema;
mod settings;
mod shadows;
mod silenced;
mod statements;
mod unseen;
mod unwritable;
