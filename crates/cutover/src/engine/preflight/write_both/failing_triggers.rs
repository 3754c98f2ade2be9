//! The application's triggers that refuse with `RAISE(FAIL)`.
//!
//! FAIL keeps what the statement did until then. That is half of a write that reached the other
//! side, and the flag by which the sync knows its own writes.

use crate::engine::preflight::trigger_effects::fired_by_writes_to;
use crate::model::build::Model;
use crate::phase::Phase;
use crate::report::Problem;
use crate::schema::AppTrigger;

/// Those that a write to a table of either side fires, over other triggers too.
pub(super) fn failing_half_way(model: &Model, triggers: &[AppTrigger]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for table in model.old_tables().chain(model.new_tables()) {
        let fired = fired_by_writes_to(triggers, &table.name);
        for trigger in fired.into_iter().filter(|trigger| trigger.raises_fail()) {
            let problem = Problem::new(
                format!(
                    "the trigger {}, which a write to {} fires, refuses with RAISE(FAIL): that keeps \
                     half of a write that is brought to the other side",
                    trigger.name, table.known_as
                ),
                format!("change it to RAISE(ABORT), or go without {}", Phase::WriteBoth),
            );
            problems.push(problem);
        }
    }
    problems
}
