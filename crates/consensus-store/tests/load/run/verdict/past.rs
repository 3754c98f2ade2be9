//! What the history says of each call that writes.

use std::collections::BTreeMap;

use super::super::history::{Call, Event, Why};

/// Calls by who made them and their number.
pub(crate) type Name = (String, u64);

#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) call: Call,
    /// Its place in the history.
    pub(crate) tried: usize,
    /// By the clock of the one who made it.
    pub(crate) at: i64,
    pub(crate) fate: Fate,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Done {
        place: usize,
        at: i64,
        gave: Vec<i64>,
    },
    Not(Why),
    /// Nobody was told: its process was killed, or its caller went away.
    Open,
}

#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) attempts: BTreeMap<Name, Attempt>,
    /// What can't be: faults that programs found, calls that end without a beginning.
    pub(crate) complaints: Vec<String>,
}

impl Past {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut past = Self::default();
        for (place, event) in events.iter().enumerate() {
            match event {
                Event::Try { who, n, at, call } => {
                    let attempt =
                        Attempt { call: call.clone(), tried: place, at: *at, fate: Fate::Open };
                    if past.attempts.insert((who.clone(), *n), attempt).is_some() {
                        past.complaints.push(format!("{who} made call {n} twice"));
                    }
                }
                Event::Done { who, n, at, gave } => {
                    past.end(who, *n, Fate::Done { place, at: *at, gave: gave.clone() });
                }
                // Of a read there is no attempt.
                Event::Not { who, n, why } if past.attempts.contains_key(&(who.clone(), *n)) => {
                    past.end(who, *n, Fate::Not(*why));
                }
                Event::Trouble { who, what } => past.complaints.push(format!("{who}: {what}")),
                _ => {}
            }
        }
        past
    }

    fn end(&mut self, who: &str, n: u64, fate: Fate) {
        match self.attempts.get_mut(&(who.to_owned(), n)) {
            Some(attempt) if attempt.fate == Fate::Open => attempt.fate = fate,
            _ => self.complaints.push(format!("{who} ended call {n}, which it had not begun")),
        }
    }

    /// The history's account of a row that is there.
    pub(crate) fn get(&self, who: &str, n: u64) -> Option<&Attempt> {
        self.attempts.get(&(who.to_owned(), n))
    }
}
