//! What random writes found, for `cutover check --fuzz`.

use cli_kit::paste::Paste;
use cli_kit::render::{BAD, BOLD, DIM, GOOD, WARN, counted, differences, line};
use cutover::{Direction, FuzzFailure, FuzzReport};

/// Reasons of refusals that are shown; JSON has them all.
const SHOWN: usize = 5;

/// The outcome in one line, what is worth knowing, and a failure with its script.
pub(super) fn found(report: &FuzzReport, file: &str, paste: &Paste) -> String {
    let mut out = String::new();
    let statements = counted(report.statements, "statement");
    let seed = report.seed;
    match &report.failure {
        None => line!(
            out,
            "{GOOD}fuzz{GOOD:#}: {statements} in both directions, {} refused with an error, no \
             divergence (seed {seed})",
            report.refused
        ),
        Some(failure) => {
            let Script { lines, verify } = Script::of(failure, file, paste);
            line!(out, "{BAD}fuzz{BAD:#}: after {statements} (seed {seed}): {}", failure.reason);
            out.push_str(&differences(failure.difference.as_slice()));
            line!(out, "to reproduce it, in an empty directory: sqlite3 fuzz.db, and there");
            line!(out, "{lines}");
            line!(out, "and then: {verify}");
        }
    }
    line!(
        out,
        "      {DIM}started with {}; {} of the statements fail without cutover too{DIM:#}",
        counted(report.rows, "row"),
        report.failed
    );
    for note in &report.notes {
        line!(out, "{BOLD}note{BOLD:#}: {note}");
    }
    for refusal in report.refusals.iter().take(SHOWN) {
        line!(out, "{WARN}refused{WARN:#} ({}): {}", refusal.statements, refusal.reason);
        line!(out, "  such as {}", cut(&refusal.example));
    }
    if report.refusals.len() > SHOWN {
        line!(
            out,
            "  and {} (all of them with --json)",
            counted((report.refusals.len() - SHOWN) as u64, "more reason")
        );
    }
    if let Some(loss) = &report.loss {
        line!(
            out,
            "{WARN}lossy{WARN:#} ({}): rows that the new tables accept but do not give back \
             unchanged; the gate to write-new refuses them",
            report.lossy
        );
        line!(out, "  such as {}", cut(&loss.statement));
        out.push_str(&differences(std::slice::from_ref(&loss.difference)));
    }
    out
}

/// An example for people; JSON has it whole.
fn cut(sql: &str) -> String {
    const LONGEST: usize = 240;
    match sql.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &sql[..end]),
        None => sql.to_owned(),
    }
}

/// A failure as something to paste into the `sqlite3` shell.
struct Script {
    lines: String,
    verify: String,
}

impl Script {
    fn of(failure: &FuzzFailure, file: &str, paste: &Paste) -> Self {
        let on =
            Paste { db: Some("fuzz.db".to_owned()), file: Some(file.to_owned()), ..paste.clone() };
        let phase = match failure.direction {
            Direction::Backward => "write-new",
            _ => "read-new",
        };
        let mut lines = String::from("PRAGMA journal_mode = WAL;\n");
        let mut add = |sql: &String| line!(lines, "{sql};");
        failure.setup.iter().for_each(&mut add);
        line!(lines, ".shell {}", on.command("start FILE"));
        line!(lines, ".shell {}", on.command(&format!("advance --to {phase}")));
        let mut add = |sql: &String| line!(lines, "{sql};");
        failure.script.iter().for_each(&mut add);
        Self { lines, verify: on.command("verify") }
    }
}
