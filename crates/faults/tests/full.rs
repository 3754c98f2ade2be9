//! No room on the disk: from some write on, whatever would make a file longer fails
//! half-way. And the system's own limit on the length of a file, which no shim imitates.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use faults::{Effect, Fault, Point};

use crate::operations::{self, Operation, of_each_operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{sample, sweep};

of_each_operation!(full);

fn full(operation: Operation) {
    let prepared = Prepared::new(&LIBRARY, operation, Journal::Wal);
    let census = prepared.census();
    let points = sample(&census, Point::Write, 4, 7);
    // A write inside of a file succeeds, and needs no fault to: whether the later ones
    // strike differs from point to point.
    let fault = |n| Fault { point: Point::Write, n, lasting: true, effect: Effect::Full };
    sweep(&prepared, &points, fault);
}

/// Bytes in the units of `ulimit -f` in a POSIX shell.
const BLOCK: u64 = 512;

/// Runs the operation with a limit on the length of any file. The shell may ignore the
/// signal that comes with it: then the write fails, else the process ends inside of it.
fn limited(prepared: &Prepared, blocks: u64, ignored: bool) {
    let trial = prepared.trial();
    let trap = if ignored { "trap '' XFSZ;" } else { "" };
    let output = Command::new("sh")
        .args(["-c", &format!("{trap} ulimit -f {blocks} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_faulty-cutover"))
        .args(trial.words(prepared.operation.command))
        .env("CUTOVER_DB", &trial.db)
        .output()
        .unwrap();
    let what = format!("{blocks} blocks of {BLOCK}, ignored: {ignored}: {output:?}");
    let ended = (output.status.code(), output.status.signal());
    assert!(matches!(ended, (Some(0 | 1), _) | (None, Some(_))), "{what}");
    trial.recovers(&what);
}

#[test]
fn a_limit_of_the_system() {
    for operation in [operations::START, operations::BACK_TO_WRITE_NEW] {
        let prepared = Prepared::new(&LIBRARY, operation, Journal::Wal);
        for blocks in [0, 1, 40, 100, 200, 400] {
            limited(&prepared, blocks, false);
            limited(&prepared, blocks, true);
        }
    }
}
