//! The `cutover` binary as users run it.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | running the binary; the database and the migration the others use |
//! | `usage` | wrong command lines (exit 2), help texts, completions, the manual page |
//! | `files` | databases and migration files that can't be used (exit 5) |
//! | `story` | a migration from `new` to `retired`, each command's happy path |
//! | `refusals` | gates and proofs that say no (exit 3), and that nothing changed |
//! | `busy` | a second operator, a locked database (exit 4), Ctrl-C |
//! | `json` | the keys that scripts rely on |
//! | `streams` | what goes to stdout and what to stderr, colour, closed pipes |
//! | `demo` | the whole demo, small; it leaves no process and no file behind |

mod busy;
mod demo;
mod files;
mod json;
mod refusals;
mod story;
mod streams;
mod support;
mod usage;
