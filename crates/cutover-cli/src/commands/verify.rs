//! `cutover verify`: compares every row of both schemas, both ways.

use cutover::Pace;

use super::Call;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::render::{next, next_is, verification};
use crate::target::Choice;

pub(crate) fn run(follow: bool, call: &Call<Choice>) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let report = if follow {
        engine.verify_on(&name, Pace::Gentle, &mut Progress::new())?
    } else {
        engine.verify(&name, Pace::Gentle, &mut Progress::new())?
    };
    let status = engine.snapshot(&name)?;
    call.output.result(&report, |paste| {
        verification(&report)
            + &if report.ok || !status.backfill.complete {
                next(status.phase, status.backfill.complete, paste)
            } else {
                next_is("bring the mirror in step", "repair", paste)
            }
    })?;
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}
