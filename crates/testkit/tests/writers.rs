use std::time::Duration;

use testkit::cases::{consensus, row_wise, split};
use testkit::{Program, Side, Twin, Writer};

use crate::Database;

#[test]
fn a_writer_killed_inside_a_transaction_leaves_nothing_of_it() {
    for program in [Program::Python, Program::Shell] {
        let live = Database::of(&split::CASE, 50, 1);
        let twin = Twin::of(&live.path());
        let writing = Writer::new(&live.path(), "held", split::CASE.workload)
            .program(program)
            .hold(Duration::from_secs(60))
            .spawn();
        // It holds the lock, and never comes to its first COMMIT.
        live.wait_until_locked();
        let report = writing.kill();
        assert_eq!((report.transactions, report.ended), (0, false));
        assert_eq!(live.count("SELECT count(*) FROM workload_log"), 0);
        twin.assert_old_equal(&live.path(), &split::CASE.all_old_tables());
    }
}

#[test]
fn what_a_writer_saw_committed_survives_its_sudden_end() {
    let live = Database::of(&row_wise::CASE, 100, 1);
    let twin = Twin::of(&live.path());
    for (seed, program) in
        [Program::Python, Program::Shell, Program::Python].into_iter().enumerate()
    {
        let mut writing = Writer::new(&live.path(), &format!("w{seed}"), row_wise::CASE.workload)
            .program(program)
            .seed(seed as u64)
            .spawn();
        writing.wait_for(12);
        let report = writing.kill();
        assert!(!report.ended);
        report.assert_clean();
        report.assert_durable();
    }
    twin.apply_log(&live.path());
    twin.assert_old_equal(&live.path(), &row_wise::CASE.all_old_tables());
}

/// The same seed does the same, as long as nobody else writes.
#[test]
fn a_seed_reproduces_a_writer() {
    let run = |seed| {
        let live = Database::of(&consensus::CASE, 100, 1);
        let report = Writer::new(&live.path(), "w", consensus::CASE.workload)
            .seed(seed)
            .transactions(30)
            .spawn()
            .wait();
        report.assert_clean();
        let conn = rusqlite::Connection::open(live.path()).unwrap();
        testkit::workload::log::after(&conn, 0)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

const FREEZE: &str = "
    CREATE TRIGGER f1 BEFORE INSERT ON clients BEGIN SELECT RAISE(ABORT, 'clients is read-only'); END;
    CREATE TRIGGER f2 BEFORE UPDATE ON clients BEGIN SELECT RAISE(ABORT, 'clients is read-only'); END;
    CREATE TRIGGER f3 BEFORE DELETE ON clients BEGIN SELECT RAISE(ABORT, 'clients is read-only'); END;";

#[test]
fn a_writer_on_a_frozen_table_is_refused_and_writes_nothing() {
    for program in [Program::Python, Program::Shell] {
        let live = Database::of(&split::CASE, 50, 1);
        let twin = Twin::of(&live.path());
        live.execute(FREEZE);
        let report = Writer::new(&live.path(), "w", split::CASE.workload)
            .program(program)
            .transactions(12)
            .spawn()
            .wait();
        report.assert_clean();
        assert!(!report.refused.is_empty());
        twin.apply_log(&live.path());
        twin.assert_old_equal(&live.path(), &split::CASE.all_old_tables());
    }
}

/// A program that knows of the migration finds its side again after each flip.
#[test]
fn a_writer_that_follows_asks_again_after_a_refusal() {
    for program in [Program::Python, Program::Shell] {
        let live = Database::of(&split::CASE, 50, 1);
        live.execute(
            "CREATE TABLE side (name TEXT); INSERT INTO side VALUES ('old');
             CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE addresses (customer_id INTEGER PRIMARY KEY, street TEXT, city TEXT);",
        );
        let mut writing = Writer::new(&live.path(), "w", split::CASE.workload)
            .new_workload(split::CASE.new_workload)
            .program(program)
            .side(Side::Follow("SELECT name FROM side".to_owned()))
            .spawn();
        writing.wait_for(5);
        live.execute(&format!("BEGIN IMMEDIATE; {FREEZE} UPDATE side SET name = 'new'; COMMIT"));
        let flipped = live.count("SELECT count(*) FROM workload_log");
        writing.wait_for(flipped + 5);
        writing.stop().assert_clean();
        let last = |order: &str, side: &str| {
            live.count(&format!("SELECT {order}(seq) FROM workload_log WHERE side = '{side}'"))
        };
        assert!(last("max", "old") < last("min", "new"));
    }
}

/// Anything that is neither a lock, nor a refusal, nor a constraint is a failure.
#[test]
fn an_error_is_not_taken_for_a_refusal() {
    let live = Database::of(&split::CASE, 50, 1);
    live.execute("ALTER TABLE clients RENAME TO gone");
    let report =
        Writer::new(&live.path(), "w", split::CASE.workload).transactions(3).spawn().wait();
    assert_eq!(report.failed.len(), 3);
    assert!(report.failed[0].contains("no such table: clients"), "{}", report.failed[0]);
}
