//! `cutover start`: from `legacy` to `dual-write`, and the backfill.

use cli_kit::exit::{Exit, Failure};
use cli_kit::paste::Paste;
use cli_kit::progress::Progress;
use cli_kit::render::{self, BOLD, GOOD, line};
use cutover::{NextAction, StartOptions, StartReport};

use super::check::proof;
use super::{Call, backfill, what_next};
use crate::hooks::{HookArgs, Hooked};
use crate::target::Definition;

pub(crate) fn run(
    options: StartOptions,
    hooks: &HookArgs,
    call: &Call<Definition>,
) -> Result<Exit, Failure> {
    let migration = call.migration.read()?;
    let mut engine = call.operate()?;
    let mut watch = Hooked::new(Progress::new(call.output.paste()), hooks);
    let report = engine
        .start(&migration, options, &mut watch)
        .map_err(|error| call.migration.failure(error))?;
    drop(watch);
    let file = call.migration.shown();
    let mut output = call.output.clone();
    if matches!(call.migration, Definition::File(_))
        && engine.migrations().is_ok_and(|all| all.len() > 1)
    {
        // What is suggested next has to say which one is meant.
        output.paste.migration = Some(report.migration.clone());
    }
    let next = what_next(&engine, &report.migration);
    output.result(&report, |paste| render(&report, &next, &file, paste))?;
    Ok(Exit::Done)
}

fn render(report: &StartReport, next: &[NextAction], file: &str, paste: &Paste) -> String {
    let mut out = proof(&report.check, file, paste);
    line!(
        out,
        "{BOLD}{}{BOLD:#}: legacy → {GOOD}{}{GOOD:#}; the write lock was held {:.1} ms",
        report.migration,
        report.phase,
        report.held_ms
    );
    if !report.indexes.is_empty() {
        line!(
            out,
            "indexes created for the duration of the migration: {}",
            report.indexes.join(", ")
        );
    }
    if let Some(done) = &report.backfill {
        out += &backfill::summary(done);
    }
    out + &render::next(next, paste)
}
