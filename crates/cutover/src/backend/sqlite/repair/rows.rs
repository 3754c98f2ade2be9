//! The rows, one after the other.

use std::collections::HashMap;

use crate::backend::sqlite::Db;
use crate::backend::sqlite::difference::{Diff, Kind};
use crate::backend::sqlite::refused::unfit;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::target::Target;
use crate::error::Error;

/// A row that the target can't hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// As the mapping gives it, or as it stands where it can't be removed; in the order of the
    /// list.
    pub(crate) row: Vec<Value>,
    pub(crate) reason: String,
}

/// What became of the differences.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    pub(crate) refused: Vec<Refused>,
    /// Scopes of rows that gave way and have still to be put back.
    pub(crate) freed: Vec<Vec<Value>>,
}

/// Why nothing became of them.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(Error),
    /// A trigger has rolled the whole transaction back over this row.
    Ended {
        row: String,
        reason: String,
    },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Applies differences. Rows whose `token` is in `stubborn` are refused without being tried:
/// they end the transaction.
pub(crate) fn repair(
    db: &Db,
    target: &Target,
    place: Place,
    diffs: Vec<Diff>,
    stubborn: &HashMap<String, String>,
) -> std::result::Result<Repaired, Stop> {
    let of = |kind| diffs.iter().filter(move |diff| diff.kind == kind).cloned();
    let jobs = of(Kind::Extra).chain(of(Kind::Different)).chain(of(Kind::Missing));
    let jobs: Vec<Job> = jobs
        .map(|Diff { kind, row, .. }| Job { kind, row, whole: None, state: State::Waiting })
        .collect();
    let mut repair = Repair::new(db, target, place, jobs, stubborn);
    let done = repair.run();
    let tidied = repair.remove_probe();
    done.and_then(|()| Ok(tidied?)).map(|()| repair.repaired)
}

/// What tells a row of a table from the others, for rows that were derived and rows that are
/// stored alike.
pub(crate) fn token(target: &Target, row: &[Value]) -> String {
    let key = target.key.columns.iter().filter_map(|name| {
        let position = target.columns.iter().position(|column| column == name)?;
        row.get(position)
    });
    let mut token = target.table.known_as.clone();
    for value in key {
        let part = match value {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range")]
            Value::Real(real) if real.fract() == 0.0 && real.abs() < 9e18 => {
                format!("{:?}", Value::Integer(*real as i64))
            }
            value => format!("{value:?}"),
        };
        token += "|";
        token += &part;
    }
    token
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Done,
    Refused,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) kind: Kind,
    pub(super) row: Vec<Value>,
    /// What else was stored in the row, where it was removed to be put back.
    pub(super) whole: Option<Vec<(String, Value)>>,
    pub(super) state: State,
}

/// How a statement for one row fared.
pub(super) enum Fared {
    Written,
    /// It came to nothing, or to something else.
    Changed,
    /// Another row has a unique value of it.
    Conflict(String),
    Refused(String),
}

pub(super) struct Repair<'a> {
    pub(super) db: &'a Db,
    pub(super) target: &'a Target,
    pub(super) place: Place,
    pub(super) table: String,
    pub(super) stubborn: &'a HashMap<String, String>,
    pub(super) jobs: Vec<Job>,
    pub(super) by_token: HashMap<String, usize>,
    pub(super) outside: usize,
    pub(super) probing: bool,
    pub(super) repaired: Repaired,
}

impl<'a> Repair<'a> {
    fn new(
        db: &'a Db,
        target: &'a Target,
        place: Place,
        jobs: Vec<Job>,
        stubborn: &'a HashMap<String, String>,
    ) -> Self {
        let tokens = jobs.iter().enumerate().map(|(n, job)| (token(target, &job.row), n));
        Self {
            table: place.table(target.direction.target(), &target.table.name),
            by_token: tokens.collect(),
            repaired: Repaired::default(),
            outside: 0,
            probing: false,
            db,
            target,
            place,
            stubborn,
            jobs,
        }
    }

    fn run(&mut self) -> std::result::Result<(), Stop> {
        let mut next = 0;
        // Rows that gave way are added behind.
        while next < self.jobs.len() {
            self.one(next)?;
            next += 1;
        }
        Ok(())
    }

    fn one(&mut self, n: usize) -> std::result::Result<(), Stop> {
        match self.put_right(n)? {
            None => self.jobs[n].state = State::Done,
            Some(reason) => self.refuse(n, reason),
        }
        Ok(())
    }

    /// Makes one row what it should be; gives why it can't be that.
    fn put_right(&mut self, n: usize) -> std::result::Result<Option<String>, Stop> {
        let job = &self.jobs[n];
        if let Some(reason) = self.stubborn.get(&token(self.target, &job.row)) {
            return Ok(Some(reason.clone()));
        }
        if job.kind == Kind::Extra {
            return Ok(match self.delete(&job.row)? {
                Fared::Written => None,
                Fared::Changed => Some("a trigger prevents the row's deletion".to_owned()),
                Fared::Conflict(reason) | Fared::Refused(reason) => Some(reason),
            });
        }
        if let Some(reason) = unfit(self.target, &job.row) {
            return Ok(Some(reason));
        }
        // Each round but the last frees at least one row.
        loop {
            let reason = match self.write(n, "ABORT")? {
                Fared::Written => return Ok(None),
                Fared::Changed => {
                    return Ok(Some("a trigger changes the row".to_owned()));
                }
                Fared::Refused(reason) => return Ok(Some(reason)),
                Fared::Conflict(reason) => reason,
            };
            let in_the_way = self.in_the_way(n)?;
            if in_the_way.is_empty() {
                return Ok(Some(reason));
            }
            for row in in_the_way {
                if !self.free(&row)? {
                    return Ok(Some(format!("{reason}: {} has it", self.named(&row))));
                }
            }
        }
    }

    fn refuse(&mut self, n: usize, reason: String) {
        let job = &mut self.jobs[n];
        job.state = State::Refused;
        // It is told under the name that people know.
        let (stored, known) = (&self.target.table.name, &self.target.table.known_as);
        let reason = reason.replace(stored.as_str(), known);
        self.repaired.refused.push(Refused { row: job.row.clone(), reason });
    }
}
