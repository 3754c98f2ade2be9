use super::{Decision, Facts, OldPrograms, Step, decide, permitted};
use crate::backend::sqlite::clients::Announced;
use crate::backend::sqlite::control::Control;
use crate::backend::sqlite::state::Pending;
use crate::engine::observe::drift::{Drift, Kind};
use crate::phase::{Direction, Phase};
use crate::report::{Action, Because, Blocked, Difference, Problem, Speaks, VerifyReport, Waiting};

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
        old_programs: OldPrograms::default(),
        step: None,
        at_work: false,
        waiting: None,
    }
}

fn old_client() -> Announced {
    let (client, version) = ("agent".to_owned(), "1".to_owned());
    Announced { client, version, speaks: Speaks::Old, pid: None, seen: 0 }
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
        if facts.phase.judged() != Some(Direction::Forward) {
            return Vec::new();
        }
        let unfilled = Facts { backfilled: false, ..facts.clone() };
        let refused =
            |facts: &Facts| Facts { refused_rows: Some(problem("rows")), ..facts.clone() };
        vec![unfilled.clone(), refused(&unfilled), refused(facts)]
    });
    each(&|facts| {
        Direction::BOTH
            .map(|direction| Facts { found: Some(found(direction)), ..facts.clone() })
            .to_vec()
    });
    each(&|facts| vec![Facts { missed_writes: true, ..facts.clone() }]);
    each(&|facts| {
        let mut drift = facts.drift.clone();
        drift.write_both = facts.phase == Phase::ReadNew;
        let written = OldPrograms { last_write: Some(0), ..OldPrograms::default() };
        let open = OldPrograms { clients: vec![old_client()], ..OldPrograms::default() };
        vec![
            Facts { old_programs: written, ..facts.clone() },
            Facts { old_programs: open.clone(), ..facts.clone() },
            Facts { old_programs: open, drift, ..facts.clone() },
        ]
    });
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
            let step = |to| Step { from: facts.phase, to, quiet_for: None };
            let given = Facts { step: next.to.map(step), ..facts.clone() };
            assert_eq!(permitted(&given, next.action), Ok(()), "{next:?} in {facts:?}");
            let to = match next.action {
                _ if next.because == Because::BothCanWrite => Some(Phase::WriteBoth),
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
        use Phase::{DualWrite, NewOnly, ReadNew, WriteBoth, WriteNew};
        for phase in [DualWrite, ReadNew, WriteBoth, WriteNew, NewOnly] {
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
        [Phase::DualWrite, Phase::ReadNew, Phase::WriteBoth, Phase::WriteNew, Phase::NewOnly]
            .map(blocked),
        [false, true, true, true, false]
    );
}

#[test]
fn write_both_is_offered_beside_write_new_where_it_is_possible() {
    let next = |phase, write_both| {
        let mut drift = Drift::default();
        drift.write_both = write_both;
        let next = decide(&Facts { drift, ..facts(phase) }).next;
        next.iter().map(|next| next.command().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(next(Phase::ReadNew, true), ["advance", "advance --to write-both"]);
    assert_eq!(next(Phase::ReadNew, false), ["advance"]);
    assert_eq!(next(Phase::WriteBoth, false), ["advance"]);
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
fn rows_that_the_mirror_cant_hold_are_an_obstacle_and_no_command_that_meets_them_is_named() {
    for backfilled in [false, true] {
        for missed_writes in [false, true] {
            let refused_rows = Some(problem("two rows"));
            let facts = Facts { backfilled, missed_writes, refused_rows, ..facts(Phase::ReadNew) };
            for action in [Action::Backfill, Action::Repair, Action::Advance] {
                assert_eq!(permitted(&facts, action).unwrap_err().reason, "two rows");
            }
            assert_eq!(decide(&facts).next[0].action, Action::Abort);
        }
    }
}

#[test]
fn old_programs_that_are_there_are_waited_for() {
    let next = |phase, write_both, old_programs| {
        let mut drift = Drift::default();
        drift.write_both = write_both;
        let facts = Facts { drift, old_programs, ..facts(phase) };
        let Decision { allowed, blocked, next } = decide(&facts);
        let advance = "advance".to_owned();
        assert_ne!(allowed.contains(&advance), blocked.iter().any(|it| it.action == advance));
        let next: Vec<_> = next.iter().map(|next| next.command().to_string()).collect();
        (allowed.contains(&advance), next)
    };
    let open = || OldPrograms { clients: vec![old_client()], ..OldPrograms::default() };
    let written = || OldPrograms { last_write: Some(0), ..OldPrograms::default() };
    let none = || (false, Vec::<String>::new());
    assert_eq!(next(Phase::WriteBoth, false, open()), none());
    assert_eq!(next(Phase::WriteBoth, false, written()), none());
    assert_eq!(next(Phase::ReadNew, false, open()), none());
    assert_eq!(next(Phase::ReadNew, true, open()), (false, vec!["advance --to write-both".into()]));
    assert_eq!(next(Phase::ReadNew, false, written()), (true, vec!["advance".into()]));
    assert_eq!(next(Phase::DualWrite, false, open()), (true, vec!["advance".into()]));
    assert_eq!(next(Phase::NewOnly, false, open()), none());
}
