//! `cutover abort`: leaves a migration, and leaves nothing of ours behind.

use cli_kit::exit::{Exit, Failure};
use cli_kit::paste::Paste;
use cli_kit::progress::Progress;
use cli_kit::render::{BOLD, GOOD, WARN, counted, line};
use cutover::Command;
use cutover::{AbortOptions, AbortReport};

use super::Call;
use crate::hooks::{HookArgs, Hooked};
use crate::target::Choice;

pub(crate) fn run(
    options: AbortOptions,
    hooks: &HookArgs,
    call: &Call<Choice>,
) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let mut watch = Hooked::new(Progress::new(call.output.paste()), hooks);
    let report = engine.abort_with(&name, options, &mut watch)?;
    drop(watch);
    call.output.result(&report, |paste| {
        // The file's path is not known here, but its name is.
        let paste = Paste { file: Some(format!("{name}.sql")), ..paste.clone() };
        let start = paste.typed(&Command::Start);
        summary(&report)
            + &format!("{BOLD}next{BOLD:#}: nothing to do; to start again:\n  {start}\n")
    })?;
    Ok(Exit::Done)
}

fn summary(report: &AbortReport) -> String {
    let mut out = String::new();
    let AbortReport { migration, removed, left, .. } = report;
    line!(
        out,
        "{BOLD}{migration}{BOLD:#}: back to {GOOD}legacy{GOOD:#}; the old tables are as they were"
    );
    line!(out, "{} removed", counted(removed.len() as u64, "object"));
    for kept in left {
        line!(
            out,
            "{WARN}left{WARN:#}: {} of {} that exist nowhere else, in {}",
            counted(kept.rows, "row"),
            kept.table,
            kept.kept_in
        );
    }
    out
}
