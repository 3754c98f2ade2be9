//! Whether the programs that know only the old tables are gone, as far as that is known. It is
//! evidence: what refuses late writes is the old tables' own guards.

use std::time::Duration;

use crate::backend::sqlite::clients::{Announced, GOOD_FOR};
use crate::clock;
use crate::phase::{Phase, Side};
use crate::report::{Command, Fix, LastWrite, Problem, Speaks};

/// How long the old tables must have been quiet where they stop taking writes that they took
/// beside the new ones: longer than an old program that only polls once in a while.
pub(crate) const QUIET_FOR: Duration = Duration::from_secs(600);

/// Clients that are named in a refusal.
const NAMED: usize = 4;

/// What is known of old programs at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OldPrograms {
    /// When a write to the old tables was noted last, in seconds since 1970.
    pub(crate) last_write: Option<i64>,
    /// Who announced itself, and is in time.
    pub(crate) clients: Vec<Announced>,
    /// The moment, in seconds since 1970.
    pub(crate) now: i64,
}

/// A step that old programs may be in the way of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Phase,
    pub(crate) to: Phase,
    /// How long the old tables must have been quiet, where that was said.
    pub(crate) quiet_for: Option<Duration>,
}

impl OldPrograms {
    /// Refuses a step while old programs are known to be there. `write_both` says whether that
    /// phase is possible.
    pub(crate) fn refuse(&self, step: Step, write_both: bool) -> Result<(), Problem> {
        self.refuse_clients(step, write_both)?;
        let from_both = step.from == Phase::WriteBoth && step.to == Phase::WriteNew;
        let quiet_for = step.quiet_for.or_else(|| from_both.then_some(QUIET_FOR));
        quiet_for.map_or(Ok(()), |quiet_for| self.refuse_unquiet(quiet_for))
    }

    fn refuse_clients(&self, step: Step, write_both: bool) -> Result<(), Problem> {
        if step.to.writes().enter(Side::Old) {
            return Ok(());
        }
        let old = || self.clients.iter().filter(|client| client.speaks == Speaks::Old);
        let Some(last) = old().map(|client| client.seen).max() else { return Ok(()) };
        let named = old().take(NAMED).map(|client| format!("{} {}", client.client, client.version));
        let mut names: Vec<String> = named.collect();
        if let more @ 1.. = old().count().saturating_sub(NAMED) {
            names.push(format!("{more} more"));
        }
        let (says, it, its) = match old().count() {
            1 => ("it knows", "it", "its row"),
            _ => ("they know", "them", "their rows"),
        };
        let mut fix = Fix::from(format!(
            "stop {it} and delete {its} in `_cutover_clients`, or wait until {}",
            clock::rfc3339_s(last.saturating_add(GOOD_FOR))
        ));
        if step.from == Phase::ReadNew && write_both {
            fix = fix
                .with("; ")
                .with(Command::advance_to(Phase::WriteBoth))
                .with(format!(" lets {it} write on beside new programs"));
        }
        let reason = format!("{} announced that {says} only the old tables", names.join(", "));
        Err(Problem::new(reason, fix))
    }

    fn refuse_unquiet(&self, quiet_for: Duration) -> Result<(), Problem> {
        let Some(last) = self.last_write.filter(|_| !quiet_for.is_zero()) else { return Ok(()) };
        // Until so long after the note there may have been writes that were not noted.
        let seconds = i64::try_from(quiet_for.as_secs()).unwrap_or(i64::MAX);
        let until =
            last.saturating_add(i64::from(LastWrite::RESOLUTION_SECONDS)).saturating_add(seconds);
        if self.now >= until {
            return Ok(());
        }
        let reason = format!(
            "the old tables were last written in the minute after {}, and must be quiet for {}",
            clock::rfc3339_s(last),
            spelled(quiet_for.as_secs())
        );
        let fix = format!(
            "wait until {}, or go on now with `--quiet-for 0`: old programs that still write are \
             then refused",
            clock::rfc3339_s(until)
        );
        Err(Problem::new(reason, fix))
    }
}

/// Seconds in the largest unit that says them exactly.
fn spelled(seconds: u64) -> String {
    match seconds {
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_355_200;

    fn step(from: Phase, to: Phase) -> Step {
        Step { from, to, quiet_for: None }
    }

    fn refused(programs: &OldPrograms, step: Step) -> String {
        let text = |problem: Problem| {
            format!("{}; {}", problem.reason, problem.fix.spelled(ToString::to_string))
        };
        programs.refuse(step, true).map_or_else(text, |()| String::new())
    }

    #[test]
    fn old_tables_that_are_not_quiet_hold_back_the_step_out_of_write_both_and_those_that_ask() {
        use Phase::{DualWrite, NewOnly, ReadNew, Retired, WriteBoth, WriteNew};
        let at =
            |seconds| OldPrograms { last_write: Some(NOON), now: NOON + seconds, clients: vec![] };
        let out = step(WriteBoth, WriteNew);
        assert_eq!(
            refused(&at(1), out),
            "the old tables were last written in the minute after 2026-01-02T12:00:00Z, and must \
             be quiet for 10 min; wait until 2026-01-02T12:11:00Z, or go on now with \
             `--quiet-for 0`: old programs that still write are then refused"
        );
        assert!(!refused(&at(659), out).is_empty());
        assert_eq!(refused(&at(660), out), "");
        // A clock that was set back.
        assert!(!refused(&at(-7200), out).is_empty());
        assert_eq!(refused(&OldPrograms { last_write: None, ..at(1) }, out), "");
        assert_eq!(refused(&at(1), Step { quiet_for: Some(Duration::ZERO), ..out }), "");
        let steps = [
            (DualWrite, ReadNew),
            (ReadNew, WriteBoth),
            (ReadNew, WriteNew),
            (WriteNew, NewOnly),
            (NewOnly, Retired),
        ];
        for (from, to) in steps {
            assert_eq!(refused(&at(1), step(from, to)), "", "{from} to {to}");
            let asks = Step { quiet_for: Some(Duration::from_secs(90)), ..step(from, to) };
            assert!(refused(&at(149), asks).contains("quiet for 90 s"), "{from} to {to}");
            assert_eq!(refused(&at(150), asks), "", "{from} to {to}");
        }
    }

    #[test]
    fn clients_that_know_only_the_old_tables_are_named_where_these_stop_taking_writes() {
        use Phase::{DualWrite, NewOnly, ReadNew, Retired, WriteBoth, WriteNew};
        let client = |name: &str, speaks, seen| Announced {
            client: name.into(),
            version: "1.4".into(),
            speaks,
            pid: None,
            seen,
        };
        let mut programs = OldPrograms {
            last_write: None,
            now: NOON,
            clients: vec![client("a", Speaks::Old, NOON - 60), client("b", Speaks::Both, NOON)],
        };
        assert_eq!(
            refused(&programs, step(ReadNew, WriteNew)),
            "a 1.4 announced that it knows only the old tables; stop it and delete its \
             row in `_cutover_clients`, or wait until 2026-01-02T12:09:00Z; advance --to \
             write-both lets it write on beside new programs"
        );
        for (from, to, refuses) in [
            (DualWrite, ReadNew, false),
            (ReadNew, WriteBoth, false),
            (WriteBoth, WriteNew, true),
            (WriteNew, NewOnly, true),
            (NewOnly, Retired, true),
        ] {
            assert_eq!(!refused(&programs, step(from, to)).is_empty(), refuses, "{from} to {to}");
        }
        programs.clients.extend(["c", "d", "e", "f"].map(|name| client(name, Speaks::Old, NOON)));
        let text = refused(&programs, step(WriteBoth, WriteNew));
        assert!(
            text.starts_with("a 1.4, c 1.4, d 1.4, e 1.4, 1 more announced that they know only "),
            "{text}"
        );
        programs.clients.retain(|client| client.speaks != Speaks::Old);
        assert_eq!(refused(&programs, step(NewOnly, Retired)), "");
    }
}
