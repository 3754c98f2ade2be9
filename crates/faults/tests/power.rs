//! The power goes: the process ends, and of what it wrote and did not sync any part may
//! be gone, or torn. An application writes in the same process, because its writes are
//! lost by the same blow.
//!
//! The engine does not sync each of its commits, so that its last ones may be gone: then
//! the database is as it was at an earlier moment. Its log is of that moment too, so that
//! the twin, which replays the log, is what all of it must agree with. What the
//! application was told is committed must be in the log: its own commits are synced.

use faults::{Effect, Fault, Point, Survives, Writing};
use rusqlite::Connection;

use crate::operations::{self, Operation, of_each_operation};
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::sample;

of_each_operation!(|operation| losing(operation, Journal::Wal, 1));

#[test]
fn with_a_rollback_journal() {
    for operation in [operations::START, operations::BACK_TO_THE_START] {
        losing(operation, Journal::Rollback, 1);
    }
}

fn writing(acknowledged: std::path::PathBuf) -> Writing {
    let pair = |new: &str, old: &str| (new.to_owned(), old.to_owned());
    let pairs = vec![
        pair(
            "INSERT OR IGNORE INTO cities (name) VALUES ('Town {n}');
             INSERT INTO people (id, name, city_id) SELECT {n}, 'Ann {n}', id FROM cities WHERE name = 'Town {n}'",
            "INSERT INTO authors (id, name, city) VALUES ({n}, 'Ann {n}', 'Town {n}')",
        ),
        pair(
            "INSERT INTO works (id, person_id, title, pence) VALUES ({n}, 2, 'Letters', {n})",
            "INSERT INTO books (id, author_id, title, pence) VALUES ({n}, 2, 'Letters', {n})",
        ),
        pair(
            "UPDATE works SET pence = {n} WHERE id = {n} % 60 + 1",
            "UPDATE books SET pence = {n} WHERE id = {n} % 60 + 1",
        ),
        pair(
            "DELETE FROM people WHERE id = {n} - 7;
             DELETE FROM cities WHERE id NOT IN (SELECT city_id FROM people WHERE city_id IS NOT NULL)",
            "DELETE FROM authors WHERE id = {n} - 7",
        ),
    ];
    Writing { acknowledged, old: pairs.iter().map(|(_, old)| old.clone()).collect(), new: pairs }
}

/// Loses the power at some writes and syncs, and after the command has ended.
fn losing(operation: Operation, journal: Journal, most: u64) {
    let prepared = Prepared::new(&LIBRARY, operation, journal);
    let census = prepared.census();
    for (salt, survives) in
        [Survives::Nothing, Survives::Some, Survives::Torn].into_iter().enumerate()
    {
        for point in [Point::Write, Point::Sync] {
            for n in sample(&census, point, most, 11 + salt as u64) {
                let effect = Effect::PowerLoss { survives, seed: n };
                let fault = Fault { point, n, lasting: false, effect };
                let _ = lost(&prepared, fault, journal, true);
                let _ = lost(&prepared, fault, journal, false);
            }
        }
        let effect = Effect::PowerLoss { survives, seed: 1 };
        let fault = Fault { point: Point::End, n: 1, lasting: false, effect };
        assert!(lost(&prepared, fault, journal, false), "{}: the end", operation.command);
    }
}

/// Gives whether the power went before the command had ended.
fn lost(prepared: &Prepared, fault: Fault, journal: Journal, write: bool) -> bool {
    let trial = prepared.trial();
    let acknowledged = trial.beside("acknowledged");
    let writing = write.then(|| writing(acknowledged.clone()));
    let (outcome, report) = trial.run(prepared.operation.command, Some(fault), writing.as_ref());
    let what = format!(
        "{} in {}, {fault:?}, writing: {write}: {:?}\n{}",
        prepared.operation.command,
        trial.db.display(),
        report.struck,
        outcome.stderr
    );
    assert_eq!(outcome.code.is_none(), !report.struck.is_empty(), "{what}");
    if write {
        let told = std::fs::read_to_string(&acknowledged).unwrap_or_default();
        let told = told.lines().filter_map(|line| line.parse::<i64>().ok()).max().unwrap_or(0);
        let kept = testkit::workload::log::last(&Connection::open(&trial.db).unwrap());
        // Without a sync of the directory the deletion of a journal, which is the commit,
        // may be undone: that is SQLite's own promise in that mode.
        let last = i64::from(journal == Journal::Rollback);
        assert!(kept + last >= told, "{told} writes were acknowledged, {kept} are there: {what}");
        trial.recovers_as_logged(&what);
    } else {
        trial.recovers(&what);
    }
    !report.struck.is_empty()
}
