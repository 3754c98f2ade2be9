//! `cutover start`: from `legacy` to `dual-write`, and the backfill.

use cutover::{StartOptions, StartReport};

use super::backfill;
use super::check::proof;
use crate::cli::StartArgs;
use crate::exit::{Exit, Failure, read_file};
use crate::output::Output;
use crate::paste::Paste;
use crate::progress::Progress;
use crate::render::{BOLD, GOOD, line, next, next_is};

pub(crate) fn run(args: &StartArgs, output: &Output) -> Result<Exit, Failure> {
    let migration = super::migration(&args.file)?;
    let options = StartOptions { no_backfill: args.no_backfill, pace: super::pace(args.fast) };
    let mut engine = super::operate(&args.database, &args.operator)?;
    let report = engine
        .start(&migration, options, &mut Progress::new())
        .or_else(|error| Err(Failure::in_file(error, &read_file(&args.file)?)))?;
    let file = args.file.display().to_string();
    let mut output = output.clone();
    if engine.migrations()?.len() > 1 {
        // What is suggested next has to say which one is meant.
        output.paste.migration = Some(report.migration.clone());
    }
    output.result(&report, |paste| render(&report, &file, paste))?;
    Ok(Exit::Done)
}

fn render(report: &StartReport, file: &str, paste: &Paste) -> String {
    let mut out = proof(&report.check, file, paste);
    line!(
        out,
        "{BOLD}{}{BOLD:#}: legacy → {GOOD}{}{GOOD:#}; the write lock was held {:.1} ms",
        report.migration,
        report.phase,
        report.held_ms
    );
    if !report.indexes.is_empty() {
        line!(out, "indexes created for the time of the migration: {}", report.indexes.join(", "));
    }
    match &report.backfill {
        Some(done) => {
            out += &backfill::summary(done);
            if done.complete {
                out += &next(report.phase, true, paste);
            } else {
                out += &next_is("go on filling the new tables", "backfill", paste);
            }
        }
        None => out += &next_is("fill the new tables", "backfill", paste),
    }
    out
}
