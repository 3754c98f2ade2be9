//! How much of everything was done: a run in which something never happened proves nothing
//! about it.

use std::collections::BTreeMap;
use std::fmt;

use cutover::Phase;

use super::super::CLIENTS;
use super::super::children::Role;
use super::super::history::{Call, Event, Sight, Why};
use super::super::operator::STEPS;
use super::super::rows::{Kind, Tag};
use super::Evidence;
use super::past::{Fate, Past};

/// What sort of program it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    Threads,
    Tasks,
    Old,
    Operator,
}

#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Artifacts, syntheses and deletions that were acknowledged, in each phase.
    acknowledged: BTreeMap<(Program, Phase), [u64; 3]>,
    /// Calls that came to nothing; whether they were to write.
    not: BTreeMap<(Program, bool, Why), u64>,
    /// Writes of old programs that were refused, in each phase.
    refused: BTreeMap<Phase, u64>,
    /// Writes of which nobody was told what became of them.
    gave_up: u64,
    in_flight: u64,
    /// Those of them that are there.
    open_there: u64,
    /// Reads that were judged, by what was asked.
    reads: BTreeMap<(Program, &'static str), u64>,
    steps: BTreeMap<(Phase, Phase), u64>,
    /// What an operator was kept from, by its first words.
    put_off: BTreeMap<String, u64>,
    killed: BTreeMap<Program, u64>,
    compacted: u64,
    pub(crate) rows_before: u64,
    rows_after: u64,
    /// What the write-ahead log came to, in bytes.
    pub(crate) largest_log: u64,
    /// Rows written with a model, that still have it, or lost it in a rollback.
    models: [u64; 2],
}

impl Program {
    fn of(who: &str) -> Self {
        let name = who.split('.').next().unwrap_or(who);
        let client = name.strip_prefix("client-").and_then(|n| n.parse::<usize>().ok());
        match client.and_then(|n| CLIENTS.get(n)) {
            Some((Role::Tasks(_), _)) => Self::Tasks,
            Some(_) => Self::Threads,
            None if name.starts_with("old-") => Self::Old,
            None => Self::Operator,
        }
    }
}

impl Account {
    pub(crate) fn of(evidence: &Evidence, past: &Past) -> Self {
        let mut account = Self::default();
        let mut phase = Phase::Legacy;
        for event in &evidence.events {
            account.count(event, past, &mut phase);
        }
        let rows = |rows: &super::Rows| rows.values().map(|rows| rows.len() as u64).sum();
        account.rows_before = rows(&evidence.before);
        account.rows_after = rows(&evidence.after);
        account.in_flight =
            past.attempts.values().filter(|attempt| attempt.fate == Fate::Open).count() as u64
                - account.gave_up;
        for (bucket, found) in &evidence.after {
            for row in found {
                let tag = Tag::of(bucket.kind, &row.values);
                let Some(attempt) = tag.and_then(|tag| past.get(&tag.who, tag.n)) else { continue };
                account.open_there += u64::from(attempt.fate == Fate::Open);
                if let Call::Store { row: written, .. } = &attempt.call
                    && written.model.is_some()
                {
                    account.models[usize::from(row.model.is_none())] += 1;
                }
            }
        }
        account
    }

    fn count(&mut self, event: &Event, past: &Past, phase: &mut Phase) {
        match event {
            Event::Done { who, n, .. } => {
                let sort = match past.get(who, *n).map(|attempt| &attempt.call) {
                    Some(Call::Store { bucket, .. }) if bucket.kind == Kind::Artifact => 0,
                    Some(Call::Store { .. }) => 1,
                    _ => 2,
                };
                self.acknowledged.entry((Program::of(who), *phase)).or_default()[sort] += 1;
            }
            Event::Not { who, n, why } => {
                let program = Program::of(who);
                let wrote = past.get(who, *n).is_some();
                *self.not.entry((program, wrote, *why)).or_default() += 1;
                if wrote && *why == Why::Refused {
                    *self.refused.entry(*phase).or_default() += 1;
                }
            }
            Event::GaveUp { .. } => self.gave_up += 1,
            Event::Saw { who, sight, .. } => {
                let what = match sight {
                    Sight::Rows { .. } => "rows",
                    Sight::Latest { .. } => "latest",
                    Sight::Count { .. } => "count",
                    Sight::Summary { .. } => "summary",
                };
                *self.reads.entry((Program::of(who), what)).or_default() += 1;
            }
            Event::Own { who } => *self.reads.entry((Program::of(who), "own")).or_default() += 1,
            Event::At { phase: entered, .. } => {
                if let Ok(entered) = entered.parse() {
                    if entered != *phase {
                        *self.steps.entry((*phase, entered)).or_default() += 1;
                    }
                    *phase = entered;
                }
            }
            Event::Put { off } => {
                let words: Vec<&str> = off.split_whitespace().take(6).collect();
                *self.put_off.entry(words.join(" ")).or_default() += 1;
            }
            Event::Killed { who } => *self.killed.entry(Program::of(who)).or_default() += 1,
            Event::Compacted { .. } => self.compacted += 1,
            Event::Try { .. } | Event::Look { .. } | Event::Step { .. } | Event::Trouble { .. } => {
            }
        }
    }

    /// How many processes were killed.
    pub(crate) fn killed(&self) -> usize {
        usize::try_from(self.killed.values().sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// What did not happen once.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let mut need = |there: bool, what: &dyn fmt::Display| {
            if !there {
                missing.push(format!("it never happened: {what}"));
            }
        };
        let done = |program, phase| self.acknowledged.get(&(program, phase)).copied();
        for phase in Phase::ALL {
            for program in [Program::Threads, Program::Tasks] {
                let [artifacts, syntheses, _] = done(program, phase).unwrap_or_default();
                let enough = artifacts > 0 && syntheses > 0;
                need(enough, &format_args!("both sorts of writes of {program:?} in {phase}"));
            }
            if phase <= Phase::WriteBoth {
                let some = done(Program::Old, phase).is_some();
                need(some, &format_args!("a write of an old program in {phase}"));
            } else {
                let some = self.refused.contains_key(&phase);
                need(some, &format_args!("an old program refused in {phase}"));
            }
        }
        for program in [Program::Threads, Program::Tasks, Program::Old] {
            let deletions = self.acknowledged.iter().filter(|((who, _), _)| *who == program);
            need(
                deletions.map(|(_, counts)| counts[2]).sum::<u64>() > 0,
                &format_args!("a deletion of {program:?}"),
            );
        }
        for program in [Program::Threads, Program::Old, Program::Operator] {
            need(self.killed.contains_key(&program), &format_args!("the end of {program:?}"));
        }
        for (from, to) in STEPS {
            need(self.steps.contains_key(&(from, to)), &format_args!("{from} to {to}"));
        }
        for what in ["rows", "latest", "count", "summary", "own"] {
            for program in [Program::Threads, Program::Tasks] {
                let some = self.reads.contains_key(&(program, what));
                need(some, &format_args!("a read of {program:?}: {what}"));
            }
        }
        need(self.reads.contains_key(&(Program::Old, "rows")), &"a read of a live view");
        let not = |why| self.not.contains_key(&(Program::Threads, true, why));
        need(not(Why::Busy), &"a busy database");
        need(not(Why::NoPlace), &"a model without a place");
        need(self.gave_up > 0, &"a caller that went away");
        need(self.compacted > 0, &"space given back");
        need(self.rows_before > 0, &"old rows");
        missing
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "acknowledged (artifacts, syntheses, deletions):")?;
        for ((program, phase), [artifacts, syntheses, deletions]) in &self.acknowledged {
            writeln!(f, "  {program:?} in {phase}: {artifacts}, {syntheses}, {deletions}")?;
        }
        let not: Vec<String> = self
            .not
            .iter()
            .map(|((program, wrote, why), count)| {
                format!(
                    "{count} {} of {program:?} {why:?}",
                    if *wrote { "writes" } else { "reads" }
                )
            })
            .collect();
        writeln!(f, "came to nothing: {}", not.join(", "))?;
        writeln!(f, "refused in: {:?}", self.refused)?;
        writeln!(
            f,
            "nobody was told: {} of callers that went away, {} of processes that were killed; \
             {} of them are there",
            self.gave_up, self.in_flight, self.open_there
        )?;
        writeln!(f, "reads judged: {:?}", self.reads)?;
        let steps: u64 = self.steps.values().sum();
        let each: Vec<String> =
            self.steps.iter().map(|((from, to), n)| format!("{n} {from} to {to}")).collect();
        writeln!(f, "transitions: {steps} ({})", each.join(", "))?;
        writeln!(f, "the operator was put off: {:?}", self.put_off)?;
        writeln!(f, "killed: {:?}", self.killed)?;
        writeln!(f, "space was given back {} times", self.compacted)?;
        writeln!(f, "rows: {} before, {} after", self.rows_before, self.rows_after)?;
        writeln!(f, "largest write-ahead log: {} MiB", self.largest_log >> 20)?;
        write!(f, "model versions: {} kept, {} gone in a rollback", self.models[0], self.models[1])
    }
}
