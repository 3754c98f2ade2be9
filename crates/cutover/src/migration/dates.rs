//! Dates and times: the same functions give a fixed value or the current one,
//! depending on their arguments.

use super::functions::Objection;

/// An argument, as far as the text of the statement tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// A string literal's content.
    Text(String),
    /// Anything else.
    Other,
}

/// What `strftime()` of SQLite 3.38 substitutes; other letters give NULL there.
const DIRECTIVES: &str = "dfHjJmMsSwWY%";

/// What speaks against calling one of [`functions::DATES`](super::functions)
/// with these arguments, if anything.
pub(super) fn objection(function: &str, arguments: &[Argument]) -> Option<Objection> {
    let mut times = arguments;
    if function.eq_ignore_ascii_case("strftime") {
        if let Some(Argument::Text(format)) = arguments.first()
            && let Some(directive) = newer_directive(format)
        {
            return Some(Objection::newer(
                &format!("substitutes %{directive}"),
                "3.44 or later",
                "use %d %f %H %j %J %m %M %s %S %w %W %Y",
            ));
        }
        times = arguments.get(1..).unwrap_or_default();
    }
    if times.is_empty() {
        return Some(Objection::varies("without a time gives the current time"));
    }
    times.iter().find_map(|argument| match argument {
        Argument::Text(text) => modifier(&text.trim().to_ascii_lowercase()),
        Argument::Other => None,
    })
}

fn modifier(text: &str) -> Option<Objection> {
    if text == "now" {
        return Some(Objection::varies("of 'now' gives the current time"));
    }
    if text == "localtime" || text == "utc" {
        return Some(Objection::varies(
            "with 'localtime' or 'utc' depends on the time zone of the machine that writes",
        ));
    }
    let newer = |since| {
        let what = format!("takes '{text}'");
        Some(Objection::newer(&what, since, "compute it with the modifiers of 3.38"))
    };
    match text {
        "subsec" | "subsecond" => newer("3.42"),
        "ceiling" | "floor" => newer("3.46"),
        _ if is_time_shift(text) => newer("3.43"),
        _ => None,
    }
}

/// `+YYYY-MM-DD`, maybe with a time after it.
fn is_time_shift(text: &str) -> bool {
    let Some(date) = text.strip_prefix(['+', '-']) else {
        return false;
    };
    let shape = date.bytes().take(10).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(b"0000-00-00".iter().copied())
}

fn newer_directive(format: &str) -> Option<char> {
    let mut characters = format.chars();
    while characters.any(|character| character == '%') {
        let directive = characters.next()?;
        if !DIRECTIVES.contains(directive) {
            return Some(directive);
        }
    }
    None
}
