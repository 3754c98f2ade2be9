//! Every class of mapping through every phase, forwards and backwards.

use rusqlite::Connection;
use testkit::{Case, cases};

use crate::migrations::stage::Stage;

/// Everything but the last step, which only some cases can take.
const STEPS: &[&[&str]] = &[
    &["advance"],
    &["rollback"],
    &["advance", "--to", "read-new"],
    &["advance"],
    &["rollback"],
    &["advance"],
    &["advance"],
    &["rollback"],
    &["rollback", "--to", "dual-write"],
    &["advance", "--to", "new-only"],
];

fn tell(case: Case) {
    let mut stage = Stage::set(case, 300);
    let before = stage.schema();
    let start = stage.start_arguments().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let start: Vec<&str> = start.iter().map(String::as_str).collect();

    act(&mut stage, &start);
    assert_eq!(stage.phase(), "dual-write");
    act(&mut stage, &["abort"]);
    assert_eq!(stage.schema(), before, "{}: abort leaves nothing of ours", case.name);

    act(&mut stage, &start);
    let bystanders = case.bystanders;
    for (number, step) in STEPS.iter().enumerate() {
        act(&mut stage, step);
        if number < 3 {
            stage.twin.assert_old_equal(&stage.db, bystanders);
        }
    }
    assert_eq!(stage.phase(), "new-only");
    if case.retires {
        act(&mut stage, &["advance", "--to", "retired", "--yes"]);
        assert_eq!(stage.phase(), "retired");
        let conn = Connection::open(&stage.db).unwrap();
        for table in case.old_tables {
            let name = match stage.changes_in_place() {
                true => format!("_cutover_old_{table}"),
                false => (*table).to_owned(),
            };
            assert!(!conn.table_exists(Some("main"), &*name).unwrap(), "{name} is gone");
        }
    } else {
        let refused = stage.cutover.run(&["advance", "--to", "retired", "--yes"]);
        assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    }
}

/// One step, with programs writing before, during and after.
pub(crate) fn act(stage: &mut Stage, step: &[&str]) {
    stage.raise_curtain();
    stage.run(step);
    stage.drop_curtain();
    stage.judge(&step.join(" "));
}

#[test]
fn row_wise() {
    tell(cases::row_wise::CASE);
}

#[test]
fn split() {
    tell(cases::split::CASE);
}

#[test]
fn merge() {
    tell(cases::merge::CASE);
}

#[test]
fn join() {
    tell(cases::join::CASE);
}

#[test]
fn normalize() {
    tell(cases::normalize::CASE);
}

#[test]
fn filter() {
    tell(cases::filter::CASE);
}

#[test]
fn window() {
    tell(cases::window::CASE);
}

#[test]
fn in_place() {
    tell(cases::in_place::CASE);
}

#[test]
fn consensus() {
    tell(cases::consensus::CASE);
}
