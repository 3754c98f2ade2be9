//! `cutover repair`: compares, and brings the mirror in step.

use cli_kit::exit::{Exit, Failure};
use cli_kit::progress::Progress;
use cli_kit::render::{GOOD, WARN, count, counted, line, next_is, set_aside};
use cutover::Command;
use cutover::{Pace, RepairReport};

use super::Call;
use crate::target::Choice;

pub(crate) fn run(call: &Call<Choice>) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let report = engine.repair(&name, Pace::Gentle, &mut Progress::new(call.output.paste()))?;
    call.output.result(&report, |paste| {
        summary(&report) + &next_is("compare every row", &Command::Verify, paste)
    })?;
    Ok(Exit::Done)
}

fn summary(report: &RepairReport) -> String {
    let RepairReport { renewed, checked, inserted, updated, deleted, .. } = *report;
    let mut out = String::new();
    for renamed in &report.renamed {
        line!(out, "renamed {renamed}; create its missing indexes and triggers");
    }
    if renewed {
        line!(out, "the triggers were missing or outdated; they were created again");
    }
    let checked = counted(checked, "row");
    if inserted + updated + deleted == 0 {
        line!(out, "{GOOD}nothing to repair{GOOD:#}: {checked} compared");
    } else {
        line!(
            out,
            "{GOOD}repaired{GOOD:#}: {checked} compared; {} inserted, {} updated, {} deleted",
            count(inserted),
            count(updated),
            count(deleted)
        );
    }
    for kept in &report.kept {
        let (rows, table) = (counted(kept.rows, "row"), &kept.table);
        line!(out, "{WARN}set aside{WARN:#}: {rows} that {table} can't hold, in {}", kept.kept_in);
    }
    out.push_str(&set_aside(&report.set_aside));
    out
}
