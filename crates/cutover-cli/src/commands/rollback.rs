//! `cutover rollback`: one phase back, or as far as named, losing nothing.

use crate::cli::RollbackArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::render;

pub(crate) fn run(args: &RollbackArgs, output: &Output) -> Result<Exit, Failure> {
    let mut engine = super::operate(&args.database, &args.operator)?;
    let name = super::pick(&engine, &args.pick)?;
    let report = engine.rollback(&name, args.to, &mut Progress::new())?;
    let filled = super::filled(&engine, &name, report.to)?;
    output.result(&report, |paste| {
        render::transition(&report) + &render::next_after_rollback(report.to, filled, paste)
    })?;
    Ok(Exit::Done)
}
