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
    if record.pending == Some(Pending::Aborted) {
        let fix = format!(
            "begin again with `cutover start FILE`, or remove what is left with `cutover forget {}`",
            record.name
        );
        for action in ["advance", "rollback", "abort"] {
            block(action, "the migration was aborted", &fix);
        }
        return (allowed, blocked);
    }
    match phase.next() {
        None if record.pending == Some(Pending::Drop) => allowed.push("advance".to_owned()),
        None => block(
            "advance",
            "retired is the last phase",
            &format!(
                "once no program uses the old names, remove what is left with `cutover forget {}`",
                record.name
            ),
        ),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(phase: Phase, pending: Option<Pending>) -> Record {
        let none = String::new;
        Record { id: 1, name: none(), text: none(), hash: none(), phase, since: none(), pending }
    }

    /// Why `advance` would be refused, if it would.
    fn obstacle(record: &Record, control: Control, uncarried: Option<&Problem>) -> Option<String> {
        let (allowed, blocked) = permitted(record, true, control, uncarried);
        let found = blocked.into_iter().find(|blocked| blocked.action == "advance");
        assert_ne!(allowed.iter().any(|action| action == "advance"), found.is_some());
        found.map(|blocked| blocked.reason)
    }

    #[test]
    fn a_postponed_cutover_is_blocked_where_it_would_happen() {
        let postponed = Control { postponed: true, ..Control::default() };
        let blocked = |phase| obstacle(&record(phase, None), postponed, None).is_some();
        assert_eq!(
            [Phase::DualWrite, Phase::ReadNew, Phase::WriteNew, Phase::NewOnly].map(blocked),
            [false, true, true, false]
        );
    }

    #[test]
    fn what_is_not_carried_is_an_obstacle_from_write_new_on() {
        let added =
            Problem { line: None, column: None, reason: "added".to_owned(), fix: String::new() };
        let why = |phase| obstacle(&record(phase, None), Control::default(), Some(&added));
        assert_eq!(why(Phase::DualWrite), None);
        assert_eq!(why(Phase::ReadNew).as_deref(), Some("added"));
    }

    #[test]
    fn what_was_interrupted_is_finished_by_its_own_command() {
        let why = |phase, pending| obstacle(&record(phase, pending), Control::default(), None);
        assert_eq!(why(Phase::Retired, Some(Pending::Drop)), None);
        assert!(why(Phase::Retired, None).is_some());
        assert!(why(Phase::Legacy, Some(Pending::Drop)).unwrap().contains("abort"));
        assert!(why(Phase::NewOnly, Some(Pending::CatchUp)).unwrap().contains("rollback"));
    }
}
