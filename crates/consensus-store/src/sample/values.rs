//! The values of a sample: ordinary ones made quickly, and the odd ones.

use std::fmt::Write as _;

use fastrand::Rng;
use rusqlite::types::Value;

pub(super) const AGENTS: [&str; 5] = ["gemini", "claude", "gpt_pro", "gpt_codex", "code"];

/// The stages that programs know, in the order a spec passes through them.
pub(super) fn stage(n: u64) -> &'static str {
    const STAGES: [&str; 6] =
        ["spec-plan", "spec-tasks", "spec-implement", "spec-validate", "spec-audit", "spec-unlock"];
    STAGES[(n % 6) as usize]
}

/// Stages that programs do not know: newer, older, mistyped.
pub(super) fn unknown_stage(n: u64) -> &'static str {
    const STAGES: [&str; 6] = ["spec-review", "Spec-Plan", "spec-plan ", "", "этап-1", "plan\n"];
    STAGES[(n % 6) as usize]
}

/// Run ids that other specs use too, differ in letter case only, or need quoting.
pub(super) fn odd_label(n: u64) -> String {
    const LABELS: [&str; 6] = ["run-1", "Run-1", "it's \"mine\"", "🚀", "0", "NULL"];
    LABELS[(n % 6) as usize].to_owned()
}

/// Texts that are no JSON and that careless code breaks.
pub(super) fn odd_text(n: u64) -> &'static str {
    const TEXTS: [&str; 14] = [
        "",
        "## Plan\n\n1. read\n2. write\n",
        "{\"agent\": \"gemini\", \"summary\": \"cut off in the mid",
        "null",
        "007",
        "1e3",
        "it's \"quoted\" and `quoted`; DROP TABLE x; --",
        "Ünïcödé, 日本語, العربية, e\u{301}",
        "👩🏽‍💻 says 🚀",
        "\u{1}\u{8}\u{b}\u{1f}\u{7f}\u{85}",
        "back\\slash \\u0041 \\n",
        "\u{feff}byte order mark",
        "line\r\nline\u{2028}line",
        "  spaces  ",
    ];
    TEXTS[(n % 14) as usize]
}

/// What `created_at` holds where some program set it by itself.
pub(super) fn odd_time(n: u64) -> Value {
    const TEXTS: [&str; 15] = [
        "",
        "yesterday",
        "now",
        "2025-03-01",
        "2025-03-01 10:00",
        "2025-03-01T10:00:00Z",
        "2025-03-01 10:00:00+02:00",
        "2025-03-01 10:00:00.000",
        "2025-03-01 10:00:00.5",
        "2025-03-01 10:00:00.123456",
        "2025-02-31 10:00:00",
        "2025-03-01 24:00:00",
        "2025-03-01 10:00:00 ",
        "1969-12-31 23:59:59.999",
        "9999-12-31 23:59:59.999",
    ];
    match n % 22 {
        0 | 7 => Value::Null,
        1 => Value::Integer(1_740_823_200),
        2 => Value::Integer(1_740_823_200_123),
        3 => Value::Integer(1_740_823_200_123_456),
        4 => Value::Real(2_460_735.916_668_981_5),
        5 => Value::Real(1_740_823_200.25),
        6 => Value::Integer(-1),
        n => Value::Text(TEXTS[(n - 8) as usize % TEXTS.len()].to_owned()),
    }
}

/// Text to cut pieces from: making each text anew would take longer than SQLite
/// takes to store it.
pub(super) struct Pool {
    text: String,
}

impl Pool {
    /// More than the longest piece, so that pieces differ.
    const BYTES: usize = 5_000_000;

    pub(super) fn new(rng: &mut Rng) -> Self {
        const WORDS: [&str; 24] = [
            "the", "store", "keeps", "each", "agent", "output", "and", "its", "run", "until", "a",
            "reader", "asks", "for", "it", "then", "plan", "writes", "tests", "before", "code",
            "which", "fails", "loudly",
        ];
        let mut text = String::with_capacity(Self::BYTES + 16);
        while text.len() < Self::BYTES {
            text.push_str(WORDS[rng.usize(..WORDS.len())]);
            text.push_str(if rng.u8(..12) == 0 { ". " } else { " " });
        }
        Self { text }
    }

    /// ASCII without quotes or backslashes, of exactly this length.
    pub(super) fn text(&self, rng: &mut Rng, bytes: usize) -> &str {
        let start = rng.usize(..self.text.len() - bytes);
        &self.text[start..start + bytes]
    }

    /// JSON as agents write it, of at least this length.
    pub(super) fn content(&self, rng: &mut Rng, agent: &str, stage: &str, bytes: usize) -> String {
        let mut content = String::with_capacity(bytes + 64);
        let _ = write!(
            content,
            r#"{{"agent":"{agent}","stage":"{}","confidence":0.{},"summary":""#,
            stage.trim(),
            rng.u32(1..100)
        );
        let rest = bytes.saturating_sub(content.len() + 2);
        content.push_str(self.text(rng, rest));
        content.push_str("\"}");
        content
    }
}

/// When rows were written: seconds since 1970, moving on with the rows.
pub(super) struct Clock {
    seconds: i64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { seconds: 1_735_700_000 }
    }

    /// The `created_at` of the `n`th row, as `CURRENT_TIMESTAMP` would have it
    /// unless it is the turn of an awkward one.
    pub(super) fn created_at(&mut self, rng: &mut Rng, n: u64, awkward: bool) -> Value {
        if awkward && n % 53 == 26 {
            return odd_time(n / 53);
        }
        self.seconds += rng.i64(..9).saturating_sub(2).max(0);
        let seconds = if awkward && n % 47 == 23 { self.seconds - 5_000 } else { self.seconds };
        let mut text = written(seconds);
        if awkward && n % 19 == 9 {
            let _ = write!(text, ".{:03}", rng.u32(1..1_000));
        }
        Value::Text(text)
    }
}

/// `YYYY-MM-DD HH:MM:SS`, by Howard Hinnant's `civil_from_days`.
fn written(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_sqlite_writes_them() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for seconds in
            [0, -1, 951_782_399, 951_868_800, 1_735_700_000, 1_740_787_199, 4_102_444_800]
        {
            let theirs: String = conn
                .query_row("SELECT datetime(?, 'unixepoch')", [seconds], |row| row.get(0))
                .unwrap();
            assert_eq!(written(seconds), theirs);
        }
    }
}
