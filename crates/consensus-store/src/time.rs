//! When a row was made: as callers see it, and as the two schemas write it.
//!
//! Old programs wrote `created_at` as text of a second, sometimes with milliseconds, in
//! UTC. The new tables hold milliseconds, and beside them whatever was no such text. A
//! caller gets the same from both.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use rusqlite::types::ValueRef;
use serde::{Serialize, Serializer};

/// The milliseconds that text of SQLite's years 0000 to 9999 can hold. What lies beyond
/// is kept as a number in the old tables.
pub(crate) const TEXT_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// All times are UTC, so a civil time will do; and unlike a timestamp it reaches to the
/// last second of the year 9999.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// When a row was made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CreatedAt {
    /// Milliseconds since 1970, UTC.
    Millis(i64),
    /// Something was written there that is no time.
    Unreadable(String),
    /// Nothing was written there.
    Missing,
}

impl CreatedAt {
    /// Milliseconds since 1970, UTC, if it is a time.
    #[must_use]
    pub fn millis(&self) -> Option<i64> {
        match self {
            Self::Millis(ms) => Some(*ms),
            Self::Unreadable(_) | Self::Missing => None,
        }
    }

    /// A `created_at` of the old tables.
    pub(crate) fn from_old(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Missing,
            ValueRef::Integer(ms) if !TEXT_MS.contains(&ms) => Self::Millis(ms),
            ValueRef::Integer(number) => Self::Unreadable(number.to_string()),
            ValueRef::Real(number) => Self::Unreadable(number.to_string()),
            ValueRef::Text(text) => Self::from_text(&String::from_utf8_lossy(text)),
            ValueRef::Blob(bytes) => Self::Unreadable(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// What the new tables hold: the milliseconds, or else the raw value.
    pub(crate) fn from_new(ms: Option<i64>, raw: ValueRef<'_>) -> Self {
        ms.map_or_else(|| Self::from_old(raw), Self::Millis)
    }

    /// As old programs wrote it, and a little beyond: `T` for the blank, any number of
    /// digits of a second, `Z`.
    pub(crate) fn from_text(text: &str) -> Self {
        text.trim_end_matches('Z')
            .parse::<DateTime>()
            .ok()
            .and_then(|time| i64::try_from(EPOCH.duration_until(time).as_millis()).ok())
            .map_or_else(|| Self::Unreadable(text.to_owned()), Self::Millis)
    }
}

impl fmt::Display for CreatedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millis(ms) => match text(*ms) {
                Some(text) => f.pad(&text),
                None => f.pad(&ms.to_string()),
            },
            Self::Unreadable(text) => f.pad(text),
            Self::Missing => f.pad(""),
        }
    }
}

impl Serialize for CreatedAt {
    /// A number of milliseconds; a string if it is no time; null if nothing is there.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Millis(ms) => serializer.serialize_i64(*ms),
            Self::Unreadable(text) => serializer.serialize_str(text),
            Self::Missing => serializer.serialize_none(),
        }
    }
}

/// Milliseconds as old programs wrote them: text of the second, with a fraction only
/// where there is one. `None` beyond the years that such text can hold.
pub(crate) fn text(ms: i64) -> Option<String> {
    if !TEXT_MS.contains(&ms) {
        return None;
    }
    let time = EPOCH.checked_add(SignedDuration::from_millis(ms)).ok()?;
    let fraction = ms.rem_euclid(1000);
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    if fraction != 0 {
        text.push_str(&format!(".{fraction:03}"));
    }
    Some(text)
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    // A clock before 1970 is wrong, but no reason to fail.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_and_the_text_of_old_programs_are_the_same_time() {
        for (ms, written) in [
            (1_751_328_000_000, "2025-07-01 00:00:00"),
            (1_751_328_001_050, "2025-07-01 00:00:01.050"),
            (-1, "1969-12-31 23:59:59.999"),
            (*TEXT_MS.start(), "0000-01-01 00:00:00"),
            (*TEXT_MS.end(), "9999-12-31 23:59:59.999"),
        ] {
            assert_eq!(text(ms).as_deref(), Some(written));
            assert_eq!(CreatedAt::from_text(written), CreatedAt::Millis(ms));
        }
        assert_eq!(text(TEXT_MS.end() + 1), None);
        assert_eq!(text(i64::MIN), None);
    }

    #[test]
    fn what_is_no_time_is_kept_as_it_is_written() {
        for written in ["yesterday", "", "2025-02-30 10:00:00", "2025-01-01 25:00:00"] {
            assert_eq!(CreatedAt::from_text(written), CreatedAt::Unreadable(written.to_owned()));
        }
        assert_eq!(
            CreatedAt::from_text("2025-07-01T00:00:00.000Z"),
            CreatedAt::Millis(1_751_328_000_000)
        );
    }
}
