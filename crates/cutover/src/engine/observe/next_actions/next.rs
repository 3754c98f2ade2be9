//! Which command to give next.

use super::facts::Facts;
use super::permitted::permitted;
use crate::backend::sqlite::state::Pending;
use crate::engine::observe::drift::Kind;
use crate::phase::{Direction, Phase};
use crate::report::{Action, Because, NextAction, VerifyReport, Waiting};

/// What to give next, and after it what could be given instead.
pub(super) fn next(facts: &Facts) -> Vec<NextAction> {
    let first = first(facts);
    let both = first.filter(|first| first.because == Because::ReadsMoved && facts.drift.write_both);
    let instead = both.map(|first| NextAction {
        to: Some(Phase::WriteBoth),
        because: Because::BothCanWrite,
        ..first
    });
    // Old programs that are there are waited for: when they are gone can't be told.
    let first = first
        .filter(|first| first.action != Action::Advance || permitted(facts, first.action).is_ok());
    first.into_iter().chain(instead).collect()
}

fn first(facts: &Facts) -> Option<NextAction> {
    let give = |action, because| Some(NextAction { action, to: None, because });
    // Of an aborted migration nothing is at work.
    if facts.at_work && facts.pending != Some(Pending::Aborted) {
        return match facts.waiting {
            Some(Waiting::Paused) => give(Action::Resume, Because::Paused),
            Some(Waiting::Postponed) => give(Action::Unpostpone, Because::Postponed),
            _ => None,
        };
    }
    let planned = plan(facts)?;
    // What goes chunk by chunk would begin, and stand still.
    let chunks = matches!(planned.action, Action::Backfill | Action::Repair | Action::Rollback)
        || planned.to == Some(Phase::Retired)
        || planned.because == Because::Interrupted;
    if facts.control.paused && chunks {
        return give(Action::Resume, Because::Paused);
    }
    Some(planned)
}

/// What to give when nobody is at work. What stands in the way comes first.
fn plan(facts: &Facts) -> Option<NextAction> {
    let phase = facts.phase;
    let give = |action, because| {
        let to = match action {
            Action::Advance => phase.next().or(Some(phase)),
            Action::Rollback => phase.previous(),
            _ => None,
        };
        Some(NextAction { action, to, because })
    };
    match (phase, facts.pending) {
        (Phase::Legacy, Some(Pending::Drop)) => {
            return give(Action::Abort, Because::Interrupted);
        }
        (_, Some(Pending::Aborted)) => return give(Action::Start, Because::NotStarted),
        (Phase::Legacy, _) => return give(Action::Start, Because::NotStarted),
        (Phase::Retired, Some(_)) => return give(Action::Advance, Because::Interrupted),
        (Phase::Retired, None) => return None,
        _ => {}
    }
    let leave = || {
        // Where writes enter the new tables only a change of the schema helps.
        (phase <= Phase::ReadNew).then(|| give(Action::Abort, Because::InTheWay))?
    };
    if facts.drift.first(&[Kind::Misfit, Kind::Columns]).is_some() {
        return leave();
    }
    if facts.pending == Some(Pending::CatchUp) {
        return give(Action::Rollback, Because::Interrupted);
    }
    if facts.refused_rows.is_some() {
        return leave();
    }
    if facts.drift.is_any() && permitted(facts, Action::Repair).is_ok() {
        return give(Action::Repair, Because::Drift);
    }
    if facts.missed_writes && permitted(facts, Action::Repair).is_ok() {
        return give(Action::Repair, Because::Differences);
    }
    if !facts.backfilled && phase.judged() == Some(Direction::Forward) {
        return give(Action::Backfill, Because::NotFilled);
    }
    if let Some(found) = &facts.found
        && let Some(action) = after_differences(facts, found)
    {
        return action;
    }
    if phase.next().is_some_and(|to| to.is_gated() && to < Phase::Retired)
        && facts.control.postponed
    {
        return give(Action::Unpostpone, Because::Postponed);
    }
    match phase {
        Phase::DualWrite => give(Action::Advance, Because::Filled),
        Phase::ReadNew => give(Action::Advance, Because::ReadsMoved),
        Phase::WriteBoth => give(Action::Advance, Because::BothWrite),
        Phase::WriteNew => give(Action::Advance, Because::WritesMoved),
        _ => give(Action::Advance, Because::Frozen),
    }
}

/// What to do about differences that the last verification found; nothing where they are no
/// obstacle.
fn after_differences(facts: &Facts, found: &VerifyReport) -> Option<Option<NextAction>> {
    let phase = facts.phase;
    let give = |action, because| Some(Some(NextAction { action, to: None, because }));
    let direction = found.examples.first().map(|example| example.direction);
    match (phase.judged(), direction) {
        _ if found.ok => None,
        (Some(mirror), Some(direction)) if mirror == direction => {
            give(Action::Repair, Because::Differences)
        }
        (Some(Direction::Forward), _) => give(Action::Abort, Because::NotLossless),
        // Rows of the new tables that the old ones can't hold are none.
        (Some(Direction::Backward), _) => None,
        (None, _) if phase == Phase::NewOnly => {
            let to = phase.previous();
            let action = Action::Rollback;
            Some(Some(NextAction { action, to, because: Because::FrozenChanged }))
        }
        (None, _) => None,
    }
}
