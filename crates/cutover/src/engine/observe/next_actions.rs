//! The one decision about a migration: which commands would be accepted now, why the others
//! would not, and which to give next. Pure. `status`, the dashboard, the page's buttons, the
//! `next:` lines and the refusals of commands all come from here, so that they can't
//! contradict each other.

use super::drift::{Drift, Kind};
use crate::backend::sqlite::control::Control;
use crate::backend::sqlite::state::Pending;
use crate::phase::{Direction, Phase};
use crate::report::{
    Action, Because, Blocked, Command, Fix, NextAction, Problem, VerifyReport, Waiting,
};

/// What the decision rests on.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The migration's.
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) pending: Option<Pending>,
    /// Whether every source row has its image.
    pub(crate) backfilled: bool,
    pub(crate) control: Control,
    pub(crate) drift: Drift,
    /// Rows that the backfill met and the mirror can't hold, if they are still so.
    pub(crate) refused_rows: Option<Problem>,
    /// What the last verification found, if nothing has repaired it since.
    pub(crate) found: Option<VerifyReport>,
    /// Whether the mirror may have missed writes, and nothing has looked at all rows since.
    pub(crate) missed_writes: bool,
    /// Whether an operator is at work.
    pub(crate) at_work: bool,
    /// Why its work waits, if it does.
    pub(crate) waiting: Option<Waiting>,
}

/// Why a command would be refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct No {
    pub(crate) reason: String,
    pub(crate) fix: Fix,
}

fn no(reason: impl Into<String>, fix: impl Into<Fix>) -> Result<(), No> {
    Err(No { reason: reason.into(), fix: fix.into() })
}

impl From<&Problem> for No {
    fn from(problem: &Problem) -> Self {
        Self { reason: problem.reason.clone(), fix: problem.fix.clone() }
    }
}

/// What is decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) allowed: Vec<String>,
    pub(crate) blocked: Vec<Blocked>,
    /// Empty where there is nothing to do, or nothing that a command of ours could do.
    pub(crate) next: Vec<NextAction>,
}

/// The commands that are decided on, in the order in which they are told.
const TOLD: [Action; 6] = [
    Action::Advance,
    Action::Rollback,
    Action::Abort,
    Action::Backfill,
    Action::Verify,
    Action::Repair,
];

/// Decides.
pub(crate) fn decide(facts: &Facts) -> Decision {
    let (mut allowed, mut blocked) = (Vec::new(), Vec::new());
    for action in TOLD {
        match permitted(facts, action) {
            Ok(()) => allowed.push(action.name().to_owned()),
            Err(No { reason, fix }) if is_told(facts, action) => {
                blocked.push(Blocked { action: action.name().to_owned(), reason, fix });
            }
            Err(_) => {}
        }
    }
    Decision { allowed, blocked, next: next(facts).into_iter().collect() }
}

/// Whether it is worth telling why a command would be refused: of work that no phase has use
/// for nobody asks.
fn is_told(facts: &Facts, action: Action) -> bool {
    match action {
        Action::Backfill => facts.phase.sync() == Some(Direction::Forward),
        Action::Verify | Action::Repair => facts.phase.sync().is_some(),
        _ => true,
    }
}

/// Whether a command would be accepted, as far as that can be told without looking at every
/// row.
pub(crate) fn permitted(facts: &Facts, action: Action) -> Result<(), No> {
    if facts.pending == Some(Pending::Aborted) && action != Action::Start {
        return no(
            "the migration was aborted",
            Fix::from("start again with ")
                .with(Command::Start)
                .with(", or remove what is left with ")
                .with(Command::forget(&facts.name)),
        );
    }
    match action {
        Action::Advance => advance(facts),
        Action::Rollback => rollback(facts),
        Action::Abort => abort(facts),
        Action::Backfill => backfill(facts),
        Action::Verify => verify(facts),
        Action::Repair => repair(facts),
        Action::Start if facts.phase == Phase::Legacy && facts.pending != Some(Pending::Drop) => {
            Ok(())
        }
        Action::Start => no("the migration has already started", Fix::look_at(Command::Status)),
        Action::Resume | Action::Unpostpone => Ok(()),
    }
}

fn advance(facts: &Facts) -> Result<(), No> {
    let Some(to) = facts.phase.next() else {
        return match facts.pending {
            Some(Pending::Drop) => Ok(()),
            _ => no(
                "retired is the last phase",
                Fix::from("once no program uses the old names, remove what is left with ")
                    .with(Command::forget(&facts.name)),
            ),
        };
    };
    if facts.phase == Phase::Legacy {
        return match facts.pending {
            Some(Pending::Drop) => {
                no("an abort was interrupted", Fix::from("finish it with ").with(Command::ABORT))
            }
            _ => no("the migration has not started", Fix::run(Command::Start)),
        };
    }
    if facts.pending == Some(Pending::CatchUp) {
        // It calls the rollback off.
        return Ok(());
    }
    undrifted(facts)?;
    if to.is_gated() && !facts.backfilled {
        return match &facts.refused_rows {
            Some(problem) => Err(problem.into()),
            None => no("the backfill is not complete", Fix::run(Command::Backfill)),
        };
    }
    if to.is_gated() && to < Phase::Retired && facts.control.postponed {
        return no("the cutover is postponed", postponed());
    }
    Ok(())
}

/// What to do about a postponed cutover.
pub(crate) fn postponed() -> Fix {
    Fix::run(Command::Unpostpone).with(", or first ").with(Command::ADVANCE_WHEN_TOLD)
}

fn rollback(facts: &Facts) -> Result<(), No> {
    if facts.phase == Phase::Retired {
        return no("the old tables are gone", "restore a backup");
    }
    if facts.phase.previous().is_none() {
        return no(
            "there is no phase to roll back to",
            Fix::from(Command::ABORT).with(" leaves the migration"),
        );
    }
    undrifted(facts)
}

fn abort(facts: &Facts) -> Result<(), No> {
    match facts.phase {
        Phase::Retired => no("the old tables are gone", "restore a backup"),
        phase if phase > Phase::ReadNew => no(
            "writes enter the new tables",
            Fix::run(Command::rollback_to(Phase::DualWrite)).with(" first"),
        ),
        // What was changed in the schema is no reason to stay.
        _ => Ok(()),
    }
}

fn backfill(facts: &Facts) -> Result<(), No> {
    let phase = facts.phase;
    if phase.sync() != Some(Direction::Forward) {
        return no(
            format!("in {phase} the new tables are not a mirror, so there is nothing to fill"),
            Fix::look_at(Command::Status),
        );
    }
    // What programs write meanwhile would not reach the rows that are there.
    without(facts, &[Kind::Misfit, Kind::Objects])?;
    match &facts.refused_rows {
        Some(problem) if !facts.backfilled => Err(problem.into()),
        _ => Ok(()),
    }
}

/// Refuses what a rollback that is under way does by itself.
fn not_under_way(facts: &Facts) -> Result<(), No> {
    match facts.pending {
        Some(Pending::CatchUp) => no(
            "a rollback is under way: it brings the old tables up to date and compares every row",
            Fix::from("finish it with ")
                .with(Command::ROLLBACK)
                .with(", or call it off with ")
                .with(Command::ADVANCE),
        ),
        _ => Ok(()),
    }
}

fn verify(facts: &Facts) -> Result<(), No> {
    not_under_way(facts)?;
    match facts.phase {
        Phase::Retired => no(
            "the old tables are gone: there is nothing to compare with",
            Fix::look_at(Command::Status),
        ),
        Phase::Legacy => no("the migration has not started", Fix::look_at(Command::Status)),
        _ => without(facts, &[Kind::Misfit]),
    }
}

fn repair(facts: &Facts) -> Result<(), No> {
    not_under_way(facts)?;
    let phase = facts.phase;
    let frozen = phase == Phase::NewOnly
        && facts.pending.is_none()
        && facts.drift.first(&[Kind::Objects]).is_some();
    if phase.sync().is_none() && !frozen {
        return no(
            format!("in {phase} neither side is a mirror of the other"),
            Fix::look_at(Command::Status),
        );
    }
    without(facts, &[Kind::Misfit])
}

/// No transition is made while it is known that something does not fit. A flag that was left
/// up is put down by the command itself.
fn undrifted(facts: &Facts) -> Result<(), No> {
    if facts.pending == Some(Pending::CatchUp) {
        // What is under way has objects of its own.
        return without(facts, &[Kind::Misfit, Kind::Columns]);
    }
    without(facts, &[Kind::Misfit, Kind::Columns, Kind::Objects])
}

fn without(facts: &Facts, kinds: &[Kind]) -> Result<(), No> {
    match facts.drift.first(kinds) {
        Some(found) => Err(found.into()),
        None => Ok(()),
    }
}

/// What to give next.
fn next(facts: &Facts) -> Option<NextAction> {
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
    if facts.drift.is_any() && permitted(facts, Action::Repair).is_ok() {
        return give(Action::Repair, Because::Drift);
    }
    if facts.missed_writes && permitted(facts, Action::Repair).is_ok() {
        return give(Action::Repair, Because::Differences);
    }
    if !facts.backfilled && phase.sync() == Some(Direction::Forward) {
        return match facts.refused_rows {
            Some(_) => leave(),
            None => give(Action::Backfill, Because::NotFilled),
        };
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
    match (phase.sync(), direction) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Difference;

    fn facts(phase: Phase) -> Facts {
        Facts {
            name: "m".to_owned(),
            phase,
            pending: None,
            backfilled: phase > Phase::Legacy,
            control: Control::default(),
            drift: Drift::default(),
            refused_rows: None,
            found: None,
            missed_writes: false,
            at_work: false,
            waiting: None,
        }
    }

    fn problem(reason: &str) -> Problem {
        Problem::new(reason, "")
    }

    fn found(direction: Direction) -> VerifyReport {
        let example = Difference {
            direction,
            table: String::new(),
            key: serde_json::Value::Null,
            column: None,
            expected: None,
            found: None,
        };
        VerifyReport { missing: 1, examples: vec![example], ..VerifyReport::default() }
    }

    /// Every state that there may be.
    fn all() -> Vec<Facts> {
        let mut all: Vec<Facts> = Phase::ALL.map(facts).to_vec();
        let pending: [_; 4] = [
            (Phase::Legacy, Pending::Drop),
            (Phase::Legacy, Pending::Aborted),
            (Phase::NewOnly, Pending::CatchUp),
            (Phase::Retired, Pending::Drop),
        ];
        let interrupted =
            pending.map(|(phase, pending)| Facts { pending: Some(pending), ..facts(phase) });
        all.extend(interrupted);
        let mut each = |change: &dyn Fn(&Facts) -> Vec<Facts>| {
            let more: Vec<Facts> = all.iter().flat_map(change).collect();
            all.extend(more);
        };
        each(&|facts| {
            [Kind::Misfit, Kind::Columns, Kind::Objects, Kind::Flag]
                .map(|kind| Facts { drift: Drift::of(kind, "drift"), ..facts.clone() })
                .to_vec()
        });
        each(&|facts| {
            if facts.phase.sync() != Some(Direction::Forward) {
                return Vec::new();
            }
            let unfilled = Facts { backfilled: false, ..facts.clone() };
            let refused_rows = Some(problem("rows"));
            vec![unfilled.clone(), Facts { refused_rows, ..unfilled }]
        });
        each(&|facts| {
            Direction::BOTH
                .map(|direction| Facts { found: Some(found(direction)), ..facts.clone() })
                .to_vec()
        });
        each(&|facts| vec![Facts { missed_writes: true, ..facts.clone() }]);
        each(&|facts| {
            [(true, false), (false, true), (true, true)]
                .map(|(paused, postponed)| {
                    let control = Control { paused, postponed, ..Control::default() };
                    Facts { control, ..facts.clone() }
                })
                .to_vec()
        });
        each(&|facts| {
            [None, Some(Waiting::Paused), Some(Waiting::Postponed), Some(Waiting::Hook)]
                .map(|waiting| Facts { at_work: true, waiting, ..facts.clone() })
                .to_vec()
        });
        all
    }

    #[test]
    fn what_is_next_is_permitted_in_every_state() {
        for facts in all() {
            for next in decide(&facts).next {
                assert_eq!(permitted(&facts, next.action), Ok(()), "{next:?} in {facts:?}");
                let to = match next.action {
                    Action::Advance => facts.phase.next().or(Some(facts.phase)),
                    Action::Rollback => facts.phase.previous(),
                    _ => None,
                };
                assert_eq!(next.to, to, "{facts:?}");
            }
        }
    }

    #[test]
    fn nothing_is_both_allowed_and_blocked() {
        for facts in all() {
            let Decision { allowed, blocked, .. } = decide(&facts);
            for Blocked { action, reason, .. } in blocked {
                assert!(!allowed.contains(&action) && !reason.is_empty(), "{facts:?}");
            }
            let known = |action: &str| allowed.iter().any(|allowed| allowed == action);
            if facts.phase <= Phase::ReadNew && facts.pending != Some(Pending::Aborted) {
                assert!(known("abort"), "what was changed is no reason to stay: {facts:?}");
            }
        }
    }

    #[test]
    fn no_transition_is_permitted_while_something_does_not_fit() {
        for kind in [Kind::Misfit, Kind::Columns, Kind::Objects] {
            for phase in [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew, Phase::NewOnly] {
                let facts = Facts { drift: Drift::of(kind, "drift"), ..facts(phase) };
                assert_eq!(permitted(&facts, Action::Advance).unwrap_err().reason, "drift");
                if phase.previous().is_some() {
                    assert_eq!(permitted(&facts, Action::Rollback).unwrap_err().reason, "drift");
                }
            }
        }
    }

    #[test]
    fn a_flag_that_was_left_up_is_repaired_and_no_obstacle() {
        let facts = Facts { drift: Drift::of(Kind::Flag, "up"), ..facts(Phase::WriteNew) };
        assert_eq!(permitted(&facts, Action::Advance), Ok(()));
        assert_eq!(decide(&facts).next[0].action, Action::Repair);
    }

    #[test]
    fn a_postponed_cutover_is_blocked_where_it_would_happen() {
        let blocked = |phase| {
            let control = Control { postponed: true, ..Control::default() };
            permitted(&Facts { control, ..facts(phase) }, Action::Advance).is_err()
        };
        assert_eq!(
            [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew, Phase::NewOnly].map(blocked),
            [false, true, true, false]
        );
    }

    #[test]
    fn what_was_interrupted_is_finished_by_its_own_command() {
        let next = |phase, pending| {
            let facts = Facts { pending: Some(pending), ..facts(phase) };
            decide(&facts).next[0].action
        };
        assert_eq!(next(Phase::Retired, Pending::Drop), Action::Advance);
        assert_eq!(next(Phase::Legacy, Pending::Drop), Action::Abort);
        assert_eq!(next(Phase::NewOnly, Pending::CatchUp), Action::Rollback);
    }

    #[test]
    fn rows_that_the_mirror_cant_hold_are_an_obstacle_and_backfill_is_not_named() {
        let facts = Facts {
            backfilled: false,
            refused_rows: Some(problem("two rows")),
            ..facts(Phase::DualWrite)
        };
        assert_eq!(permitted(&facts, Action::Backfill).unwrap_err().reason, "two rows");
        assert_eq!(decide(&facts).next[0].action, Action::Abort);
    }
}
