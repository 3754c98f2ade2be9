//! Migrations from the start to the end and back, by the real binary, on real files,
//! with real programs writing all the while.
//!
//! - [`story`]: every class of mapping through every phase and every rollback, each
//!   step compared with a twin that got the same writes and none of our machinery.
//! - [`examples`]: every example in `examples/`, and what its page says.
//! - [`gates`]: what is written while a gate decides.
//! - [`kills`]: `kill -9` at any moment; a re-run finishes and the twin agrees.
//! - [`one_go`]: what a switch leaves in the schema, and how often it changes it.
//! - [`operators`]: two operators at once.
//! - [`hostile`]: the facts of SQLite that sync triggers must survive.
//! - [`several`]: rows that depend on several tables, and on one of them twice.
//! - [`pairs`]: several migrations in one database; what is forgotten leaves no trace.
//! - [`late`]: programs of the old schema that come after `retired`.
//! - [`recursion`]: recursive mappings, statement by statement.
//! - [`actions`]: foreign keys of the old tables that write by themselves.
//! - [`alike`]: updates whose values compare equal and are not the same.
//! - [`drift`]: what is known to be wrong stands in the way, and what was done is told as done.
//! - [`own_steps`]: what a migration does to the schema itself is no drift.
//! - [`verifying`]: what a verification counts, and what it keeps in memory.
//! - [`refused_rows`]: rows that a constraint of the new side refuses, named.
//! - [`write_both`]: the phase in which old and new programs write at once.
//! - [`walk`]: commands and writes at random; what `next:` names is accepted.
//! - [`rollback`]: a rollback from `new-only`, whatever new programs wrote.
//! - [`failing`]: values for which a mapping fails.
//! - [`leaving`]: an abort: what only the new tables hold, and who still writes to them.
//! - [`losses`]: rows that can't be carried over: refused, or kept and told.
//!
//! They stand on [`stage`], a case of the testkit with its twin, and on [`scene`](crate::scene), a
//! small database for one question.

mod actions;
mod alike;
mod both_killed;
mod drift;
mod examples;
mod failing;
mod gates;
mod guarded;
mod hostile;
mod kills;
mod late;
mod leaving;
mod losses;
mod one_go;
mod operators;
mod own_steps;
mod pairs;
mod recursion;
mod refilled;
mod refused_rows;
mod rollback;
mod scans;
mod several;
mod stage;
mod story;
mod verifying;
mod walk;
mod write_both;
