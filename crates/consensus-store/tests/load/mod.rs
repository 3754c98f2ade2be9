//! The store under load, and proof that its judges can say no.
//!
//! - [`run`]: the load: processes, their history, the verdict.
//! - [`verdicts`]: the verdict on histories in which something is wrong.
//! - [`checks`]: what a caller finds by itself.
//!
//! A longer run: `cargo run --release -p consensus-store --example load -- --help`.

mod checks;
mod run;
mod verdicts;

use run::{Plan, children};

/// How a process that the test starts comes to [`a_process_of_the_load`].
const AS_A_PROCESS: [&str; 3] = ["--exact", "load::a_process_of_the_load", "--nocapture"];

#[test]
fn every_write_is_found_once_and_every_read_is_explained() {
    let plan = Plan {
        seed: std::env::var("LOAD_SEED").map_or(1, |seed| seed.parse().unwrap()),
        transitions: 20,
        seconds: 0,
        old_rows: 250,
        kill_every: 3_000,
        pause_us: 100_000,
        arguments: AS_A_PROCESS.map(str::to_owned).to_vec(),
    };
    match run::run(&plan) {
        Ok(account) => println!("{account}"),
        Err(faults) => panic!("{faults}"),
    }
}

/// Not a test of its own: what the processes of the one above run.
#[test]
fn a_process_of_the_load() {
    children::serve();
}
