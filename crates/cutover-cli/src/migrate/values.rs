//! What arguments may be.

use std::time::Duration;

use cutover::{Limits, Pace, Phase, Request, Vacuum};

use super::args::PaceArgs;
use crate::target::Subject;

impl<S: Subject> PaceArgs<S> {
    /// The request, if there is one.
    pub(super) fn request(&self) -> Option<Request> {
        let Self { stall, rows_per_second, gentle, fast, own, .. } = self;
        let limits = Limits { stall: *stall, rows_per_second: *rows_per_second };
        match (gentle, fast, own) {
            (true, ..) => Some(Request::Pace(Some(Pace::Gentle))),
            (_, true, _) => Some(Request::Pace(Some(Pace::Fast))),
            (.., true) => Some(Request::Pace(None)),
            _ if limits == Limits::default() => None,
            _ => Some(Request::Pace(Some(Pace::Limited(limits)))),
        }
    }
}

/// Milliseconds, from a tenth of one to a minute.
pub(super) fn stall() -> impl clap::builder::TypedValueParser<Value = Duration> {
    use clap::builder::{StringValueParser, TypedValueParser};
    StringValueParser::new().try_map(|text| {
        let ms: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        if (0.1..=60_000.0).contains(&ms) {
            Ok(Duration::from_secs_f64(ms / 1000.0))
        } else {
            Err(format!("{text} is not in 0.1..=60000"))
        }
    })
}

/// A length of time with its unit, such as 90s, 10m or 1h 30m; 0 needs none.
pub(super) fn duration() -> impl clap::builder::TypedValueParser<Value = Duration> {
    use clap::builder::{StringValueParser, TypedValueParser};
    StringValueParser::new().try_map(|text| {
        if text == "0" {
            return Ok(Duration::ZERO);
        }
        let length = text.parse::<jiff::SignedDuration>().ok();
        let length = length.and_then(|length| Duration::try_from(length).ok());
        length.ok_or_else(|| format!("`{text}` is not a length of time such as 90s, 10m or 1h"))
    })
}

/// Phases as values that help shows and typos are matched against.
pub(super) fn phase() -> impl clap::builder::TypedValueParser<Value = Phase> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Phase::ALL.map(Phase::name)).try_map(|name| name.parse::<Phase>())
}

/// How space is returned to the disk.
pub(super) fn vacuum() -> impl clap::builder::TypedValueParser<Value = Vacuum> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["incremental", "full"]).map(|how| match how.as_str() {
        "full" => Vacuum::Full,
        _ => Vacuum::Incremental,
    })
}
