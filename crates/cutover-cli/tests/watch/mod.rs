//! `cutover watch` in a real terminal: a pseudo-terminal, and a parser that knows what it would
//! show.
//!
//! | module | what it holds |
//! |---|---|
//! | `terminal` | the program in a terminal, its screen, its keys, the terminal's modes |
//! | `bench` | a database with a migration that was started |
//! | `looking` | what is shown: progress, other sizes, no colour, a pipe |
//! | `steering` | keys that ask, and what comes of it, seen from outside |
//! | `leaving` | the terminal is given back: keys, signals, a stop |

mod bench;
mod leaving;
mod looking;
mod steering;
mod terminal;
