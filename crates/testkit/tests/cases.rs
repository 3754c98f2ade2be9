use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{Case, Side, Twin, Writer, cases, oracle};

use crate::Database;

fn each(test: impl Fn(&Case)) {
    for case in cases::ALL {
        println!("{}", case.name);
        test(case);
    }
}

#[test]
fn every_case_is_lossless() {
    each(|case| {
        let live = Database::of(case, 1_000, 7);
        oracle::assert_lossless(case.migration, case.canonical, &live.path());
    });
}

/// Whatever the old programs write stays lossless, and the statements that they are
/// refused are refused for a reason of the application's.
#[test]
fn every_case_stays_lossless_under_its_old_programs() {
    each(|case| {
        let live = Database::of(case, 300, 8);
        let twin = Twin::of(&live.path());
        for seed in 0..4 {
            let report = Writer::new(&live.path(), &format!("old-{seed}"), case.workload)
                .seed(seed)
                .transactions(120)
                .spawn()
                .wait();
            report.assert_clean();
            report.assert_durable();
        }
        assert!(twin.apply_log(&live.path()) > 300);
        twin.assert_old_equal(&live.path(), &case.all_old_tables());
        oracle::assert_lossless(case.migration, case.canonical, &live.path());
    });
}

/// What new programs write to the new tables is what their twin statements write to the
/// old ones: the migration file agrees, in both directions.
#[test]
fn every_new_statement_does_what_its_twin_does() {
    each(|case| {
        let live = Database::of(case, 300, 9);
        let twin = Twin::of(&live.path());
        // A database as it is once the old tables are gone.
        let dir = TempDir::new().unwrap();
        let new = dir.path().join("new.db");
        oracle::forward(case.migration, &live.path(), &new);
        testkit::workload::log::create(&Connection::open(&new).unwrap());
        for seed in 0..4 {
            let report = Writer::new(&new, &format!("new-{seed}"), case.workload)
                .new_workload(case.new_workload)
                .side(Side::New)
                .seed(seed)
                .transactions(80)
                .spawn()
                .wait();
            report.assert_clean();
        }
        assert!(twin.apply_log(&new) > 200);
        twin.assert_new_equal(&new, case.migration, case.canonical);
        let back = dir.path().join("back.db");
        oracle::copy_tables(&live.path(), &back);
        oracle::backward(case.migration, &new, &back);
        twin.assert_old_equal(&back, case.old_tables);
    });
}

/// Most statements must do something, or the workload tests nothing.
#[test]
fn the_workloads_change_rows() {
    each(|case| {
        let live = Database::of(case, 300, 10);
        let report = Writer::new(&live.path(), "w", case.workload).transactions(150).spawn().wait();
        report.assert_clean();
        let refused = live.count("SELECT count(*) FROM workload_log WHERE error IS NOT NULL");
        let all = live.count("SELECT count(*) FROM workload_log");
        assert!(refused * 3 < all, "{}: {refused} of {all} statements were refused", case.name);
    });
}
