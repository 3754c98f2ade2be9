use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::cases::{normalize, row_wise, split};
use testkit::{Program, Twin, Writer, oracle};

use crate::Database;

/// The message with which something panics.
fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it should have failed");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn the_twin_follows_writers_of_both_kinds_that_write_at_once() {
    let live = Database::of(&split::CASE, 200, 1);
    let twin = Twin::of(&live.path());
    let writer = |name, program, seed| {
        Writer::new(&live.path(), name, split::CASE.workload).program(program).seed(seed).spawn()
    };
    let mut writers = [
        writer("python-1", Program::Python, 1),
        writer("python-2", Program::Python, 2),
        writer("shell", Program::Shell, 3),
    ];
    let mut applied = 0;
    for round in 1..=3 {
        for writing in &mut writers {
            writing.wait_for(round * 15);
        }
        applied += twin.apply_log(&live.path());
    }
    for writing in writers {
        let report = writing.stop();
        report.assert_clean();
        report.assert_durable();
        assert!(report.ended && report.transactions > 0);
    }
    applied += twin.apply_log(&live.path());
    assert_eq!(twin.apply_log(&live.path()), 0);
    assert_eq!(live.count("SELECT count(*) FROM workload_log"), applied as i64);
    twin.assert_old_equal(&live.path(), &split::CASE.all_old_tables());
}

#[test]
fn the_twin_sees_a_difference_in_the_old_tables() {
    let live = Database::of(&split::CASE, 50, 1);
    let twin = Twin::of(&live.path());
    twin.assert_old_equal(&live.path(), &["clients"]);
    live.execute("UPDATE clients SET city = 'Atlantis' WHERE id = (SELECT max(id) FROM clients)");
    let message = panic_of(|| twin.assert_old_equal(&live.path(), &["clients"]));
    assert!(message.contains("the database holds 'Atlantis'"), "{message}");
}

#[test]
fn the_twin_sees_a_storage_class_that_changed() {
    let live = Database::of(&row_wise::CASE, 50, 1);
    live.execute("UPDATE articles SET note = '7' WHERE id = (SELECT min(id) FROM articles)");
    let twin = Twin::of(&live.path());
    live.execute("UPDATE articles SET note = 7 WHERE id = (SELECT min(id) FROM articles)");
    let message = panic_of(|| twin.assert_old_equal(&live.path(), &["articles"]));
    assert!(message.contains("note: expected '7', the database holds 7"), "{message}");
}

#[test]
fn the_twin_sees_a_difference_in_the_new_tables_and_no_surrogate_keys() {
    let case = normalize::CASE;
    let live = Database::of(&case, 100, 1);
    let twin = Twin::of(&live.path());
    let new = live.dir.path().join("new.db");
    oracle::forward(case.migration, &live.path(), &new);
    let conn = rusqlite::Connection::open(&new).unwrap();
    // The SQLite in rusqlite has foreign keys on unless told otherwise.
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch("UPDATE visits SET city_id = -city_id; UPDATE cities SET id = -id").unwrap();
    twin.assert_new_equal(&new, case.migration, case.canonical);
    conn.execute_batch("DELETE FROM visits WHERE id = (SELECT max(id) FROM visits)").unwrap();
    let message = panic_of(|| twin.assert_new_equal(&new, case.migration, case.canonical));
    assert!(message.contains("missing in the database"), "{message}");
}

/// A trigger of ours that makes an old program's statement fail is a fault, even where
/// nothing is written wrong.
#[test]
fn the_twin_sees_a_statement_that_was_refused_for_no_reason_of_the_application() {
    let live = Database::of(&split::CASE, 50, 1);
    let twin = Twin::of(&live.path());
    live.execute(
        "CREATE TRIGGER disturbing BEFORE DELETE ON clients BEGIN SELECT RAISE(ABORT, 'the mirror differs'); END",
    );
    Writer::new(&live.path(), "w", split::CASE.workload)
        .transactions(80)
        .spawn()
        .wait()
        .assert_clean();
    let message = panic_of(|| {
        let _ = twin.apply_log(&live.path());
    });
    assert!(message.contains("w was refused this (1811: the mirror differs)"), "{message}");
}
