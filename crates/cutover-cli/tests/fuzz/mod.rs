//! `cutover check --fuzz`.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | a database, a migration file, and the binary on both |
//! | `everywhere` | every example, every class of migration, the consensus store: no divergence |
//! | `beside` | virtual tables, odd shapes, broken foreign keys beside the tables that move |
//! | `found` | wrong mappings are found, shrunk, and what is printed shows them |
//! | `contract` | the same seed, the same result; nothing changed; JSON, exit codes |
//!
//! The statements run on each migration are few here. For a longer run:
//! `CUTOVER_FUZZ=100000 cargo test --release -p cutover-cli --test main fuzz::everywhere`

mod beside;
mod contract;
mod everywhere;
mod found;
mod support;
