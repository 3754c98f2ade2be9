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
        engine.verify_on(&name, Pace::Gentle, &mut Progress::new(call.output.paste()))?
    } else {
        engine.verify(&name, Pace::Gentle, &mut Progress::new(call.output.paste()))?
    };
    let (phase, filled) = (engine.phase(&name)?, engine.is_filled(&name)?);
    call.output.result(&report, |paste| {
        verification(&report)
            + &if report.ok || !filled {
                next(phase, filled, paste)
            } else {
                next_is("bring the mirror in step", "repair", paste)
            }
    })?;
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}
