//! The operator: takes the store from phase to phase at random, forwards and backwards, and
//! at the end through all of them until the old tables are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use consensus_store::{Error, Options, Store, StoreMigration};
use cutover::{
    AbortOptions, AdvanceOptions, Pace, Phase, Snapshot, StartOptions, TransitionReport, Watch,
};
use fastrand::Rng;
use serde::Deserialize;

use super::children::Job;
use super::history::{Event, History, Tail, phases};
use super::worker::fault;

/// The steps from one phase to another that there are.
pub(crate) const STEPS: [(Phase, Phase); 13] = [
    (Phase::Legacy, Phase::DualWrite),
    (Phase::DualWrite, Phase::ReadNew),
    (Phase::ReadNew, Phase::WriteNew),
    (Phase::ReadNew, Phase::WriteBoth),
    (Phase::WriteBoth, Phase::WriteNew),
    (Phase::WriteNew, Phase::WriteBoth),
    (Phase::WriteBoth, Phase::ReadNew),
    (Phase::WriteNew, Phase::NewOnly),
    (Phase::NewOnly, Phase::WriteNew),
    (Phase::WriteNew, Phase::ReadNew),
    (Phase::ReadNew, Phase::DualWrite),
    (Phase::DualWrite, Phase::Legacy),
    (Phase::ReadNew, Phase::Legacy),
];

/// So many calls of a program are of every kind.
const LONG: u64 = 40;

/// What an operator can do, besides going nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Start { backfill: bool },
    Backfill,
    Verify,
    Repair,
    Advance(Option<Phase>),
    Rollback(Option<Phase>),
    Abort,
}

pub(crate) fn run(job: &Job) {
    let history = History::open(&job.history);
    if let Err(what) = Operator::new(job, &history).and_then(|mut operator| operator.walk(job)) {
        history.add(&Event::Trouble { who: job.name.clone(), what: what.clone() });
        panic!("{what}");
    }
}

struct Operator {
    rng: Rng,
    migration: StoreMigration,
    telling: Telling,
    tail: Tail,
    /// Finished calls of each program, by its first name.
    calls: BTreeMap<String, u64>,
    /// Phases in which everybody had the time to do everything.
    dwelt: BTreeSet<Phase>,
    parent: u32,
}

/// Tells the history of phases, and has enough of long work now and then.
struct Telling {
    history: History,
    /// Steps that were made, by this operator or one that was killed.
    made: Vec<(Phase, Phase)>,
    at: Phase,
    /// Events until the work at hand is stopped.
    patience: Option<u32>,
}

impl Operator {
    fn new(job: &Job, history: &History) -> Result<Self, String> {
        let migration = Store::open_with(&job.db, Options::default())
            .and_then(|store| store.migration_as(&format!("load-{}", job.incarnation)))
            .map_err(|error| fault("opening", &error))?;
        let mut telling = Telling {
            history: history.clone(),
            made: Vec::new(),
            at: Phase::Legacy,
            patience: None,
        };
        for phase in phases(&job.history) {
            telling.enter(phase.parse().map_err(|error| fault("history", &error))?);
        }
        let seed = job.seed.wrapping_add(u64::from(job.incarnation) << 32);
        let mut operator = Self {
            rng: Rng::with_seed(seed),
            migration,
            telling,
            tail: Tail::from_now(&job.history),
            calls: BTreeMap::new(),
            dwelt: BTreeSet::new(),
            parent: job.parent,
        };
        let phase = operator.phase()?;
        operator.telling.enter(phase);
        history.add(&Event::At { phase: phase.name().to_owned(), found: true });
        Ok(operator)
    }

    fn walk(&mut self, job: &Job) -> Result<(), String> {
        let began = Instant::now();
        while self.telling.made.len() < job.transitions as usize
            || self.telling.unseen().count() > 0
            || began.elapsed().as_secs() < job.seconds
        {
            let status = self.status()?;
            let phase = status.as_ref().map_or(Phase::Legacy, |status| status.phase);
            if self.dwelt.insert(phase) {
                self.let_them_work(job, LONG)?;
            } else if self.rng.u8(..10) < 6 {
                self.let_them_work(job, 2)?;
            }
            if phase == Phase::Retired {
                // An operator before this one came so far.
                break;
            }
            let directly = self.telling.made.len() >= job.transitions as usize || self.rng.bool();
            let next = match (self.towards_the_unseen(status.as_ref()), directly) {
                (Some(next), true) => next,
                _ => self.choose(status.as_ref()),
            };
            let patience = self.rng.u8(..6) == 0;
            self.telling.patience = patience.then(|| self.rng.u32(1..6));
            self.make(next)?;
        }
        self.finish(job)
    }

    /// Through every phase that is left, with programs at work in each.
    fn finish(&mut self, job: &Job) -> Result<(), String> {
        loop {
            self.telling.patience = None;
            let status = self.status()?;
            let phase = status.as_ref().map_or(Phase::Legacy, |status| status.phase);
            self.let_them_work(job, 2)?;
            let blocked =
                |action: &str| status.as_ref().is_some_and(|status| blocked(status, action));
            // What was aborted can only be begun anew; what a killed start or abort has left is aborted.
            let next = match (phase, &status) {
                (Phase::Legacy, Some(_)) if !blocked("abort") => Move::Abort,
                (Phase::Legacy, _) => Move::Start { backfill: false },
                (Phase::NewOnly, _) if blocked("advance") => Move::Rollback(None),
                (Phase::NewOnly | Phase::Retired, _) => {
                    if self.retire()? {
                        return self.let_them_work(job, LONG);
                    }
                    continue;
                }
                (_, Some(status)) if !status.backfill.complete => Move::Backfill,
                _ => Move::Advance(None),
            };
            self.make(next)?;
        }
    }

    /// Any of the moves that the migration's own status allows.
    fn choose(&mut self, status: Option<&Snapshot>) -> Move {
        let start = Move::Start { backfill: self.rng.bool() };
        let Some(status) = status else { return start };
        let allowed = |action: &str| status.allowed.iter().any(|name| name == action);
        let mut moves = Vec::new();
        if status.phase == Phase::Legacy {
            // Left behind by a start or an abort that was killed.
            return if self.rng.bool() { Move::Abort } else { start };
        }
        // Programs write all the while: status says to wait for the old ones.
        let waits = status.phase == Phase::WriteBoth;
        if (allowed("advance") || waits) && status.phase < Phase::NewOnly {
            moves.extend([Move::Advance(None); 5]);
            if status.phase == Phase::ReadNew {
                moves.extend([Move::Advance(Some(Phase::WriteBoth)); 5]);
            }
        }
        if allowed("rollback") {
            moves.extend([Move::Rollback(None); 3]);
            moves.push(Move::Rollback(Some(Phase::DualWrite)));
            if status.phase > Phase::WriteBoth {
                moves.push(Move::Rollback(Some(Phase::WriteBoth)));
            }
        }
        if allowed("abort") {
            moves.push(Move::Abort);
        }
        if status.phase <= Phase::ReadNew {
            moves.push(Move::Backfill);
            if !status.backfill.complete {
                moves.extend([Move::Backfill; 3]);
            }
        }
        // While a rollback from new-only is under way, the sides differ by right.
        if status.backfill.complete && (status.phase < Phase::NewOnly || allowed("advance")) {
            moves.push(Move::Verify);
            if status.phase < Phase::NewOnly {
                moves.push(Move::Repair);
            }
        }
        moves.get(self.rng.usize(..moves.len().max(1))).copied().unwrap_or(Move::Verify)
    }

    /// What leads to a step that was not made yet, or makes it; none if all were.
    fn towards_the_unseen(&mut self, status: Option<&Snapshot>) -> Option<Move> {
        let steps: Vec<_> = self.telling.unseen().collect();
        let phase = status.map_or(Phase::Legacy, |status| status.phase);
        let (from, to) = steps.iter().find(|(from, _)| *from == phase).or(steps.first())?;
        let next = if *from == phase { *to } else { *from };
        Some(match status {
            None => Move::Start { backfill: true },
            // What was aborted can only be begun anew.
            Some(status) if phase == Phase::Legacy && blocked(status, "abort") => {
                Move::Start { backfill: true }
            }
            Some(_)
                if phase == Phase::Legacy || next == Phase::Legacy && phase <= Phase::ReadNew =>
            {
                Move::Abort
            }
            Some(status) if next > phase => {
                if !status.backfill.complete {
                    Move::Backfill
                } else if phase == Phase::WriteBoth
                    || status.allowed.iter().any(|action| action == "advance")
                {
                    let asked = next == Phase::WriteBoth && phase == Phase::ReadNew;
                    Move::Advance(asked.then_some(next))
                } else {
                    Move::Rollback(None)
                }
            }
            Some(_) if next == Phase::WriteBoth => Move::Rollback(Some(next)),
            Some(_) => Move::Rollback(None),
        })
    }

    fn make(&mut self, next: Move) -> Result<(), String> {
        let doing = format!("{next:?}");
        let telling = &mut self.telling;
        telling.history.add(&Event::Step { doing: doing.clone() });
        let backfilled = matches!(next, Move::Verify | Move::Repair);
        // Where programs wrote both, a run that an old program emptied stays, and is set aside on
        // the way back: by the rollback itself, or by whatever follows one that was cut short.
        let both = telling.made.iter().any(|(_, to)| *to == Phase::WriteBoth);
        let emptied = |kept: &cutover::Kept| both && kept.table == "consensus_runs";
        // What a transition did that it should not have to: every other row of the store's has
        // its image on both sides.
        let kept = |report: &TransitionReport| {
            let expected = report.kept.iter().all(emptied) && (both || report.only_new_holds == 0);
            let (kept, only) = (&report.kept, report.only_new_holds);
            if expected {
                String::new()
            } else {
                format!("{kept:?}, {only} only in the new tables")
            }
        };
        let migration = &mut self.migration;
        let outcome = match next {
            Move::Start { backfill } => {
                let options = StartOptions { no_backfill: !backfill, pace: Pace::Gentle };
                migration.start(options, telling).map(|_| String::new())
            }
            Move::Backfill => migration.backfill(Pace::Gentle, telling).map(|_| String::new()),
            Move::Verify => migration
                .verify(Pace::Gentle, telling)
                .map(|report| if report.ok { String::new() } else { format!("{report:?}") }),
            Move::Repair => migration.repair(Pace::Gentle, telling).map(|report| {
                let mended = report.inserted + report.updated + report.deleted;
                if mended == 0 { String::new() } else { format!("{report:?}") }
            }),
            Move::Advance(to) => {
                let options = AdvanceOptions {
                    to,
                    // Programs write all the while.
                    quiet_for: Some(Duration::ZERO),
                    ..AdvanceOptions::default()
                };
                migration.advance(&options, telling).map(|it| kept(&it))
            }
            Move::Rollback(to) => migration.rollback(to, telling).map(|it| kept(&it)),
            Move::Abort => {
                migration.abort(AbortOptions { confirmed: true }, telling).map(|report| {
                    // Model versions exist nowhere else: they are kept, and with them their rows.
                    let versions = |kept: &cutover::Kept| kept.table == "agent_outputs";
                    let said = report.left.iter().all(|kept| versions(kept) || emptied(kept));
                    if said { String::new() } else { format!("{report:?}") }
                })
            }
        };
        match outcome {
            Ok(wrong) if wrong.is_empty() => Ok(()),
            Ok(wrong) if backfilled => Err(format!("{doing}: the sides differ: {wrong}")),
            Ok(wrong) => Err(format!("{doing}: rows were kept aside: {wrong}")),
            Err(error) => self.put_off(&doing, &error),
        }
    }

    /// The last step, or what is left of it; whether it was made.
    fn retire(&mut self) -> Result<bool, String> {
        self.telling.history.add(&Event::Step { doing: "Retire".to_owned() });
        let options =
            AdvanceOptions { to: Some(Phase::Retired), confirmed: true, ..Default::default() };
        match self.migration.advance(&options, &mut self.telling) {
            Ok(_) => Ok(true),
            Err(error) => self.put_off("Retire", &error).map(|()| false),
        }
    }

    /// What may be in an operator's way; anything else is a fault.
    fn put_off(&mut self, doing: &str, error: &Error) -> Result<(), String> {
        let off = match error {
            Error::Migration(
                cutover::Error::Interrupted
                | cutover::Error::LeaseHeld(_)
                | cutover::Error::LeaseLost(_)
                | cutover::Error::Locked { .. },
            ) => error.to_string(),
            Error::Migration(cutover::Error::Refused(refusal))
                if [
                    "the backfill is not complete",
                    "a rollback is under way",
                    "programs write faster than their writes can be verified",
                    "an abort of migration",
                ]
                .iter()
                .any(|reason| refusal.reason.starts_with(reason)) =>
            {
                error.to_string()
            }
            Error::Migration(cutover::Error::Refused(refusal)) => {
                return Err(format!("{doing}: {refusal}: {:?}", refusal.examples));
            }
            error => return Err(fault(doing, error)),
        };
        self.telling.history.add(&Event::Put { off });
        std::thread::sleep(Duration::from_millis(5));
        Ok(())
    }

    fn phase(&mut self) -> Result<Phase, String> {
        Ok(self.status()?.map_or(Phase::Legacy, |status| status.phase))
    }

    /// Where the migration stands; none: it has not begun.
    fn status(&mut self) -> Result<Option<Snapshot>, String> {
        loop {
            match self.migration.snapshot() {
                Ok(status) => return Ok(Some(status)),
                Err(Error::Migration(cutover::Error::NoSuchMigration { .. })) => return Ok(None),
                Err(Error::Migration(cutover::Error::Locked { .. })) => {}
                Err(error) => return Err(fault("status", &error)),
            }
        }
    }

    /// Waits until every program has finished some calls.
    fn let_them_work(&mut self, job: &Job, calls: u64) -> Result<(), String> {
        self.calls.clear();
        while self.calls.len() < job.programs || self.calls.values().any(|done| *done < calls) {
            if std::os::unix::process::parent_id() != self.parent {
                return Err("nobody is interested any more".to_owned());
            }
            std::thread::sleep(Duration::from_millis(2));
            self.listen();
        }
        Ok(())
    }

    fn listen(&mut self) {
        #[derive(Deserialize)]
        struct Brief<'l> {
            e: &'l str,
            who: Option<&'l str>,
        }
        for line in self.tail.lines() {
            let Ok(Brief { e, who: Some(who) }) = serde_json::from_slice(&line) else { continue };
            if matches!(e, "done" | "not" | "saw" | "own") {
                let name = who.split('.').next().unwrap_or(who).to_owned();
                *self.calls.entry(name).or_default() += 1;
            }
        }
    }
}

fn blocked(status: &Snapshot, action: &str) -> bool {
    status.blocked.iter().any(|blocked| blocked.action == action)
}

impl Telling {
    fn enter(&mut self, phase: Phase) {
        if self.at != phase {
            self.made.push((self.at, phase));
            self.at = phase;
        }
    }

    /// Steps that were not made yet.
    fn unseen(&self) -> impl Iterator<Item = (Phase, Phase)> + use<> {
        let made: BTreeSet<_> = self.made.iter().copied().collect();
        STEPS.into_iter().filter(move |step| !made.contains(step))
    }
}

impl Watch for Telling {
    fn event(&mut self, event: &cutover::Event) {
        if let cutover::Event::Entered { phase, .. } = event {
            self.enter(*phase);
            self.history.add(&Event::At { phase: phase.name().to_owned(), found: false });
        }
    }

    fn interrupted(&mut self) -> bool {
        match &mut self.patience {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        }
    }
}
