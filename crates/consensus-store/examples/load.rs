//! The store under load for as long as one likes: eight client processes, two old programs
//! and an operator who takes the store through the phases of its migration, forwards and
//! backwards; then the verdict on every write and every read. It is the test of the same
//! name, and longer.
//!
//! ```text
//! cargo run --release -p consensus-store --example load -- --seconds 600 --seed 7
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command says what it found")]
#![expect(clippy::panic, reason = "a fault of a process ends it")]

#[path = "../tests/load/run/mod.rs"]
mod run;

use std::process::ExitCode;

use run::{Plan, children};

const HELP: &str = "\
Puts a store under load and judges every write and every read of it.

Usage: load [--seconds N] [--transitions N] [--seed N] [--old-rows N] [--kill-every N] [--pause-us N]

  --seconds N      go on for at least so long (60)
  --transitions N  and for at least so many transitions (20)
  --seed N         what decides the programs' choices; the time by default
  --old-rows N     artifacts there before anything begins (250)
  --kill-every N   kill a process every so many lines of the history (20000)
  --pause-us N     the longest pause between bursts of calls, in microseconds (40000)";

fn main() -> ExitCode {
    if children::serve() {
        return ExitCode::SUCCESS;
    }
    let mut plan = Plan {
        seed: fastrand::u64(..1_000_000),
        transitions: 20,
        seconds: 60,
        old_rows: 250,
        kill_every: 20_000,
        pause_us: 40_000,
        arguments: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (name.as_str(), value) {
            ("--seconds", Some(value)) => plan.seconds = value,
            ("--transitions", Some(value)) => {
                plan.transitions = u32::try_from(value).unwrap_or(u32::MAX);
            }
            ("--seed", Some(value)) => plan.seed = value,
            ("--old-rows", Some(value)) => plan.old_rows = value,
            ("--kill-every", Some(value)) => plan.kill_every = value,
            ("--pause-us", Some(value)) => plan.pause_us = value,
            _ => {
                eprintln!("{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    println!("seed {}", plan.seed);
    match run::run(&plan) {
        Ok(account) => {
            println!("{account}\n\nno fault");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}
