//! `cutover pause`, `resume`, `pace`, `postpone` and `unpostpone`: what operators ask of work
//! that is under way, in whatever process.

use cli_kit::exit::{Exit, Failure};
use cli_kit::paste::Paste;
use cli_kit::render::{counted, line, next_is};
use cutover::Command;
use cutover::{ControlStatus, PaceStatus, Request};

use super::Call;
use crate::target::Choice;

/// Asks for something; shows what is asked for if there is nothing to be asked.
pub(crate) fn run(request: Option<Request>, call: &Call<Choice>) -> Result<Exit, Failure> {
    let status = match request {
        Some(request) => {
            let mut engine = call.operate()?;
            let name = call.migration.pick(&engine)?;
            engine.request(&name, request)?
        }
        None => {
            let engine = call.open()?;
            engine.snapshot(&call.migration.pick(&engine)?)?.control
        }
    };
    call.output.result(&status, |paste| render(&status, paste))?;
    Ok(Exit::Done)
}

fn render(status: &ControlStatus, paste: &Paste) -> String {
    let mut out = said(status);
    if status.paused {
        out += &next_is("go on", &Command::Resume, paste);
    } else if status.postponed {
        out += &next_is("when it may happen", &Command::Unpostpone, paste);
    }
    out
}

/// What is asked for.
pub(crate) fn said(status: &ControlStatus) -> String {
    let mut out = String::new();
    let chunks = if status.paused { "waits" } else { "goes on" };
    line!(out, "work {chunks}, {}", status.pace.as_ref().map_or("at its own pace".into(), pace));
    if status.postponed {
        line!(out, "the cutover is postponed: no gate moves writes to the other side");
    }
    out
}

/// A pace in words. `status` shows it too.
pub(crate) fn pace(pace: &PaceStatus) -> String {
    let mut words = match pace.pace.as_str() {
        "fast" => "as fast as the disk allows".to_owned(),
        "gentle" => "gently".to_owned(),
        _ => format!("holding writers off for about {} ms at a time", pace.stall_ms),
    };
    if let Some(most) = pace.rows_per_second {
        words += &format!(", {} a second at most", counted(most, "row"));
    }
    words
}
