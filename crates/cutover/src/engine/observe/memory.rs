//! What an observer saw before: rates take two looks.

use std::time::Instant;

use super::drift::Drift;
use super::writers::Holding;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::state::{Pending, Record};
use crate::backend::sqlite::work::Sample;
use crate::engine::open::Engine;
use crate::error::Result;
use crate::phase::{Phase, Side};
use crate::report::WriteStatus;

/// What was seen before.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    drift: Option<(Fitting, Drift)>,
    commits: Option<Commits>,
    /// Locks that were held since the last look.
    holding: Holding,
}

/// What drift depends on: the number of the schema, the phase, and what is under way.
pub(crate) type Fitting = (i64, Phase, Option<Pending>);

/// How many transactions were committed at a moment, and how many of them by the work of
/// whoever held the lease.
#[derive(Debug, Clone)]
pub(crate) struct Commits {
    at: Instant,
    all: u32,
    ours: Option<((String, i64), u64)>,
}

impl Memory {
    /// Looks who holds a lock on the database at this moment.
    pub(crate) fn sample(&mut self, db: &Db) {
        self.holding.look(db);
    }

    /// Who holds a lock, or has held one since this was asked last.
    pub(crate) fn holding(&mut self, db: &Db) -> Holding {
        self.sample(db);
        std::mem::take(&mut self.holding)
    }

    /// Only a change of the schema, of the phase or of what is under way brings another answer,
    /// but for the flag.
    pub(crate) fn drift(&mut self, engine: &Engine, record: &Record) -> Result<Drift> {
        let now = (engine.db.schema_version()?, record.phase, record.pending);
        let mut drift = match &self.drift {
            Some((then, found)) if *then == now => found.clone(),
            _ => {
                let found = engine.schema_drift(record)?;
                self.drift = Some((now, found.clone()));
                found
            }
        };
        engine.flag_drift(record, &mut drift)?;
        Ok(drift)
    }

    pub(crate) fn writes(
        &mut self,
        (at, all): (Instant, Option<u32>),
        record: &Record,
        sample: Option<&Sample>,
    ) -> WriteStatus {
        let now = all.map(|all| Commits {
            at,
            all,
            ours: sample.map(|sample| ((sample.token.clone(), sample.began_ms), sample.commits)),
        });
        let rate =
            self.commits.as_ref().zip(now.as_ref()).and_then(|(then, now)| per_second(then, now));
        self.commits = now;
        let enter = record.phase.writes();
        let synced = record.phase.sync().is_some() || record.pending == Some(Pending::CatchUp);
        let reach = |side| if enter.enter(side) || synced { rate } else { rate.map(|_| 0.0) };
        WriteStatus {
            enter,
            old_per_second: reach(Side::Old),
            new_per_second: reach(Side::New),
            longest_stall_ms: sample.map(|sample| sample.longest_ms),
        }
    }
}

/// Transactions a second between two looks, without those of our own work.
pub(crate) fn per_second(then: &Commits, now: &Commits) -> Option<f64> {
    let seconds = (now.at - then.at).as_secs_f64();
    let ours = match (&then.ours, &now.ours) {
        (Some((one, before)), Some((other, after))) if one == other => {
            after.saturating_sub(*before)
        }
        (_, Some((_, all))) => *all,
        _ => 0,
    };
    // Another journal mode has another counter.
    let all = u64::from(now.all.wrapping_sub(then.all));
    (seconds > 0.05 && all < 1 << 31).then(|| all.saturating_sub(ours) as f64 / seconds)
}
