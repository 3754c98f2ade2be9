//! The `cutover` binary and the library behind it, from outside. One binary holds all of it:
//! `cargo test -p cutover-cli --test main shapes::keys`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]

/// A small database with a migration, for tests that ask one question.
mod scene;

/// The program as users run it: output, exit codes, JSON, refusals, a second operator, Ctrl-C.
mod cli;
/// Whole migrations, from the start to the end and back, while programs write.
mod migrations;
/// Every shape of table, moved and in place.
mod shapes;
/// Programs and commands at random, killed at random.
mod walk;
/// What is seen of those who still write, and the gates that ask for it.
mod who_writes;
/// Every way in which an old program may write meanwhile.
mod writers;

/// `check --fuzz`.
mod fuzz;
/// Disk space, the write-ahead log, files and permissions, hostile names.
mod guards;
/// `pause`, `resume`, `pace`, `postpone` and hooks, from another process.
mod steer;

/// `cutover serve`: the API, access, limits, and the page in a browser.
mod serve;
/// `cutover watch` in a terminal.
mod watch;

/// The `console` blocks of the README and of the book, run as they stand there.
mod pages;
