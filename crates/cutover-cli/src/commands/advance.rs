//! `cutover advance`: one phase on, or as far as named.

use cutover::AdvanceOptions;

use crate::cli::AdvanceArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::render;

pub(crate) fn run(args: &AdvanceArgs, output: &Output) -> Result<Exit, Failure> {
    let mut engine = super::operate(&args.database, &args.operator)?;
    let name = super::pick(&engine, &args.pick)?;
    let options = AdvanceOptions { to: args.to, confirmed: args.yes, backup: args.backup.clone() };
    let report = engine.advance(&name, &options, &mut Progress::new())?;
    let filled = super::filled(&engine, &name, report.to)?;
    output.result(&report, |paste| {
        render::transition(&report) + &render::next(report.to, filled, paste)
    })?;
    Ok(Exit::Done)
}
