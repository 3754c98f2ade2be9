//! Which commands would be accepted, and why the others would not. Pure.

use crate::backend::sqlite::control::Control;
use crate::backend::sqlite::state::{Pending, Record};
use crate::phase::Phase;
use crate::report::{Blocked, Problem};

/// What the gates would say without looking at a row.
pub(crate) fn permitted(
    record: &Record,
    backfilled: bool,
    control: Control,
    uncarried: Option<&Problem>,
) -> (Vec<String>, Vec<Blocked>) {
    let phase = record.phase;
    let mut allowed = Vec::new();
    let mut blocked = Vec::new();
    let mut block = |action: &str, reason: &str, fix: &str| {
        blocked.push(Blocked {
            action: action.to_owned(),
            reason: reason.to_owned(),
            fix: fix.to_owned(),
        });
    };
    match phase.next() {
        None if record.pending == Some(Pending::Drop) => allowed.push("advance".to_owned()),
        None => block("advance", "retired is the last phase", "nothing is left to do"),
        Some(_) if phase == Phase::Legacy && record.pending == Some(Pending::Drop) => {
            block("advance", "an abort was interrupted", "finish it with `cutover abort`");
        }
        Some(_) if phase == Phase::Legacy => {
            block("advance", "the migration has not started", "run `cutover start FILE`");
        }
        Some(next) if next.is_gated() && !backfilled => {
            block("advance", "the backfill is not complete", "run `cutover backfill`");
        }
        Some(_) if record.pending == Some(Pending::CatchUp) => {
            block("advance", "a rollback is under way", "finish it with `cutover rollback`");
        }
        Some(next) if next.is_gated() && next < Phase::Retired && control.postponed => block(
            "advance",
            "the cutover is postponed",
            "run `cutover unpostpone`, or `cutover advance --when-told` and then that",
        ),
        Some(next) => match uncarried {
            Some(found) if next >= Phase::WriteNew => block("advance", &found.reason, &found.fix),
            _ => allowed.push("advance".to_owned()),
        },
    }
    match phase {
        Phase::Retired => block("rollback", "the old tables are gone", "restore a backup"),
        _ if phase.previous().is_none() => {
            block(
                "rollback",
                "there is no phase to roll back to",
                "`cutover abort` leaves the migration",
            );
        }
        _ => allowed.push("rollback".to_owned()),
    }
    if phase <= Phase::ReadNew {
        allowed.push("abort".to_owned());
    } else {
        let (reason, fix) = if phase == Phase::Retired {
            ("the old tables are gone", "restore a backup")
        } else {
            ("writes enter the new tables", "run `cutover rollback --to dual-write` first")
        };
        block("abort", reason, fix);
    }
    (allowed, blocked)
}
