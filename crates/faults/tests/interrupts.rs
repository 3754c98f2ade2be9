//! A statement is interrupted in the middle, wherever that is: every few steps of
//! SQLite's virtual machine there is a point.

use faults::{Effect, Fault, Point};

use crate::operations::{Operation, of_each_operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{sample, sweep};

of_each_operation!(interrupted);

fn interrupted(operation: Operation) {
    let prepared = Prepared::new(&LIBRARY, operation, Journal::Wal);
    let census = prepared.census();
    for lasting in [false, true] {
        let most = if lasting { 2 } else { 6 };
        let points = sample(&census, Point::Steps, most, 5 + u64::from(lasting));
        let fault = |n| Fault { point: Point::Steps, n, lasting, effect: Effect::Interrupt };
        sweep(&prepared, &points, fault);
    }
}
