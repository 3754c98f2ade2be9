//! Whether a command would be accepted, and why not.

use super::facts::Facts;
use super::old_programs::Step;
use crate::backend::sqlite::state::Pending;
use crate::engine::observe::drift::Kind;
use crate::phase::{Direction, Phase};
use crate::report::{Action, Command, Fix, Problem};

fn no(reason: impl Into<String>, fix: impl Into<Fix>) -> Result<(), Problem> {
    Err(Problem::new(reason, fix))
}

/// Whether a command would be accepted, as far as that can be told without looking at every
/// row.
pub(crate) fn permitted(facts: &Facts, action: Action) -> Result<(), Problem> {
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

fn advance(facts: &Facts) -> Result<(), Problem> {
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
    if to.is_gated() || facts.backfilled {
        held(facts)?;
    }
    if to.is_gated() && !facts.backfilled {
        return no("the backfill is not complete", Fix::run(Command::Backfill));
    }
    if to.is_gated() && to < Phase::Retired && facts.control.postponed {
        return no("the cutover is postponed", postponed());
    }
    let step = facts.step.unwrap_or(Step { from: facts.phase, to, quiet_for: None });
    facts.old_programs.refuse(step, facts.drift.write_both)
}

/// What to do about a postponed cutover.
pub(crate) fn postponed() -> Fix {
    Fix::run(Command::Unpostpone).with(", or first ").with(Command::ADVANCE_WHEN_TOLD)
}

fn rollback(facts: &Facts) -> Result<(), Problem> {
    if facts.phase == Phase::Retired {
        return no("the old tables are gone: retiring cannot be undone", "restore a backup");
    }
    if facts.phase.previous().is_none() {
        return no(
            "there is no phase to roll back to",
            Fix::from(Command::ABORT).with(" leaves the migration"),
        );
    }
    undrifted(facts)
}

fn abort(facts: &Facts) -> Result<(), Problem> {
    match facts.phase {
        Phase::Retired => {
            no("the old tables are gone: retiring cannot be undone", "restore a backup")
        }
        phase if phase > Phase::ReadNew => no(
            "writes enter the new tables",
            Fix::run(Command::rollback_to(Phase::DualWrite)).with(" first"),
        ),
        // What was changed in the schema is no reason to stay.
        _ => Ok(()),
    }
}

fn backfill(facts: &Facts) -> Result<(), Problem> {
    let phase = facts.phase;
    if phase.judged() != Some(Direction::Forward) {
        return no(
            format!("in {phase} the new tables are not a mirror, so there is nothing to fill"),
            Fix::look_at(Command::Status),
        );
    }
    without(facts, &[Kind::Misfit])?;
    // Before what a repair would do, which would meet the same rows.
    held(facts)?;
    // What programs write meanwhile would not reach the rows that are there.
    without(facts, &[Kind::Objects])
}

/// Refuses what would meet rows that the new tables can't hold.
fn held(facts: &Facts) -> Result<(), Problem> {
    match &facts.refused_rows {
        Some(problem) => Err(problem.clone()),
        None => Ok(()),
    }
}

/// Refuses what a rollback that is under way does by itself.
fn not_under_way(facts: &Facts) -> Result<(), Problem> {
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

fn verify(facts: &Facts) -> Result<(), Problem> {
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

fn repair(facts: &Facts) -> Result<(), Problem> {
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
    without(facts, &[Kind::Misfit])?;
    held(facts)
}

/// No transition is made while it is known that something does not fit. A flag that was left
/// up is put down by the command itself.
fn undrifted(facts: &Facts) -> Result<(), Problem> {
    if facts.pending == Some(Pending::CatchUp) {
        // What is under way has objects of its own.
        return without(facts, &[Kind::Misfit, Kind::Columns]);
    }
    without(facts, &[Kind::Misfit, Kind::Columns, Kind::Objects])
}

fn without(facts: &Facts, kinds: &[Kind]) -> Result<(), Problem> {
    match facts.drift.first(kinds) {
        Some(found) => Err(found.clone()),
        None => Ok(()),
    }
}
