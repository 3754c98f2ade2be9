//! What the operator of a case does, and what must come of it.

use std::collections::BTreeMap;
use std::error::Error as _;

use cutover::{
    AbortOptions, AdvanceOptions, CheckReport, Engine, Error, ForgetOptions, Migration, Options,
    Pace, Phase, Silent, StartOptions, TransitionReport,
};
use testkit::random::{Action, Side};

use crate::random::between::Between;
use crate::random::failure::{Failure, Kind, none};
use crate::random::reference::Reference;
use crate::random::rows;
use crate::random::run::{Ended, Run, Stop};

pub(crate) const NAME: &str = "random";

impl Run<'_> {
    pub(crate) fn engine(&self) -> Engine {
        let mut options = Options::default();
        options.scratch_dir = Some(self.dir.path().to_owned());
        Engine::open(&self.path, options).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    pub(crate) fn act(&mut self, action: Action) -> Result<(), Stop> {
        let phase = self.phase;
        match action {
            Action::Start { backfill } if phase == Phase::Legacy => self.start(backfill)?,
            Action::Backfill if phase == Phase::DualWrite || phase == Phase::ReadNew => {
                self.reporting("backfill", |engine| {
                    engine.backfill(NAME, Pace::Fast, &mut Silent)
                })?;
                self.backfilled = true;
            }
            Action::Repair if phase == Phase::DualWrite && self.backfilled => {
                let report = self
                    .reporting("repair", |engine| engine.repair(NAME, Pace::Fast, &mut Silent))?;
                if report.inserted + report.updated + report.deleted > 0 {
                    let detail = format!("there was something to fix: {report:?}");
                    return Err(Failure::new(Kind::Mirror, detail).into());
                }
            }
            Action::Verify
                if phase > Phase::Legacy && phase < Phase::Retired && self.backfilled =>
            {
                self.verify()?;
            }
            Action::Advance if phase > Phase::Legacy && phase < Phase::NewOnly => self.advance()?,
            Action::Retire if phase == Phase::NewOnly => self.retire()?,
            Action::Rollback if phase.previous().is_some() => self.rollback()?,
            Action::Abort if phase == Phase::DualWrite || phase == Phase::ReadNew => {
                self.abort()?
            }
            _ => {}
        }
        self.done.furthest = self.done.furthest.max(self.phase);
        self.undrifted()?;
        Ok(())
    }

    /// What the engine does itself is no change of the schema under it.
    fn undrifted(&self) -> Result<(), Failure> {
        // What was broken on purpose is drift, and the writes are to find it.
        let over = self.phase == Phase::Legacy || self.phase == Phase::Retired;
        if over || self.sabotage.is_some() {
            return Ok(());
        }
        let drift = self.reporting("status", |engine| engine.snapshot(NAME))?.drift;
        match drift.first() {
            Some(found) => Err(Failure::new(Kind::Gate, format!("drift: {}", found.reason))),
            None => Ok(()),
        }
    }

    /// An operation that must succeed.
    fn reporting<T>(
        &self,
        what: &str,
        operate: impl FnOnce(&mut Engine) -> cutover::Result<T>,
    ) -> Result<T, Failure> {
        operate(&mut self.engine())
            .map_err(|error| Failure::new(Kind::Operation, format!("{what}: {}", told(&error))))
    }

    fn start(&mut self, backfill: bool) -> Result<(), Stop> {
        let migration = Migration::parse(NAME, &self.case.file)
            .map_err(|error| Stop::Ended(Ended::MappingRefused(error.to_string())))?;
        let before = rows::schema(&self.live);
        let report = self.reporting("check", |engine| engine.check(&migration, &mut Silent))?;
        let proof = self.carried_over();
        let unchanged = |run: &Self| {
            none(Kind::Traces, &run.reference.own_differences(&run.live, Side::Old))?;
            if rows::schema(&run.live) == before {
                Ok(())
            } else {
                Err(Failure::new(Kind::Traces, "a refusal has changed the schema"))
            }
        };
        match (report.ok, proof) {
            (true, Ok(())) => {}
            (true, Err(why)) => {
                let detail = format!("the proof lets through what plain SQL does not: {why}");
                return Err(Failure::new(Kind::Proof, detail).into());
            }
            (false, Err(_)) => {
                unchanged(self)?;
                return Err(Stop::Ended(Ended::RowsRefused));
            }
            (false, Ok(())) => {
                unchanged(self)?;
                return Err(refused_mapping(&report));
            }
        }
        unchanged(self)?;
        let options = StartOptions { no_backfill: !backfill, pace: Pace::Fast };
        let report =
            self.reporting("start", |engine| engine.start(&migration, options, &mut Silent))?;
        self.phase = report.phase;
        self.backfilled = backfill;
        if let Some(sabotage) = self.sabotage {
            sabotage(&self.live);
        }
        Ok(())
    }

    /// Whether plain SQL can carry the old rows over and back.
    fn proof(&self) -> Result<(), String> {
        self.unreferred(|reference| reference.comes_back())
    }

    /// The same, into tables whose foreign keys hold.
    fn carried_over(&self) -> Result<(), String> {
        self.proof()?;
        self.unreferred(|reference| reference.refers())
    }

    fn verify(&self) -> Result<(), Failure> {
        let report =
            self.reporting("verify", |engine| engine.verify(NAME, Pace::Fast, &mut Silent))?;
        // In these phases both directions start from the twin's rows.
        let expected = self.phase >= Phase::WriteNew || self.proof().is_ok();
        if self.phase < Phase::WriteNew && report.ok != expected {
            let detail = format!("verify says {report:?}, plain SQL {:?}", self.proof());
            return Err(Failure::new(Kind::Gate, detail));
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Failure> {
        let to = self.phase.next();
        let expected = match to {
            Some(Phase::WriteNew) if !self.backfilled => Err("not backfilled".to_owned()),
            Some(Phase::WriteNew) => self.carried_over(),
            // Once everything is copied, who reads the new tables must miss nothing.
            Some(Phase::ReadNew) if self.backfilled => self.proof(),
            _ => Ok(()),
        };
        let options = AdvanceOptions { to, confirmed: false, ..AdvanceOptions::default() };
        let result = self.engine().advance(NAME, &options, &mut Silent);
        self.gate(result, expected)?;
        if self.phase == Phase::WriteNew && self.reference.side == Side::Old {
            // Whether the flip was right is judged by the twin that was there before it.
            let found = self.reference.own_differences(&self.live, Side::New);
            none(Kind::Source, &found)?;
            self.judge_flip()?;
            self.refer_to(Side::New);
        }
        Ok(())
    }

    /// What a gate did beside what it should have done.
    fn gate(
        &mut self,
        result: cutover::Result<cutover::TransitionReport>,
        expected: Result<(), String>,
    ) -> Result<(), Failure> {
        match (result, expected) {
            (Ok(report), Ok(())) => {
                self.phase = report.to;
                Ok(())
            }
            (Err(Error::Refused(_)), Err(_)) => {
                self.done.gates += 1;
                let status = self.reporting("status", |engine| engine.snapshot(NAME))?;
                if status.phase != self.phase {
                    return Err(Failure::new(
                        Kind::Gate,
                        format!("closed, and in {}", status.phase),
                    ));
                }
                Ok(())
            }
            (Ok(report), Err(why)) => {
                Err(Failure::new(Kind::Gate, format!("{} let through: {why}", report.to)))
            }
            (Err(error), expected) => {
                let detail = format!("{}; expected {expected:?}", told(&error));
                Err(Failure::new(Kind::Gate, detail))
            }
        }
    }

    /// The mirror just after the sides have changed, seen from the side it was filled from.
    fn judge_flip(&self) -> Result<(), Failure> {
        let conn = &self.reference.conn;
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let found = self
            .reference
            .mirror_differences(&self.live, self.reference.side.opposite())
            .map_err(|error| Failure::new(Kind::Mirror, error))?;
        none(Kind::Mirror, &found)
    }

    fn rollback(&mut self) -> Result<(), Stop> {
        let to = self.phase.previous();
        let possible = match (self.phase, to) {
            // What was written without a mirror may not fit into it.
            (Phase::NewOnly, _) => self.unreferred(|reference| reference.derived(|| Ok(()))),
            (Phase::WriteNew, _) => self.unreferred(|reference| reference.fits_again()),
            _ => Ok(()),
        };
        let kept_before = rows::all(&self.live, self.case, Side::New, self.reference.side);
        let result = self.engine().rollback(NAME, to, &mut Silent);
        if possible.is_err() {
            let failed = |error| {
                Failure::new(Kind::Gate, format!("no rollback: {}; {possible:?}", told(&error)))
            };
            self.set_aside(result.map_err(failed)?, &kept_before)?;
            return Err(Stop::Ended(Ended::Done(self.done)));
        }
        let opposite_was = self.reference.side.opposite();
        let leaves_new = self.phase == Phase::WriteNew;
        self.gate(result, Ok(()))?;
        if leaves_new && opposite_was == Side::Old {
            // The old side is the mirror still, as far as the twin goes.
            none(Kind::Mirror, &self.old_differences()?)?;
            none(Kind::Lost, &rows::lost(&self.live, self.case, &kept_before, Side::Old))?;
            self.refer_to(Side::Old);
            self.backfilled = true;
        }
        Ok(())
    }

    /// What becomes of rows that the old tables can't hold: nothing of the new ones is lost,
    /// and what the old ones hold is no difference.
    fn set_aside(
        &self,
        report: TransitionReport,
        before: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Failure> {
        let verified = |expected: Result<(), String>, what: &str| {
            let report =
                self.reporting("verify", |engine| engine.verify(NAME, Pace::Fast, &mut Silent))?;
            if report.ok == expected.is_ok() {
                return Ok(());
            }
            let detail = format!("verify says {report:?} {what}, plain SQL {expected:?}");
            Err(Failure::new(Kind::Gate, detail))
        };
        let refilled = |last: &TransitionReport| {
            let old = Reference::of(&self.live, Side::Old, self.case);
            if let Some(reason) = &last.unfilled {
                return match old.derived(|| Ok(())) {
                    Ok(()) => Err(Failure::new(Kind::Gate, format!("not filled: {reason}"))),
                    Err(_) => Ok(()),
                };
            }
            match old.comes_back() {
                // New programs wrote rows without a key, which only that makes alike.
                Err(why) if why.ends_with("have the same key") => Ok(()),
                // What they wrote need not be what an old row can come back as.
                comes_back => verified(comes_back, "of a new mirror"),
            }
        };
        let mut last = report;
        if last.to == Phase::WriteNew {
            none(Kind::Source, &self.reference.own_differences(&self.live, self.reference.side))?;
            verified(Ok(()), "of rows that are set aside")?;
            let to = Some(Phase::ReadNew);
            // Of what old programs change at once it can't be told whether it was lost.
            if self.done.statements.is_multiple_of(2) {
                let mut between = Between::of(self);
                last =
                    self.reporting("rollback", |engine| engine.rollback(NAME, to, &mut between))?;
                none(Kind::Source, &between.written()?.own_differences(&self.live, Side::Old))?;
                return refilled(&last);
            }
            last = self.reporting("rollback", |engine| engine.rollback(NAME, to, &mut Silent))?;
        }
        none(Kind::Lost, &rows::lost(&self.live, self.case, before, Side::Old))?;
        refilled(&last)
    }

    fn unreferred<T>(&self, ask: impl FnOnce(&Reference<'_>) -> T) -> T {
        let conn = &self.reference.conn;
        let keys: i64 = conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let answer = ask(&self.reference);
        conn.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        answer
    }

    fn old_differences(&self) -> Result<Vec<String>, Failure> {
        self.unreferred(|reference| {
            reference.mirror_differences(&self.live, self.reference.side.opposite())
        })
        .map_err(|error| Failure::new(Kind::Mirror, error))
    }

    fn retire(&mut self) -> Result<(), Failure> {
        let options = AdvanceOptions {
            to: Some(Phase::Retired),
            confirmed: true,
            ..AdvanceOptions::default()
        };
        let result = self.engine().advance(NAME, &options, &mut Silent);
        self.gate(result, Ok(()))?;
        none(Kind::Traces, &rows::left_after_retiring(&self.live, self.case))
    }

    /// The last step of a migration that is retired.
    pub(crate) fn forget(&mut self) -> Result<(), Failure> {
        let mut options = ForgetOptions::default();
        (options.drop_kept, options.confirmed) = (true, true);
        self.reporting("forget", |engine| engine.forget(NAME, options, &mut Silent))?;
        none(Kind::Traces, &rows::left_after_forgetting(&self.live))
    }

    fn abort(&mut self) -> Result<(), Failure> {
        self.reporting("abort", |engine| {
            let options = AbortOptions { confirmed: true };
            engine.abort_with(NAME, options, &mut Silent)
        })?;
        self.phase = Phase::Legacy;
        self.backfilled = false;
        none(Kind::Traces, &rows::changed_by_aborting(&self.live, &self.schema))
    }
}

fn refused_mapping(report: &CheckReport) -> Stop {
    let reason = report.problems.first().map_or("no reason", |problem| problem.reason.as_str());
    Stop::Ended(Ended::MappingRefused(reason.to_owned()))
}

/// An error with its causes.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
