//! `cutover forget`: removes what a migration that is over has left in the database.

use cli_kit::exit::{Exit, Failure};
use cli_kit::progress::Progress;
use cli_kit::render::{BOLD, GOOD, WARN, counted, line};
use cutover::{ForgetOptions, ForgetReport};

use super::Call;
use crate::target::Choice;

pub(crate) fn run(options: ForgetOptions, call: &Call<Choice>) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let mut watch = Progress::new(call.output.paste());
    let report = engine.forget(&name, options, &mut watch)?;
    drop(watch);
    call.output.result(&report, |_| render(&report))?;
    Ok(Exit::Done)
}

fn render(report: &ForgetReport) -> String {
    let mut out = String::new();
    let ForgetReport { migration, removed, dropped, clean, .. } = report;
    line!(out, "{BOLD}{migration}{BOLD:#}: {GOOD}forgotten{GOOD:#}");
    line!(out, "{} removed", counted(removed.len() as u64, "object"));
    for kept in dropped {
        let rows = counted(kept.rows, "kept row");
        line!(out, "{WARN}dropped{WARN:#}: {rows} of {}, from {}", kept.table, kept.kept_in);
    }
    if *clean {
        line!(out, "nothing of cutover is left in the database");
    }
    out
}
