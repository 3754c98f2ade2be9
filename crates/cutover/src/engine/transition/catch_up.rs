//! Bringing the old tables up to date, for a rollback from `new-only`.
//!
//! New programs go on as before meanwhile: triggers note what they touch, and refuse nothing.
//! The operator passes over everything once, and then takes the notes off, round after round,
//! until few are left: those are seen to in the transaction of the switch. A row that the old
//! tables can't hold is set aside in the transaction in which that is found.

use std::cell::Cell;

use serde_json::json;

use super::approval::{WhenPostponed, await_approval};
use super::dirty_log::{self, Noted};
use super::frozen::verify_frozen;
use super::gate::TELL_EVERY;
use super::partial_repair::PartialRepair;
use super::set_aside;
use super::switch::{self, Next};
use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::state::{self, PassRecord, Pending};
use crate::backend::sqlite::triggers::touched::note;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::Place;
use crate::derive::target::{Target, scope_columns};
use crate::engine::work::chunked::Chunked;
use crate::engine::work::compare::{Compared, Found, Wanted, merge, verify_both};
use crate::engine::work::fill::{CATCH_UP_RATE, count_rows};
use crate::engine::work::log::Log;
use crate::engine::work::pass::Pass;
use crate::engine::work::session::{Session, now};
use crate::engine::work::telemetry::Telemetry;
use crate::error::{Error, Refusal, Result};
use crate::model::phase_objects::Setting;
use crate::pace::Pace;
use crate::phase::{Direction, Phase};
use crate::report::{Command, Fix, Kept, VerifyReport};
use crate::watch::{Watch, Work};

/// What a rollback from `new-only` gives.
pub(crate) struct CaughtUp {
    pub(crate) report: VerifyReport,
    pub(crate) kept: Vec<Kept>,
    pub(crate) held: std::time::Duration,
    pub(crate) since: String,
}

/// Scopes that are left for the transaction of the switch. Where programs write faster than
/// few are ever left, it is done with more.
const LEFT_FOR_THE_SWITCH: u64 = 24;
const ROUNDS_FOR_FEW: u32 = 100;
const LEFT_AT_MOST: u64 = 400;

/// Rounds of taking notes off, before giving up.
const ROUNDS: u32 = 400;

/// Rounds within the transaction of the switch: a row that gives way, or a table that others
/// read, brings notes of its own.
const ROUNDS_IN_THE_SWITCH: u32 = 8;

/// Brings the old tables up to date and enters `write-new`. An interrupted call goes on where
/// it stopped.
pub(crate) fn catch_up(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<CaughtUp> {
    let mut kept = Vec::new();
    if session.record.pending != Some(Pending::CatchUp) {
        kept = begin(session, watch)?;
    }
    let partial = PartialRepair::default();
    pass_over(session, &partial, watch)?;
    drain(session, &partial, watch)?;
    try_again(session)?;
    drain(session, &partial, watch)?;
    let (report, forward) = verify(session, &partial, watch)?;
    let to = Phase::WriteNew;
    let next = Next::derive(&session.model, Setting::of(to))?;
    let mut telemetry = Telemetry::new(Work::CatchUp, 0);
    let when = WhenPostponed::Passes;
    loop {
        drain(session, &partial, watch)?;
        let shared = &*session;
        await_approval(shared, to, when, &mut telemetry, watch, || {
            rounds(shared, &partial, &mut |_, _, _| Ok(()), LEFT_AT_MOST)
        })?;
        let switched = partial.write(shared, "switching", || {
            shared.fence()?;
            if !last(shared, &partial)? {
                return Ok(None);
            }
            let since = now();
            shared.enter("rollback", &next, &since, json!({}))?;
            Ok(Some(since))
        })?;
        if let (Some(since), held) = switched {
            kept.extend(set_aside::set_aside(session, Direction::Backward)?);
            let report = merge(forward, report);
            return Ok(CaughtUp { report, kept, held, since });
        }
    }
}

/// From here on nothing that is written is missed.
///
/// Rows that something wrote into the frozen tables, around their guards, have no image on the
/// new side: they are kept before they are overwritten.
fn begin(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    // What a call that was killed here, or was called off, has left.
    set_aside::forget(session, Direction::Backward)?;
    if !verify_frozen(session.db, &session.model, session.record.id, watch)?.ok {
        set_aside::keep_all(session, Direction::Backward, watch)?;
        all = set_aside::settle(session, Direction::Backward)?;
    }
    let since = session.record.since.clone();
    let targets: Vec<String> =
        session.model.backward.iter().map(|t| t.table.known_as.clone()).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let phase = session.record.phase;
    let setting = Setting { catching_up: true, ..Setting::of(phase) };
    let next = Next::derive(&session.model, setting)?;
    session.db.write("creating the note triggers", || {
        session.fence()?;
        switch::enter(session.db, &session.model, &next, &since)?;
        state::begin_passes(session.db, session.record.id, &targets)?;
        state::set_pending(session.db, session.record.id, Some(Pending::CatchUp))?;
        session.journal("catch-up", &now(), phase, json!({}))
    })?;
    session.record.pending = Some(Pending::CatchUp);
    Ok(all)
}

/// Calls a rollback off that is under way: the old tables stand still from here on, as far as
/// they have come, and nothing of it is left.
pub(crate) fn call_off(session: &mut Session<'_>) -> Result<()> {
    let phase = session.record.phase;
    let next = Next::derive(&session.model, Setting::of(phase))?;
    let since = session.record.since.clone();
    session.db.write("calling off the rollback", || {
        session.fence()?;
        switch::enter(session.db, &session.model, &next, &since)?;
        state::begin_passes(session.db, session.record.id, &[])?;
        state::forget_digests(session.db, session.record.id)?;
        state::set_pending(session.db, session.record.id, None)?;
        session.journal("rollback-called-off", &now(), phase, json!({}))
    })?;
    session.record.pending = None;
    set_aside::forget(session, Direction::Backward)
}

/// Every row once, target by target, chunk by chunk.
fn pass_over(session: &Session<'_>, partial: &PartialRepair, watch: &mut dyn Watch) -> Result<()> {
    let (db, id) = (session.db, session.record.id);
    let mut passes = state::passes(db, id)?;
    if passes.iter().all(|pass| pass.complete) {
        return Ok(());
    }
    count_rows(session, Direction::Backward, &mut passes)?;
    let total = passes.iter().map(|pass| pass.total).sum();
    let log = Log::filling("bringing the old tables up to date");
    let mut chunked = Chunked::begin(session, Work::CatchUp, total, Pace::Gentle, log, watch)?;
    let mut before = 0;
    for record in &mut passes {
        let target = session.model.backward.iter().find(|t| t.table.known_as == record.target);
        if let Some(target) = target.filter(|_| !record.complete) {
            one_pass(session, partial, target, record, (&mut chunked, before), watch)?;
        }
        before += record.done;
    }
    if let Some(rate) = chunked.busy_rate() {
        let phase = session.record.phase;
        db.write("writing the journal", || {
            session.fence()?;
            session.journal(
                "catch-up-complete",
                &now(),
                phase,
                json!({ CATCH_UP_RATE: rate.round() }),
            )
        })?;
    }
    chunked.finish(watch);
    Ok(())
}

fn one_pass(
    session: &Session<'_>,
    partial: &PartialRepair,
    target: &Target,
    record: &mut PassRecord,
    (chunked, before): (&mut Chunked, u64),
    watch: &mut dyn Watch,
) -> Result<()> {
    let (db, id) = (session.db, session.record.id);
    let position = state::position(db, id, &record.target)?;
    let mut pass = Pass::begin(db, &session.model, target, Place::LIVE, position)?;
    let counted = record.total;
    chunked.table(session)?;
    while !record.complete {
        // A transaction that is made again is about the same rows.
        let chosen: Cell<Option<Option<Chunk>>> = Cell::new(None);
        let rows = chunked.rows();
        let (done, held) =
            partial.chunk(chunked, session, "bringing old rows up to date", || {
                let chunk = match chosen.take() {
                    Some(chunk) => chunk,
                    None => pass.chunk(db, rows)?,
                };
                chosen.set(Some(chunk.clone()));
                let mut now = record.clone();
                match &chunk {
                    Some(chunk) => {
                        let part = partial.part(session, target, chunk)?;
                        note_freed(session, target, &part.freed)?;
                        now.done += part.outcome.derived;
                        now.total = now.total.max(now.done);
                    }
                    None => {
                        now.complete = true;
                        now.done = now.total;
                    }
                }
                let position = if now.complete { Vec::new() } else { pass.position(db)? };
                state::advance_pass(db, id, &now, &position)?;
                Ok(now)
            })?;
        let rows = done.done - record.done;
        *record = done;
        if record.done > counted {
            // It runs after new rows, which are added as fast as it comes to them.
            chunked.hurry(session, watch)?;
        }
        chunked.after(session, (rows, before + record.done), held, watch)?;
    }
    Ok(())
}

fn stale(session: &Session<'_>) -> String {
    session.model.names.stale()
}

fn note_freed(session: &Session<'_>, target: &Target, scopes: &[Vec<Value>]) -> Result<()> {
    if scopes.is_empty() {
        return Ok(());
    }
    let columns = scope_columns(target);
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    let sql = note(target, &stale(session), &format!("SELECT {}", marks.join(", ")));
    let note =
        |scope| session.db.execute("recording rows that were replaced", &sql, scope).map(drop);
    scopes.iter().try_for_each(|scope: &Vec<Value>| note(scope.as_slice()))
}

fn noted(session: &Session<'_>) -> Result<Noted> {
    Noted::count(session.db, &stale(session))
}

/// Brings what is noted up to date until little is left.
fn drain(session: &Session<'_>, partial: &PartialRepair, watch: &mut dyn Watch) -> Result<()> {
    let total = noted(session)?.total();
    if total <= LEFT_FOR_THE_SWITCH {
        return Ok(());
    }
    let log = Log::filling("bringing the old tables up to date");
    let mut chunked = Chunked::begin(session, Work::CatchUp, total, Pace::Gentle, log, watch)?;
    let (mut done, mut before) = (0, total);
    for round in 0..ROUNDS {
        let enough = if round < ROUNDS_FOR_FEW { LEFT_FOR_THE_SWITCH } else { LEFT_AT_MOST };
        let counted = noted(session)?;
        let now = counted.total();
        if now <= enough {
            chunked.finish(watch);
            return Ok(());
        }
        if round > 0 && now > before / 2 {
            // Programs that are given room write about as fast as their writes are brought
            // back, and would for ever.
            chunked.hurry(session, watch)?;
        }
        before = now;
        for target in &session.model.backward {
            let mut left = counted.at(target);
            while left > 0 {
                let some = chunked.rows().min(dirty_log::AT_ONE_GO).min(left);
                let doing = "bringing noted rows up to date";
                let (_, held) = partial.chunk(&mut chunked, session, doing, || {
                    some_noted(session, partial, target, some)
                })?;
                done += some;
                left -= some;
                chunked.after(session, (some, done), held, watch)?;
            }
        }
    }
    Err(Refusal::transition(
        Phase::WriteNew,
        "programs write faster than the old tables can catch up",
        again("; it resumes"),
    )
    .into())
}

/// A round, while something is waited for.
fn rounds(
    session: &Session<'_>,
    partial: &PartialRepair,
    _told: &mut dyn FnMut(u64, u64, u64) -> Result<()>,
    most: u64,
) -> Result<()> {
    let counted = noted(session)?;
    if counted.total() <= LEFT_FOR_THE_SWITCH {
        return Ok(());
    }
    for target in session.model.backward.iter().filter(|target| counted.at(target) > 0) {
        partial.write(session, "bringing noted rows up to date", || {
            session.fence()?;
            some_noted(session, partial, target, most)
        })?;
    }
    Ok(())
}

/// Takes some notes off and brings their scopes up to date, in the transaction at hand.
fn some_noted(
    session: &Session<'_>,
    partial: &PartialRepair,
    target: &Target,
    most: u64,
) -> Result<()> {
    let to = dirty_log::take_some(session.db, target, &stale(session), most)?;
    if to == 0 {
        return Ok(());
    }
    let part = partial.part(session, target, &Chunk::Listed { from: 1, to })?;
    note_freed(session, target, &part.freed)
}

/// All that is noted, in the transaction of the switch. Tells whether that was little enough.
fn last(session: &Session<'_>, partial: &PartialRepair) -> Result<bool> {
    for _ in 0..ROUNDS_IN_THE_SWITCH {
        let counted = noted(session)?;
        match counted.total() {
            0 => return Ok(true),
            many if many > 2 * LEFT_AT_MOST => return Ok(false),
            _ => {}
        }
        for target in session.model.backward.iter().filter(|target| counted.at(target) > 0) {
            some_noted(session, partial, target, 2 * LEFT_AT_MOST)?;
        }
    }
    Ok(false)
}

/// What was in the way of a row that is set aside may be gone by now.
fn try_again(session: &Session<'_>) -> Result<()> {
    session.model.backward.iter().try_for_each(|target| {
        set_aside::scopes_again(session, target, |scopes| {
            let sql = note(target, &stale(session), scopes);
            session.db.batch("checking the kept rows again", &sql)
        })
    })
}

/// Compares every row, both ways. What differs on the old side was written meanwhile, or is
/// brought up to date like that.
fn verify(
    session: &mut Session<'_>,
    partial: &PartialRepair,
    watch: &mut dyn Watch,
) -> Result<(VerifyReport, VerifyReport)> {
    for _ in 0..3 {
        let began = std::time::Instant::now();
        let mut telemetry = Telemetry::new(Work::Verify(Direction::Backward), 0);
        let (forward, backward) = {
            let (mut told, shared) = (began, &*session);
            verify_both(
                shared.db,
                &shared.model,
                Wanted { what: Compared::Followed, scopes: Some(Direction::Backward) },
                Pace::Gentle,
                watch,
                &mut |done, total| {
                    telemetry.compared(done, total);
                    if told.elapsed() > TELL_EVERY {
                        shared.tell_now(&mut telemetry)?;
                        told = std::time::Instant::now();
                    }
                    Ok(())
                },
            )?
        };
        // Rows of the new tables that the old ones can't hold are no difference.
        let clean = |found: &Found| VerifyReport {
            ok: true,
            checked: found.report.checked,
            ..VerifyReport::default()
        };
        let (forward, compared) = (clean(&forward), clean(&backward));
        session.found(began.elapsed(), &merge(forward.clone(), compared.clone()));
        for (position, scopes) in backward.by_target() {
            let target = &session.model.backward[position];
            for some in scopes.chunks(dirty_log::AT_ONE_GO as usize) {
                session.db.write("noting what differs", || {
                    session.fence()?;
                    note_freed(session, target, some)
                })?;
            }
        }
        drain(session, partial, watch)?;
        if !backward.overflowed {
            return Ok((compared, forward));
        }
        // So much differs that it is passed over once more.
        let targets: Vec<String> =
            session.model.backward.iter().map(|t| t.table.known_as.clone()).collect();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        session.db.write("starting again", || {
            session.fence()?;
            state::begin_passes(session.db, session.record.id, &targets)
        })?;
        pass_over(session, partial, watch)?;
        drain(session, partial, watch)?;
    }
    Err(Error::Refused(Refusal::transition(
        Phase::WriteNew,
        "programs write faster than their writes can be verified",
        again(""),
    )))
}

/// What to do where programs are quicker than a rollback.
fn again(how: &str) -> Fix {
    Fix::run(Command::ROLLBACK)
        .with(format!(" again when programs write less{how}, or call it off with "))
        .with(Command::ADVANCE)
}
