//! The judgement, when everything is over.
//!
//! - [`past`]: what the history says of each call.
//! - [`found`]: the rows there are, by the API and by SQL.
//! - [`writes`]: every acknowledged write once and as written, and nothing else.
//! - [`reads`], [`line`]: every read gave a state that some order of the writes explains.
//! - [`twin`]: the same writes without any migration give the same tables.
//! - [`account`]: how much of everything was done; too little is a fault, too.

pub(crate) mod account;
pub(crate) mod found;
mod line;
pub(crate) mod past;
mod reads;
mod twin;
mod writes;

use std::collections::BTreeMap;

pub(crate) use account::Account;
use past::Past;

use super::Files;
use super::history::{self, Event};
use super::rows::{Bucket, Found};

/// Rows by where they lie, in the order of their ids.
pub(crate) type Rows = BTreeMap<Bucket, Vec<Found>>;

/// The most complaints that are shown.
const SHOWN: usize = 25;

/// All there is to judge by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) events: Vec<Event>,
    /// Lines of the history that are cut short.
    pub(crate) cut: usize,
    /// The rows that were there before anything began.
    pub(crate) before: Rows,
    pub(crate) after: Rows,
}

impl Evidence {
    /// Whether there was a time when old and new programs wrote at once.
    fn programs_wrote_both(&self) -> bool {
        let both = cutover::Phase::WriteBoth.name();
        self.events.iter().any(|it| matches!(it, Event::At { phase, .. } if phase == both))
    }
}

/// Judges a run by its files.
pub(crate) fn judge(files: &Files, old_rows: u64, largest_log: u64) -> Result<Account, String> {
    let (events, cut) = history::read(&files.history());
    let before = found::by_api(&files.before())?;
    let after = found::by_api(&files.db())?;
    let mut complaints = found::differences(&after, &found::by_sql(&files.db()));
    complaints.extend(found::damage(&files.db()));
    let evidence = Evidence { events, cut, before, after };
    let (mut account, more) = examine(&evidence);
    account.largest_log = largest_log;
    complaints.extend(more);
    complaints.extend(account.missing());
    if account.rows_before < old_rows {
        complaints.push(format!("only {} rows were there before", account.rows_before));
    }
    if complaints.is_empty() {
        // Only of rows that are known to be right can be said what they should give.
        complaints.extend(twin::differences(files, &evidence));
    }
    if complaints.is_empty() {
        return Ok(account);
    }
    let count = complaints.len();
    complaints.truncate(SHOWN);
    Err(format!("{count} faults\n{}\n\n{account}", complaints.join("\n")))
}

/// Judges what can be judged without a database.
pub(crate) fn examine(evidence: &Evidence) -> (Account, Vec<String>) {
    let past = Past::of(&evidence.events);
    let mut complaints = past.complaints.clone();
    complaints.extend(writes::check(&past, evidence));
    complaints.extend(reads::check(&past, evidence));
    let account = Account::of(evidence, &past);
    if evidence.cut > account.killed() {
        complaints.push(format!("{} lines of the history can't be read", evidence.cut));
    }
    (account, complaints)
}
