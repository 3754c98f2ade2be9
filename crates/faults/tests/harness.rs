//! That the faults strike where they are ordered, and that a recovery which is none is
//! found: what can't fail proves nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faults::{Effect, Fault, Point, Survives};
use rusqlite::Connection;

use crate::operations;
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{once, sample};
use crate::trial::Trial;

/// Whether a judgement finds something wrong.
fn finds(judgement: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(judgement)).is_err()
}

#[test]
fn a_start_meets_points_of_every_kind() {
    let census = Prepared::new(&LIBRARY, operations::START, Journal::Wal).census();
    for point in Point::ALL {
        assert!(census.count(point) > 0, "no {point:?}: {census:?}");
    }
    assert!(census.struck.is_empty(), "{census:?}");
    assert!(census.commits.len() > 5, "{census:?}");
}

#[test]
fn each_effect_strikes_once_where_it_is_ordered() {
    let prepared = Prepared::new(&LIBRARY, operations::START, Journal::Wal);
    let loss = Effect::PowerLoss { survives: Survives::Some, seed: 1 };
    for (point, effect, code, says) in [
        (Point::Statement, Effect::Kill, None, ""),
        (Point::Write, Effect::Kill, None, ""),
        (Point::Write, loss, None, ""),
        (Point::Write, Effect::Error, Some(1), "disk I/O error"),
        (Point::Read, Effect::Error, Some(1), "disk I/O error"),
        (Point::Open, Effect::Error, Some(5), "can't be opened"),
        (Point::Steps, Effect::Interrupt, Some(1), "interrupted"),
    ] {
        let (outcome, report) =
            prepared.trial().run("start FILE", Some(once(point, 2, effect)), None);
        assert_eq!(report.struck.len(), 1, "{point:?} {effect:?}: {report:?}");
        assert_eq!(outcome.code, code, "{point:?} {effect:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(says), "{point:?} {effect:?}: {}", outcome.stderr);
    }
    let full = Fault { point: Point::Write, n: 2, lasting: true, effect: Effect::Full };
    let (outcome, report) = prepared.trial().run("start FILE", Some(full), None);
    assert!(!report.struck.is_empty(), "{report:?}");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("full"), "{}", outcome.stderr);
}

/// Kills a backfill in the middle.
fn killed(prepared: &Prepared) -> Trial<'_> {
    let commits = prepared.census().commits;
    let trial = prepared.trial();
    // Chunks are as large as the machine is fast, so two runs differ in how many there are: near
    // the end the kill might strike when all is done.
    let n = commits[commits.len() / 2];
    let (outcome, _) = trial.run("backfill", Some(once(Point::Statement, n, Effect::Kill)), None);
    assert_eq!(outcome.code, None);
    trial
}

#[test]
fn a_crash_that_nobody_recovers_from_is_found() {
    let prepared = Prepared::new(&LIBRARY, operations::BACKFILL, Journal::Wal);
    let trial = killed(&prepared);
    assert!(finds(|| trial.is_finished("a crash")), "the lease and the pass are as they were");
    trial.finish("a crash");
    trial.is_finished("a recovery");
    trial.judge(0, false, "a recovery");
}

#[test]
fn one_wrong_value_is_found() {
    let prepared = Prepared::new(&LIBRARY, operations::BACKFILL, Journal::Wal);
    for wrong in [
        "UPDATE works SET pence = pence + 1 WHERE id = 7",
        "UPDATE works SET pence = pence || 'p' WHERE id = 7",
        "DELETE FROM people WHERE id = 9",
        "INSERT INTO cities (name) VALUES ('Nowhere')",
        "UPDATE books SET title = 'another' WHERE id = 7",
    ] {
        let trial = killed(&prepared);
        trial.finish("a crash");
        let conn = Connection::open(&trial.db).unwrap();
        let triggers = "SELECT group_concat('DROP TRIGGER \"' || name || '\"', ';') FROM sqlite_schema \
                        WHERE type = 'trigger' AND sql NOT LIKE '%INSTEAD OF%'";
        let drops: String = conn.query_row(triggers, [], |row| row.get(0)).unwrap();
        conn.execute_batch(&format!("PRAGMA foreign_keys = OFF; {drops}; {wrong}")).unwrap();
        drop(conn);
        assert!(finds(|| trial.judge(0, false, "a wrong value")), "{wrong}");
    }
}

#[test]
fn a_disk_that_does_not_sync_is_found() {
    let prepared = Prepared::new(&LIBRARY, operations::START, Journal::Wal);
    let census = prepared.census();
    let found = sample(&census, Point::Write, 24, 13)
        .into_iter()
        .filter(|n| {
            let mut trial = prepared.trial();
            trial.lying = true;
            let effect = Effect::PowerLoss { survives: Survives::Some, seed: *n };
            let _ = trial.run("start FILE", Some(once(Point::Write, *n, effect)), None);
            trial.lying = false;
            finds(|| trial.recovers("a disk that lies"))
        })
        .count();
    assert!(found > 0, "no damage was seen");
}
