//! Two texts are the same if only what was measured differs: how long something took, when it
//! was, how much room there was.

/// Units behind a number that was measured.
const UNITS: &[&str] = &["ms", "s", "µs", "min", "KiB", "MiB", "GiB", "TiB"];

/// Whether `printed` is what `said` says, where `…` on a line of its own stands for any lines,
/// and at the end of a line for the rest of it.
pub(super) fn same(said: &[String], printed: &[String]) -> bool {
    let Some((first, rest)) = said.split_first() else { return printed.is_empty() };
    if first.trim() == "…" {
        return (0..=printed.len()).any(|from| same(rest, &printed[from..]));
    }
    let Some((line, others)) = printed.split_first() else { return false };
    same_line(first, line) && same(rest, others)
}

fn same_line(said: &str, printed: &str) -> bool {
    let printed = measureless(printed);
    match said.strip_suffix('…') {
        Some(begin) => printed.starts_with(&measureless(begin)),
        None => measureless(said) == printed,
    }
}

/// A line without what was measured. Words keep one space between them, as columns move with
/// the width of a figure.
fn measureless(line: &str) -> String {
    // Releases of the sqlite3 shell put other words around an error.
    let line = line.find("cutover: ").map_or(line, |at| line[at..].trim_end_matches(" (19)"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut out: Vec<&str> = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let bare = word.trim_end_matches([',', ';', '.', ':', ')']);
        let unit = words.get(n + 1).map(|unit| unit.trim_end_matches([',', ';', '.', ')']));
        let measured = bare.parse::<f64>().is_ok() && unit.is_some_and(|u| UNITS.contains(&u));
        if measured {
            out.push("MEASURED");
        } else if out.last() == Some(&"MEASURED") && UNITS.contains(&bare) {
            // The unit goes with its number: 1000 KiB may be 1 MiB.
            continue;
        } else if is_timestamp(bare) {
            out.push("WHEN");
        } else {
            out.push(word);
        }
    }
    let line = out.join(" ");
    // For which step writers wait the longest is measured, too.
    match line.strip_prefix("writers wait") {
        Some(_) => "writers wait".to_owned(),
        None => line,
    }
}

/// `2026-01-02T03:04:05.678Z`
fn is_timestamp(word: &str) -> bool {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

#[test]
fn only_what_was_measured_may_differ() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let is = |said: &str, printed: &str| same(&lines(said), &lines(printed));
    assert!(is("held 1.3 ms", "held 0.4 ms"));
    assert!(is("since 2026-01-02T03:04:05.678Z;", "since 2026-11-23T15:14:15.000Z;"));
    assert!(!is("8 rows", "9 rows"));
    assert!(!is("8 rows, 1 ms", "9 rows, 1 ms"));
    assert!(is("a\n…\nd", "a\nb\nc\nd"));
    assert!(is("a\n…", "a"));
    assert!(is("filled 2 ms, …", "filled 9 ms, 8 rows"));
    assert!(!is("filled …", "emptied"));
    assert!(!is("a\n…\nd", "a\nb"));
    assert!(!is("a", "a\nb"));
    assert!(!is("", "a"));
}
