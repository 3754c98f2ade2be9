//! `consensus prune`: deletes what is old.

use clap::Args;
use cli_kit::render::{BOLD, bytes, count};
use cli_kit::{Exit, Failure, Output};
use consensus_store::Compact;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Serialize;

use super::failed;
use crate::place::Place;

/// Delete what is older than a time
///
/// Artifacts and syntheses of every spec. Rows without a readable time stay.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus prune --older-than 30d
  consensus prune --older-than 12h
  consensus prune --older-than 2025-01-01 --vacuum

It works in short transactions: other programs can write meanwhile.")]
pub(crate) struct Arguments {
    /// An age (30d, 12h, 2w, 6mo) or a time in UTC (2025-01-01, 2025-01-01T12:00)
    #[arg(long, value_name = "AGE|TIME", value_parser = time)]
    older_than: Timestamp,
    /// Then rewrite the file without its free space; other programs can't write meanwhile
    #[arg(long)]
    vacuum: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What was deleted.
#[derive(Debug, Serialize)]
struct Pruned {
    older_than: String,
    artifacts: u64,
    syntheses: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed_bytes: Option<u64>,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let store = args.place.change()?;
    let deleted = store.prune(args.older_than.as_millisecond()).map_err(failed)?;
    let freed = match args.vacuum {
        true => Some(store.compact(Compact::Full).map_err(failed)?),
        false => None,
    };
    let pruned = Pruned {
        older_than: args.older_than.to_string(),
        artifacts: deleted.artifacts,
        syntheses: deleted.syntheses,
        freed_bytes: freed,
    };
    output.result(&pruned, |paste| {
        let Pruned { older_than, artifacts, syntheses, freed_bytes } = &pruned;
        let deleted =
            format!("{} artifacts and {} syntheses", count(*artifacts), count(*syntheses));
        let text = format!("deleted {deleted} made before {older_than}\n");
        match freed_bytes {
            Some(freed) => text + &format!("{} given back\n", bytes(*freed)),
            None if artifacts + syntheses == 0 => text,
            None => {
                let compact = paste.own("compact");
                text + &format!("{BOLD}next{BOLD:#}: to give the space back:\n  {compact}\n")
            }
        }
    })?;
    Ok(Exit::Done)
}

/// An age or a time, as a time in whole milliseconds, which is what rows have.
fn time(text: &str) -> Result<Timestamp, String> {
    let ms = exactly(text)?.as_millisecond();
    Timestamp::from_millisecond(ms).map_err(|error| error.to_string())
}

fn exactly(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        // What is stored is UTC as well.
        return TimeZone::UTC.to_timestamp(time).map_err(|error| error.to_string());
    }
    let wrong = "not an age such as 30d or 12h, nor a time such as 2025-01-01";
    let age: Span = text.parse().map_err(|_| wrong.to_owned())?;
    if age.is_negative() {
        return Err("that is in the future".to_owned());
    }
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    now.checked_sub(age).map(|time| time.timestamp()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        for (text, is) in [
            ("2025-01-01", "2025-01-01T00:00:00Z"),
            ("2025-01-01T12:30", "2025-01-01T12:30:00Z"),
            ("2025-01-01 12:30:05", "2025-01-01T12:30:05Z"),
            ("2025-01-01T12:30+02:00", "2025-01-01T10:30:00Z"),
        ] {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), Ok(is));
        }
    }

    #[test]
    fn ages_count_from_now() {
        for (text, hours) in [("12h", 12), ("30d", 30 * 24), ("2w", 14 * 24), ("1d 6h", 30)] {
            let before = Timestamp::now();
            let age = exactly(text).unwrap();
            let after = Timestamp::now();
            let ago = Span::new().hours(hours);
            assert!(age >= before - ago && age <= after - ago, "{text}: {age}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "soon", "30", "-3d", "2025-13-01", "3d ago"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
