//! `cutover advance`: one phase on, or as far as named.

use cli_kit::exit::{Exit, Failure};
use cli_kit::progress::Progress;
use cli_kit::render;
use cutover::{AdvanceOptions, Phase};

use super::{Call, what_next};
use crate::hooks::{HookArgs, Hooked};
use crate::target::Choice;

pub(crate) fn run(
    options: &AdvanceOptions,
    hooks: &HookArgs,
    call: &Call<Choice>,
) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let mut watch = Hooked::new(Progress::new(call.output.paste()), hooks);
    let report = engine.advance(&name, options, &mut watch)?;
    drop(watch);
    let next = what_next(&engine, &name);
    call.output.result(&report, |paste| {
        let next = match report.to {
            Phase::Retired => render::OVER.to_owned(),
            _ => render::next(&next, paste),
        };
        render::transition(&report) + &next
    })?;
    Ok(Exit::Done)
}
