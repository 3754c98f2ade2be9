//! `cutover verify`: compares every row of both schemas, both ways.

use cutover::Pace;

use crate::cli::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::render::{next, next_is, verification};

pub(crate) fn run(args: &VerifyArgs, output: &Output) -> Result<Exit, Failure> {
    let mut engine = super::operate(&args.database, &args.operator)?;
    let name = super::pick(&engine, &args.pick)?;
    let report = engine.verify(&name, Pace::Gentle, &mut Progress::new())?;
    let status = engine.status(&name)?;
    output.result(&report, |paste| {
        verification(&report)
            + &if report.ok || !status.backfill.complete {
                next(status.phase, status.backfill.complete, paste)
            } else {
                next_is("bring the mirror in step", "repair", paste)
            }
    })?;
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}
