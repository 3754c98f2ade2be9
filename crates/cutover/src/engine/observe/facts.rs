//! What the decision about a migration rests on, read from the database.

use super::drift::{Drift, LOWERED, RENEWED};
use super::next_actions::{self, Facts};
use super::writers::old_programs;
use crate::backend::sqlite::lease::{Held, held};
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{control, journal, verified, work};
use crate::engine::open::Engine;
use crate::error::Result;
use crate::phase::Phase;
use crate::report::{JournalEntry, LastVerification, NextAction, VerifyReport, Waiting};

/// Events after which what a verification found is no more what there is.
const REPAIRS: [&str; 5] = ["repair", "advance", "rollback", "catch-up", "backfill-complete"];

impl Engine {
    /// The command to give next: see [`Snapshot::next`](crate::Snapshot::next). Counts no row.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn next_actions(&self, name: &str) -> Result<Vec<NextAction>> {
        self.db.read("reading the status", || {
            let record = self.record(name)?;
            let drift = self.drift(&record)?;
            Ok(next_actions::decide(&self.facts(&record, drift)?).next)
        })
    }

    /// What the decision rests on, beside what drifted.
    pub(crate) fn facts(&self, record: &Record, drift: Drift) -> Result<Facts> {
        let db = &self.db;
        let held = held(db)?;
        let waiting = match &held {
            Held::By { token, .. } => work::read(db, record.id)?
                .filter(|sample| sample.token == *token)
                .and_then(|sample| Waiting::named(sample.waiting.as_deref()?)),
            _ => None,
        };
        let (last, history) = (verified::read(db, record.id)?, journal::read(db, &record.name)?);
        Ok(Facts {
            name: record.name.clone(),
            phase: record.phase,
            pending: record.pending,
            backfilled: self.is_backfilled(record)?,
            control: control::read(db, record.id)?,
            drift,
            refused_rows: self.refused_rows(record)?,
            found: found(last.as_ref(), &history),
            missed_writes: missed_writes(last.as_ref(), &history),
            old_programs: old_programs(db, record.id)?,
            step: None,
            at_work: matches!(held, Held::By { .. }),
            waiting,
        })
    }

    /// Whether every row of the old tables has its image in the new ones.
    pub(crate) fn is_backfilled(&self, record: &Record) -> Result<bool> {
        Ok(match record.phase {
            Phase::Legacy => false,
            Phase::DualWrite | Phase::ReadNew => {
                state::passes(&self.db, record.id)?.iter().all(|pass| pass.complete)
            }
            // The gates let nothing through without it; the passes may be a rollback's.
            _ => true,
        })
    }
}

/// What the last verification found, if nothing has repaired it since.
fn found(last: Option<&LastVerification>, history: &[JournalEntry]) -> Option<VerifyReport> {
    let last = last?;
    let repaired =
        |entry: &JournalEntry| REPAIRS.contains(&entry.event.as_str()) && entry.at >= last.at;
    let repaired = history.iter().any(repaired);
    (!repaired && !last.report.ok).then(|| last.report.clone())
}

/// Whether the mirror may have missed writes: its triggers were made anew, or the flag was put
/// down, and nothing has looked at every row since.
fn missed_writes(last: Option<&LastVerification>, history: &[JournalEntry]) -> bool {
    let is = |events: &[&str], entry: &JournalEntry| events.contains(&entry.event.as_str());
    let missed = history.iter().rposition(|entry| is(&[RENEWED, LOWERED], entry));
    missed.is_some_and(|missed| {
        let looked_at = |entry: &JournalEntry| {
            // These go through a gate.
            let gated = is(&["advance"], entry) && entry.after.is_gated();
            is(&["repair"], entry) || gated
        };
        let verified = last.is_some_and(|last| last.report.ok && last.at > history[missed].at);
        !verified && !history[missed + 1..].iter().any(looked_at)
    })
}
