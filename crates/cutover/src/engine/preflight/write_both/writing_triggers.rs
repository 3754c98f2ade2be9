//! The application's triggers that write to a table of the migration. They fire for the sync's
//! writes too, so their effect would come twice: once by themselves, and once as the image of
//! what they did on the other side.

use crate::engine::preflight::trigger_effects::ways;
use crate::model::build::Model;
use crate::phase::Phase;
use crate::report::Problem;
use crate::schema::AppTrigger;

pub(super) fn writing_back(model: &Model, triggers: &[AppTrigger]) -> Vec<Problem> {
    let tables = || model.old_tables().chain(model.new_tables());
    let kept_in_step = |name: &str| tables().any(|table| table.name.eq_ignore_ascii_case(name));
    let mut problems = Vec::new();
    for table in tables() {
        problems.extend(ways(triggers, &table.name, &kept_in_step).into_iter().map(|way| {
            Problem::new(
                format!(
                    "the application's trigger {} on {} writes to {}, which the migration keeps in step \
                     itself",
                    way.triggers.join(", over "),
                    table.known_as,
                    way.to
                ),
                format!(
                    "move what the trigger does into the application, or go without {}",
                    Phase::WriteBoth
                ),
            )
        }));
    }
    problems
}
