//! Which commands are allowed, blocked and next.

use super::facts::Facts;
use super::next::next;
use super::permitted::permitted;
use crate::phase::Direction;
use crate::report::{Action, Blocked, NextAction, Problem};

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
            Err(Problem { reason, fix, .. }) if is_told(facts, action) => {
                blocked.push(Blocked { action: action.name().to_owned(), reason, fix });
            }
            Err(_) => {}
        }
    }
    Decision { allowed, blocked, next: next(facts) }
}

/// Whether it is worth telling why a command would be refused: of work that no phase has use
/// for nobody asks.
fn is_told(facts: &Facts, action: Action) -> bool {
    match action {
        Action::Backfill => facts.phase.judged() == Some(Direction::Forward),
        Action::Verify | Action::Repair => facts.phase.sync().is_some(),
        _ => true,
    }
}
