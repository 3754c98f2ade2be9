//! `check --fuzz`: random writes on a scratch copy of the database, in both directions.
//!
//! The copy has the user's schema and a sample of the rows, and is brought into the phase
//! by the engine's own operations. Each statement also runs on a twin without our
//! machinery. Three things must hold: the program that writes is told the same and the
//! tables it writes to are the twin's; whenever no transaction is open the mirror is what
//! the whole mapping gives; a statement that the sync can't follow fails and changes
//! nothing. What breaks one of them is shrunk to a script that a person can read.
//!
//! | file | what it is |
//! |---|---|
//! | `schema`, `sample`, `links` | schema and rows of the user's database |
//! | `world`, `values`, `generate`, `insert`, `exchange` | the tables as the generator knows them, and random writes |
//! | `statement`, `literal` | a statement in parts that can be made simpler |
//! | `explore`, `tally` | the search, and what is counted |
//! | `scratch`, `twin_files`, `run`, `lockstep` | the scratch copy and its twin, and a statement on both |
//! | `judge`, `witness` | what must hold; what SQLite itself does wherever a table has a trigger |
//! | `shrink`, `failure` | the smallest script that fails |

mod exchange;
mod explore;
mod failure;
mod generate;
mod insert;
mod judge;
mod links;
mod literal;
mod lockstep;
mod run;
mod sample;
mod schema;
mod scratch;
mod shrink;
mod statement;
mod tally;
#[cfg(test)]
mod tests;
mod twin_files;
mod values;
mod witness;
mod world;

pub use self::tally::FuzzOptions;
