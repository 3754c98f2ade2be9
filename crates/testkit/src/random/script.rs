//! A case as a script: SQL to paste into a shell, with the operator's commands between.

use super::path::{Action, Step};
use super::{Case, Side};

/// The whole case.
#[must_use]
pub fn script(case: &Case) -> String {
    let mut script = format!("-- seed {}, {:?}\n", case.spec.seed, case.classes);
    if case.wal {
        script += "PRAGMA journal_mode = WAL;\n";
    }
    for statement in case.schema().iter().chain(&case.rows) {
        script += &format!("{statement};\n");
    }
    script += "\n-- the migration file:\n";
    for line in case.file.lines() {
        script += &format!("--   {line}\n");
    }
    script.push('\n');
    case.steps.iter().for_each(|step| script += &shown(step));
    script
}

/// One step.
#[must_use]
pub fn shown(step: &Step) -> String {
    match step {
        Step::Reconnect => "-- another connection\n".to_owned(),
        Step::Do(action) => format!("-- $ cutover {}\n", command(*action)),
        Step::Write { side, statements, trespass } => {
            let whose = match (trespass, side) {
                (false, _) => "",
                (true, Side::Old) => "-- into the old side, which takes no writes:\n",
                (true, Side::New) => "-- into the new side, which takes no writes:\n",
            };
            format!("{whose}{};\n", statements.join(";\n"))
        }
    }
}

fn command(action: Action) -> &'static str {
    match action {
        Action::Start { backfill: true } => "start FILE",
        Action::Start { backfill: false } => "start FILE --no-backfill",
        Action::Backfill => "backfill",
        Action::Verify => "verify",
        Action::Repair => "repair",
        Action::Advance => "advance",
        Action::Rollback => "rollback",
        Action::Abort => "abort",
        Action::Retire => "advance --to retired --yes",
    }
}
