//! `cutover backfill`: fills the new tables, going on where it stopped.

use cli_kit::exit::{Exit, Failure};
use cli_kit::progress::{Progress, rounded};
use cli_kit::render::{self, GOOD, WARN, count, line, seconds};
use cutover::{BackfillReport, Pace};

use super::{Call, what_next};
use crate::target::Choice;

pub(crate) fn run(pace: Pace, call: &Call<Choice>) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let report = engine.backfill(&name, pace, &mut Progress::new(call.output.paste()))?;
    let next = what_next(&engine, &name);
    call.output.result(&report, |paste| summary(&report) + &render::next(&next, paste))?;
    Ok(Exit::Done)
}

/// How far it is. `start` shows it too.
pub(crate) fn summary(report: &BackfillReport) -> String {
    let BackfillReport { complete, done, total, seconds: took } = *report;
    let mut out = String::new();
    if complete {
        line!(
            out,
            "{GOOD}backfill complete{GOOD:#}: {} rows, {}{}",
            count(done),
            seconds(took),
            rate(done, took)
        );
    } else {
        line!(out, "{WARN}backfill{WARN:#}: {} of {} rows", count(done), count(total));
    }
    out
}

/// Left out where the call was too short, or did too little, to tell a rate.
#[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
fn rate(done: u64, took: f64) -> String {
    if took < 0.05 {
        String::new()
    } else {
        format!(", {} rows/s", count(rounded(done as f64 / took)))
    }
}
