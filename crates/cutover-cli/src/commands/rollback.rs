//! `cutover rollback`: one phase back, or as far as named, losing nothing.

use cli_kit::exit::{Exit, Failure};
use cli_kit::progress::Progress;
use cli_kit::render;
use cutover::Phase;

use super::{Call, what_next};
use crate::hooks::{HookArgs, Hooked};
use crate::target::Choice;

pub(crate) fn run(
    to: Option<Phase>,
    hooks: &HookArgs,
    call: &Call<Choice>,
) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let mut watch = Hooked::new(Progress::new(call.output.paste()), hooks);
    let report = engine.rollback(&name, to, &mut watch)?;
    drop(watch);
    let next = what_next(&engine, &name);
    call.output.result(&report, |paste| {
        render::transition(&report) + &render::next_after_rollback(&next, report.to, paste)
    })?;
    Ok(Exit::Done)
}
