//! A program in another language, that knows the binary and SQL.

use std::process::Command;

use testkit::Outcome;

use super::support::{Bench, STEPS, binary};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python.py");

/// Before, within and after the migration.
#[test]
fn a_python_program_stores_and_reads() {
    let bench = Bench::legacy();
    for (steps, table) in [
        (&[][..], "consensus_artifacts"),
        (&STEPS[..1], "consensus_artifacts"),
        (&STEPS[1..3], "agent_outputs"),
        (&STEPS[3..], "agent_outputs"),
    ] {
        for step in steps {
            bench.run(step).exits(0);
        }
        let mut python = Command::new("python3");
        python.arg(PROGRAM).arg(binary()).arg(bench.path("store.db")).arg(table);
        Outcome::of(python.output().unwrap()).exits(0);
    }
}
