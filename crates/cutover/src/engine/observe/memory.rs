//! What an observer saw before: rates take two looks.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::drift::Drift;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::state::{Pending, Record};
use crate::backend::sqlite::work::Sample;
use crate::derive::sql::ident;
use crate::engine::open::Engine;
use crate::error::Result;
use crate::phase::{Direction, Phase, Side};
use crate::report::WriteStatus;

/// What was seen before.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    rows: HashMap<(Side, String), Counted>,
    drift: Option<(Fitting, Drift)>,
    commits: Option<Commits>,
}

/// What drift depends on: the number of the schema, the phase, and what is under way.
pub(crate) type Fitting = (i64, Phase, Option<Pending>);

/// The rows of a table. Counting reads the whole table, so that of a large one they are
/// counted the more rarely.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    at: Instant,
    took: Duration,
    rows: u64,
}

/// Of so much of its time a look may count rows.
pub(crate) const COUNTING: u32 = 20;

/// How many transactions were committed at a moment, and how many of them by the work of
/// whoever held the lease.
#[derive(Debug, Clone)]
pub(crate) struct Commits {
    at: Instant,
    all: u32,
    ours: Option<((String, i64), u64)>,
}

impl Memory {
    /// The rows of a table that is known, or stored, by these names.
    pub(crate) fn rows(
        &mut self,
        db: &Db,
        side: Side,
        known_as: &str,
        stored: &str,
    ) -> Result<u64> {
        let key = (side, known_as.to_owned());
        if let Some(known) = self.rows.get(&key)
            && known.at.elapsed() < known.took * COUNTING
        {
            return Ok(known.rows);
        }
        let at = Instant::now();
        let rows = db.count(&format!("SELECT count(*) FROM {}", ident(stored)))?;
        self.rows.insert(key, Counted { at, took: at.elapsed(), rows });
        Ok(rows)
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
        let enter = record.phase.writes_enter();
        let synced = record.phase.sync().or(match record.pending {
            Some(Pending::CatchUp) => Some(Direction::Backward),
            _ => None,
        });
        let reach = |side| if enter == side || synced.is_some() { rate } else { rate.map(|_| 0.0) };
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
