//! `cutover check`: the proof, before anything is changed.

use cli_kit::exit::{Exit, Failure};
use cli_kit::paste::Paste;
use cli_kit::progress::{Progress, listen_to_interrupts};
use cli_kit::render::{
    BAD, BOLD, DIM, GOOD, bytes, count, counted, differences, line, next_is, seconds,
};
use cutover::Command;
use cutover::{CheckReport, Forecast, FuzzOptions, Problem};

use super::{Call, fuzz};
use crate::target::Definition;

pub(crate) fn run(fuzz: Option<FuzzOptions>, call: &Call<Definition>) -> Result<Exit, Failure> {
    listen_to_interrupts();
    let migration = call.migration.read()?;
    let engine = call.open()?;
    let mut report = engine
        .check(&migration, &mut Progress::new(call.output.paste()))
        .map_err(|error| call.migration.failure(error))?;
    if let (true, Some(options)) = (report.ok, fuzz) {
        let found = engine
            .fuzz(&migration, options, &mut Progress::new(call.output.paste()))
            .map_err(|error| call.migration.failure(error))?;
        report.ok = found.ok;
        report.fuzz = Some(found);
    }
    let file = call.migration.shown();
    call.output.result(&report, |paste| {
        let mut text = proof(&report, &file, paste);
        if let Some(found) = &report.fuzz {
            text += &fuzz::found(found, &file, paste);
        }
        if report.ok {
            text += &next_is("to keep both schemas in step from now on", &Command::Start, paste);
        } else {
            text += &next_is("fix the problems above, then", &Command::Check, paste);
        }
        text
    })?;
    Ok(if report.ok { Exit::Done } else { Exit::Refused })
}

/// What the proof found. `start` shows it too.
pub(crate) fn proof(report: &CheckReport, file: &str, paste: &Paste) -> String {
    let mut out = String::new();
    let rows = counted(report.rows, "old row");
    if report.lossless.ok {
        line!(
            out,
            "{GOOD}lossless{GOOD:#}: {rows} copied forward and back; all came back unchanged"
        );
    } else if report.rows == 0 && !report.problems.is_empty() {
        line!(out, "{BAD}not tried{BAD:#}: the problems below prevent the proof");
    } else {
        let lossless = &report.lossless;
        line!(
            out,
            "{BAD}not lossless{BAD:#}: {rows} copied forward and back: {} missing, {} different, \
             {} extra",
            count(lossless.missing),
            count(lossless.different),
            count(lossless.extra)
        );
        out.push_str(&differences(&lossless.examples));
    }
    for problem in &report.problems {
        line!(out, "{BAD}problem{BAD:#}: {}", described(problem, file, paste));
    }
    for note in &report.notes {
        line!(out, "{BOLD}note{BOLD:#}: {}", described(note, file, paste));
    }
    for note in report.write_both.problems.iter().chain(&report.write_both.notes) {
        line!(out, "{BOLD}write-both{BOLD:#}: {}", described(note, file, paste));
    }
    if !report.indexes.is_empty() {
        line!(out, "indexes for the duration of the migration:");
        for index in &report.indexes {
            line!(out, "  {}", index.sql);
        }
    }
    if report.rows > 0 || report.problems.is_empty() {
        out.push_str(&forecast(&report.forecast));
    }
    out
}

/// `split.sql:3:8: why`, and below it what to do.
fn described(problem: &Problem, file: &str, paste: &Paste) -> String {
    let Problem { line, column, reason, fix } = problem;
    let place = match (line, column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}: "),
        (Some(line), None) => format!("{file}:{line}: "),
        _ => String::new(),
    };
    let mut text = format!("{place}{}", reason);
    if !fix.is_empty() {
        text += &format!("\n  fix: {}", paste.fix(fix));
    }
    text
}

fn forecast(forecast: &Forecast) -> String {
    let Forecast {
        backfill_seconds,
        verify_seconds,
        disk_bytes,
        log_bytes: _,
        needed_bytes,
        free_bytes,
        scratch_bytes,
        longest_stall_ms,
        longest_stall_is,
    } = forecast;
    let mut out = String::new();
    line!(
        out,
        "expect: backfill {}, a verification {}, {} more on disk",
        seconds(*backfill_seconds),
        seconds(*verify_seconds),
        bytes(*disk_bytes)
    );
    let free = free_bytes.map_or_else(String::new, |free| format!(" of {} free", bytes(free)));
    line!(
        out,
        "        start needs {}{free}; this proof used {} of scratch space",
        bytes(*needed_bytes),
        bytes(*scratch_bytes)
    );
    let cause = if longest_stall_is.is_empty() {
        String::new()
    } else {
        format!(" {DIM}({longest_stall_is}){DIM:#}")
    };
    line!(out, "        writers wait {longest_stall_ms:.1} ms at most{cause}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli_kit::spelling::CUTOVER;

    #[test]
    fn a_problem_names_its_place_and_its_fix() {
        let problem = Problem {
            line: Some(3),
            column: Some(8),
            reason: "no key".into(),
            fix: "add a PRIMARY KEY".into(),
        };
        assert_eq!(
            described(&problem, "split.sql", &Paste::of(&CUTOVER)),
            "split.sql:3:8: no key\n  fix: add a PRIMARY KEY"
        );
    }
}
