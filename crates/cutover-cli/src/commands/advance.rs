//! `cutover advance`: one phase on, or as far as named.

use cutover::AdvanceOptions;

use super::Call;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::render;
use crate::target::Choice;

pub(crate) fn run(options: &AdvanceOptions, call: &Call<Choice>) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let report = engine.advance(&name, options, &mut Progress::new())?;
    let filled = super::filled(&engine, &name, report.to)?;
    call.output.result(&report, |paste| {
        render::transition(&report) + &render::next(report.to, filled, paste)
    })?;
    Ok(Exit::Done)
}
