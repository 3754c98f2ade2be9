//! Text for people, shared by the commands. Pure: builds strings, with colour
//! that the output strips where it doesn't belong.

use anstyle::{AnsiColor, Style};
use cutover::Command;
use cutover::{
    Action, Because, BrokenForeignKey, Difference, NextAction, Phase, SetAside, Space,
    TransitionReport, VacuumCost, VerifyReport,
};
use jiff::fmt::friendly::{FractionalUnit, Spacing, SpanPrinter};
use jiff::{SignedDuration, Timestamp};

use crate::exit::Failure;
use crate::paste::Paste;
use crate::processes::processes;

/// What a line is about.
pub const BOLD: Style = Style::new().bold();
/// What may be skipped.
pub const DIM: Style = Style::new().dimmed();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is worth knowing.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Differences shown as text; JSON gives all that the engine reports.
const SHOWN: usize = 10;

/// Adds a line. A `String` takes every write.
#[macro_export]
macro_rules! line {
    ($out:expr) => {
        $out.push('\n')
    };
    ($out:expr, $($arg:tt)*) => {{
        let _ = std::fmt::Write::write_fmt(&mut $out, format_args!($($arg)*));
        $out.push('\n');
    }};
}
pub use crate::line;

/// `1234567` as `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `2 rows`.
#[must_use]
pub fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// How long after `since` it is at `at`, in words; nothing if either is no time.
#[must_use]
pub fn lasted(since: &str, at: &str) -> Option<String> {
    let [since, at] = [since, at].map(|time| time.parse::<Timestamp>().ok());
    let seconds = at?.duration_since(since?).as_secs().max(0);
    Some(match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    })
}

/// Bytes with a unit.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
#[must_use]
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let digits = usize::from(unit != "B" && value < 10.0);
            return format!("{value:.digits$} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// A time, with as many digits as tell something.
pub fn seconds(s: f64) -> String {
    let unit = if s < 0.0995 { FractionalUnit::Millisecond } else { FractionalUnit::Second };
    let precision = if s < 99.5 { 1 } else { 0 };
    // What is not shown is rounded, and not cut off.
    let step = match (unit, precision) {
        (FractionalUnit::Millisecond, _) => 1e-4,
        (_, 1) => 0.1,
        _ => 1.0,
    };
    let shown = SignedDuration::try_from_secs_f64((s / step).round() * step).unwrap_or_default();
    let printer = SpanPrinter::new().spacing(Spacing::BetweenUnitsAndDesignators);
    if s < 99.5 {
        printer.fractional(Some(unit)).precision(Some(precision)).duration_to_string(&shown)
    } else {
        printer.duration_to_string(&shown)
    }
}

/// What went wrong, what caused it, and what to do.
pub fn failure(failure: &Failure, paste: &Paste) -> String {
    let mut out = String::new();
    line!(out, "{BAD}error:{BAD:#} {}", failure.message());
    if let Some(excerpt) = failure.excerpt() {
        line!(out, "{excerpt}");
    }
    for cause in failure.causes() {
        line!(out, "  cause: {cause}");
    }
    out.push_str(&differences(failure.examples()));
    if let Some(hint) = failure.hint() {
        line!(out, "{WARN}hint:{WARN:#} {}", paste.fix(&hint));
    }
    out.truncate(out.trim_end().len());
    out
}

/// What went wrong after a command had done what was asked.
pub fn warning(text: &str) -> String {
    format!("{WARN}warning:{WARN:#} {text}")
}

/// Differences, one a line.
pub fn differences(examples: &[Difference]) -> String {
    let mut out = String::new();
    for example in examples.iter().take(SHOWN) {
        let Difference { direction, table, key, column, expected, found } = example;
        let column = column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
        let what = match (expected, found) {
            (Some(expected), Some(found)) => format!("should be {expected}, is {found}"),
            (Some(expected), None) => format!("is missing; should be {expected}"),
            (None, Some(found)) => format!("should not be there; is {found}"),
            (None, None) => "differs".into(),
        };
        line!(out, "  {direction}: {table}{column} where {}: {what}", self::key(key));
    }
    if examples.len() > SHOWN {
        line!(out, "  and {} more with --json", examples.len() - SHOWN);
    }
    out
}

/// A key as SQL would name it: `id = 7 and stage = "spec-plan"`.
fn key(key: &serde_json::Value) -> String {
    match key.as_object() {
        Some(columns) => {
            let parts: Vec<_> = columns
                .iter()
                .map(|(name, value)| match value.as_str() {
                    // The engine may give values as text that shows their storage class.
                    Some(text) => format!("{name} = {text}"),
                    None => format!("{name} = {value}"),
                })
                .collect();
            parts.join(" and ")
        }
        None => key.to_string(),
    }
}

/// What a verification found, in one line and its examples.
pub fn verification(report: &VerifyReport) -> String {
    let mut out = String::new();
    let checked = counted(report.checked, "row");
    if report.ok {
        line!(out, "{GOOD}verified{GOOD:#}: {checked} compared, both ways; no difference");
        if let Some(rows) = report.only_new_holds.filter(|rows| *rows > 0) {
            line!(
                out,
                "{} of the new tables hold what the old ones can't show; a rollback to read-new \
                 would set it aside",
                counted(rows, "row")
            );
        }
    } else {
        line!(
            out,
            "{BAD}differences{BAD:#} in {checked} compared: {} missing, {} extra, {} different",
            count(report.missing),
            count(report.extra),
            count(report.different)
        );
        out.push_str(&differences(&report.examples));
    }
    out
}

/// What a step from one phase to another did.
pub fn transition(report: &TransitionReport) -> String {
    let mut out = String::new();
    let TransitionReport {
        migration,
        from,
        to,
        held_ms,
        verified,
        kept,
        only_new_holds,
        space,
        ..
    } = report;
    if report.called_off {
        line!(
            out,
            "{BOLD}{migration}{BOLD:#}: the rollback is called off; the phase stays \
             {GOOD}{from}{GOOD:#}"
        );
    }
    if from != to || !report.called_off {
        line!(out, "{BOLD}{migration}{BOLD:#}: {from} → {GOOD}{to}{GOOD:#}");
    }
    if let Some(verified) = verified {
        out.push_str(&verification(verified));
    }
    if !held_ms.is_empty() {
        let held: Vec<_> = held_ms.iter().map(|ms| format!("{ms:.1} ms")).collect();
        line!(out, "write lock held: {}", held.join(", "));
    }
    for kept in kept {
        line!(
            out,
            "{WARN}kept{WARN:#}: {} of {} that the other side can't hold, in {}",
            counted(kept.rows, "row"),
            kept.table,
            kept.kept_in
        );
    }
    if !report.not_restarted.is_empty() {
        line!(
            out,
            "{WARN}note{WARN:#}: started before write-new and still have the file open: {}",
            processes(&report.not_restarted)
        );
    }
    out.push_str(&set_aside(&report.set_aside));
    if let Some(reason) = &report.unfilled {
        line!(out, "{WARN}note{WARN:#}: the new tables are not filled: {reason}");
    }
    for BrokenForeignKey { table, parent, rows, example } in &report.broken_foreign_keys {
        let (rows, verb) = (counted(*rows, "row"), if *rows == 1 { "refers" } else { "refer" });
        line!(
            out,
            "{WARN}foreign key{WARN:#}: {rows} of {table} {verb} to no row of {parent}; for example {example}"
        );
    }
    if *only_new_holds > 0 {
        line!(
            out,
            "{WARN}note{WARN:#}: the old tables can't hold {} of the new tables; a rollback to \
             read-new would set them aside",
            counted(*only_new_holds, "row")
        );
    }
    if let Some(space) = space {
        out.push_str(&given_back(space));
    }
    out
}

/// Rows that the old tables can't hold, and why.
pub fn set_aside(rows: &[SetAside]) -> String {
    let mut out = String::new();
    for SetAside { table, key: of, reason } in rows {
        line!(out, "  {table}, {}: {reason}", key(of));
    }
    out
}

/// What dropped tables have left in the file, and what giving it back would cost.
fn given_back(space: &Space) -> String {
    let mut out = String::new();
    if space.freed_bytes > 0 {
        line!(out, "returned to the disk: {}", bytes(space.freed_bytes));
    }
    if let Some(VacuumCost { seconds: takes, disk_bytes, temp_bytes }) = &space.full_vacuum {
        line!(
            out,
            "free inside the file: {}, which SQLite reuses before the file grows",
            bytes(space.unused_bytes)
        );
        line!(
            out,
            "  `--vacuum full` returns it to the disk: writers wait about {}, and it needs {} \
             more on disk and {} of temporary files",
            seconds(*takes),
            bytes(*disk_bytes),
            bytes(*temp_bytes)
        );
    }
    out
}

/// The phases as they are shown: an optional one only where the migration is in it.
pub fn shown(present: Phase) -> impl Iterator<Item = Phase> {
    Phase::ALL.into_iter().filter(move |phase| !phase.is_optional() || *phase == present)
}

/// What to type next once a migration is retired.
pub const OVER: &str = "next: nothing; the migration is over\n";

/// What to type next: when, and the command on a line of its own; then what could be typed
/// instead.
pub fn next(next: &[NextAction], paste: &Paste) -> String {
    let Some((first, instead)) = next.split_first() else { return String::new() };
    let mut out = next_is(when(*first), &first.command(), paste);
    for next in instead {
        line!(out, "or, {}:\n  {}", when(*next), paste.typed(&next.command()));
    }
    out
}

/// What to type next after a rollback.
pub fn next_after_rollback(next: &[NextAction], phase: Phase, paste: &Paste) -> String {
    let Some(NextAction { action: Action::Advance, .. }) = next.first() else {
        return self::next(next, paste);
    };
    let again = next_is("once the problem is fixed, try again", &Command::ADVANCE, paste);
    match phase {
        Phase::DualWrite => {
            again + &format!("or, to leave the migration:\n  {}\n", paste.typed(&Command::ABORT))
        }
        _ => again + &format!("or, to go further back:\n  {}\n", paste.typed(&Command::ROLLBACK)),
    }
}

/// When the command that comes next is to be given.
pub fn when(next: NextAction) -> &'static str {
    match next.because {
        Because::NotStarted => "to start it again when it is ready",
        Because::NotFilled => "to fill the new tables",
        Because::Filled => "to let the live views read the new tables",
        Because::ReadsMoved => {
            "once your programs can write the new tables (the old ones then refuse writes)"
        }
        Because::BothCanWrite => "to let old and new programs write at once",
        Because::BothWrite => {
            "once no old program writes any more (the old tables then refuse writes)"
        }
        Because::WritesMoved => "once the new programs run well (a rollback is instant until then)",
        Because::Frozen => {
            "once nobody needs the old tables any more (a rollback works until then)"
        }
        Because::Drift | Because::Differences => "to fix the mirror",
        Because::NotLossless => {
            "some old rows can't be rebuilt from the new tables: change them, or leave the \
             migration with"
        }
        Because::InTheWay => "apply the fix above, or leave the migration with",
        Because::FrozenChanged => "the frozen tables have changed: go back with",
        Because::Interrupted => "to finish what was interrupted",
        Because::Paused => "to resume the work",
        Because::Postponed => "when writes may move to the new tables",
        _ => "go on",
    }
}

/// A `next:` line and its command.
pub fn next_is(when: &str, command: &Command, paste: &Paste) -> String {
    format!("{BOLD}next{BOLD:#}: {}:\n  {}\n", when, paste.typed(command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cutover::Direction;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"].map(String::from)
        );
        assert_eq!([counted(1, "row"), counted(2, "row")], ["1 row", "2 rows"].map(String::from));
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(
            [5, 1536, 50 << 20, 3 << 40].map(bytes),
            ["5 B", "1.5 KiB", "50 MiB", "3.0 TiB"].map(String::from)
        );
        assert_eq!(
            [0.0, 0.0012, 0.09949, 0.0996, 0.5, 12.0, 99.44].map(seconds),
            ["0.0 ms", "1.2 ms", "99.5 ms", "0.1 s", "0.5 s", "12.0 s", "1 m 39.4 s"]
                .map(String::from)
        );
        assert_eq!(
            [119.7, 125.0, 3600.0, 36_125.0, 400_000.0].map(seconds),
            ["2 m", "2 m 5 s", "1 h", "10 h 2 m 5 s", "111 h 6 m 40 s"].map(String::from)
        );
    }

    #[test]
    fn a_difference_names_its_row_and_both_values() {
        let difference = Difference {
            direction: Direction::Backward,
            table: "clients".into(),
            key: serde_json::json!({"id": 7}),
            column: Some("zip".into()),
            expected: Some("'007'".into()),
            found: Some("7".into()),
        };
        assert_eq!(
            differences(&[difference]),
            "  backward: clients.zip where id = 7: should be '007', is 7\n"
        );
    }

    #[test]
    fn a_time_that_has_passed_is_short() {
        let lasted = |at| lasted("2026-01-02T03:04:05Z", at).unwrap_or_default();
        assert_eq!(lasted("2026-01-02T03:05:05Z"), "60 s");
        assert_eq!(lasted("2026-01-02T05:05:05Z"), "2 h");
        assert_eq!(lasted("2026-01-02T03:04:00Z"), "0 s");
        assert_eq!(lasted("?"), "");
    }
}
