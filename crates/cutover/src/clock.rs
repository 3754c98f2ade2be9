//! Times as they are written into databases and reports: RFC 3339, UTC.

use jiff::Timestamp;

/// Now, to the millisecond.
pub(crate) fn now() -> String {
    rfc3339_ms(Timestamp::now().as_millisecond())
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A time given in seconds since 1970.
pub(crate) fn rfc3339_s(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// A time as it is written, in milliseconds since 1970.
pub(crate) fn parse_ms(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// A time given in milliseconds since 1970.
pub(crate) fn rfc3339_ms(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| format!("{time:.3}"))
}
