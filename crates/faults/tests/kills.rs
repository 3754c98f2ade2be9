//! `kill -9` at every statement of every operation, and between the writes of a commit.
//! What was written stays: the machine lives on.

use faults::{Effect, Point};

use crate::operations::{self, Operation, of_each_operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::{CONSENSUS, LIBRARY, Scene};
use crate::sweep::{once, sample, sweep};

of_each_operation!(|operation| killed(&LIBRARY, operation, Journal::Wal, 6));

/// Kills at `most` statements and writes, and before and after each commit.
fn killed(scene: &'static Scene, operation: Operation, journal: Journal, most: u64) {
    let prepared = Prepared::new(scene, operation, journal);
    let census = prepared.census();
    let mut points = sample(&census, Point::Statement, most, 1);
    // And around each commit, where it matters most.
    let around = census.commits.iter().flat_map(|n| [*n, n + 1]);
    points.extend(around.filter(|n| *n <= census.count(Point::Statement)));
    points.sort_unstable();
    points.dedup();
    sweep(&prepared, &points, |n| once(Point::Statement, n, Effect::Kill));
    for point in [Point::Write, Point::Sync, Point::Truncate, Point::Delete] {
        let points = sample(&census, point, most / 2, 2);
        sweep(&prepared, &points, |n| once(point, n, Effect::Kill));
    }
}

/// With a rollback journal a killed transaction leaves the database half written; whoever
/// opens it next rolls that back.
mod rollback_journal {
    use super::*;

    #[test]
    fn start() {
        killed(&LIBRARY, operations::START, Journal::Rollback, 4);
    }

    #[test]
    fn to_write_new() {
        killed(&LIBRARY, operations::TO_WRITE_NEW, Journal::Rollback, 4);
    }

    #[test]
    fn back_to_write_new() {
        killed(&LIBRARY, operations::BACK_TO_WRITE_NEW, Journal::Rollback, 4);
    }

    #[test]
    fn retire() {
        killed(&LIBRARY, operations::RETIRE, Journal::Rollback, 4);
    }
}

mod consensus {
    use super::*;

    #[test]
    fn start() {
        killed(&CONSENSUS, operations::START, Journal::Wal, 4);
    }

    #[test]
    fn to_write_new() {
        killed(&CONSENSUS, operations::TO_WRITE_NEW, Journal::Wal, 4);
    }

    #[test]
    fn back_to_the_start() {
        killed(&CONSENSUS, operations::BACK_TO_THE_START, Journal::Wal, 4);
    }
}
