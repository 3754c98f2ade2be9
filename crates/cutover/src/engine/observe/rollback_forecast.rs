//! What a rollback would take. Pure.

use crate::backend::sqlite::state::Pending;
use crate::phase::Phase;
use crate::report::RollbackForecast;

/// How fast this database was, in rows a second, as far as it was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Speeds {
    /// Bringing the old tables up to date, where that was done before.
    pub(crate) catch_up: Option<f64>,
    /// The backfill while it was at work. The pace it was told to keep says nothing of a
    /// rollback, which keeps none.
    pub(crate) backfill: Option<f64>,
    pub(crate) verify: Option<f64>,
}

/// What going one phase back would take, with so many rows on each side.
pub(crate) fn forecast(
    phase: Phase,
    pending: Option<Pending>,
    old: u64,
    new: u64,
    speeds: Speeds,
) -> Option<RollbackForecast> {
    let to = phase.previous().filter(|_| phase != Phase::Retired)?;
    let verify =
        |rows: u64| speeds.verify.filter(|speed| *speed > 0.0).map(|speed| rows as f64 / speed);
    // A rollback compares every row, and writes those that differ: it is no slower than a
    // backfill, and no faster than the comparison.
    let speed = speeds.catch_up.or(speeds.backfill).or(speeds.verify.map(|speed| speed / 2.0));
    let fill = |rows: u64| speed.filter(|speed| *speed > 0.0).map(|speed| rows as f64 / speed);
    let (rows, seconds, because) = match to {
        Phase::Legacy | Phase::DualWrite => {
            (0, Some(0.0), "this only changes what the live views read")
        }
        Phase::ReadNew => (
            old + new,
            verify(old + new),
            "every row is verified first, while programs keep writing; then it takes milliseconds",
        ),
        _ if pending == Some(Pending::CatchUp) => (
            old + 2 * new,
            fill(new).zip(verify(old + new)).map(|(fill, verify)| fill + verify),
            "it finishes a rollback under way: the old tables are brought up to date, and every \
             row is verified",
        ),
        _ => (
            old + 2 * new,
            fill(new).zip(verify(old + new)).map(|(fill, verify)| fill + verify),
            "the old tables are brought up to date, and every row is verified, while programs \
             keep writing",
        ),
    };
    Some(RollbackForecast { to, seconds, rows, because: because.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_its_rollback() {
        let speeds = Speeds { catch_up: None, backfill: Some(100.0), verify: Some(1_000.0) };
        let of = |phase| forecast(phase, None, 3_000, 2_000, speeds);
        assert_eq!(of(Phase::Legacy), None);
        assert_eq!(of(Phase::Retired), None);
        assert_eq!(of(Phase::ReadNew).unwrap().seconds, Some(0.0));
        assert_eq!(of(Phase::WriteNew).unwrap().seconds, Some(5.0));
        assert_eq!(of(Phase::NewOnly).unwrap().seconds, Some(25.0));
        assert_eq!(of(Phase::NewOnly).unwrap().to, Phase::WriteNew);
        let measured = Speeds { catch_up: Some(1_000.0), ..speeds };
        let measured = forecast(Phase::NewOnly, None, 3_000, 2_000, measured).unwrap();
        assert_eq!(measured.seconds, Some(7.0));
        let verified = Speeds { backfill: None, ..speeds };
        let verified = forecast(Phase::NewOnly, None, 3_000, 2_000, verified).unwrap();
        assert_eq!(verified.seconds, Some(9.0));
        let unknown = forecast(Phase::NewOnly, None, 1, 1, Speeds::default()).unwrap();
        assert_eq!(unknown.seconds, None);
    }
}
