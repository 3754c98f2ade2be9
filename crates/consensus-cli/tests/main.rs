//! The `consensus` binary as users and other programs run it.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | running the binary; fresh and legacy stores |
//! | `usage` | wrong command lines (exit 2), help texts, completions, the manual page |
//! | `files` | stores and other files that can't be used (exit 5); what is made, and what is not |
//! | `put` | artifacts and syntheses: where the text comes from, the ids as SQL sees them |
//! | `lists` | `specs`, `show` and `stats`, as JSON and as tables |
//! | `terminal` | the same on a terminal: tables without being asked for, and questions |
//! | `removal` | `delete`, `prune`, `compact` |
//! | `transfer` | `export` and `import` |
//! | `migrate` | every command before, within and after the migration; what it suggests |
//! | `busy` | locked files (exit 4), Ctrl-C, many processes at a time |
//! | `python` | a program in another language |
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod busy;
mod files;
mod lists;
mod migrate;
mod put;
mod python;
mod removal;
mod support;
mod terminal;
mod transfer;
mod usage;
