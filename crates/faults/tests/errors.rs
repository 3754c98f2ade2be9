//! An operation of the file system fails, below SQLite: once, or from then on until the
//! process ends. The command fails and says why, or does what it was asked nevertheless.

use faults::{Effect, Fault, Point};

use crate::operations::{self, Operation, of_each_operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{sample, sweep};

of_each_operation!(|operation| failing(operation, Journal::Wal));

const POINTS: [Point; 8] = [
    Point::Open,
    Point::Read,
    Point::Write,
    Point::Truncate,
    Point::Sync,
    Point::Delete,
    Point::ShmMap,
    Point::Scratch,
];

fn failing(operation: Operation, journal: Journal) {
    let prepared = Prepared::new(&LIBRARY, operation, journal);
    let census = prepared.census();
    for point in POINTS {
        // With a rollback journal an error of a write ends the transaction, wherever it is met.
        let most = match (point, journal) {
            (Point::Write, Journal::Rollback) => 12,
            (Point::Read | Point::Write, _) => 5,
            _ => 2,
        };
        for lasting in [false, true] {
            let points = sample(&census, point, most, 3 + u64::from(lasting));
            let fault = |n| Fault { point, n, lasting, effect: Effect::Error };
            sweep(&prepared, &points, fault);
        }
    }
}

#[test]
fn with_a_rollback_journal() {
    for operation in [operations::TO_WRITE_NEW, operations::BACK_TO_THE_START] {
        failing(operation, Journal::Rollback);
    }
}
