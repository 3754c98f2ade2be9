//! `cutover status`: where a migration stands, and what to type next.

use cli_kit::exit::{Exit, Failure};
use cli_kit::paste::Paste;
use cli_kit::progress::rounded;
use cli_kit::render::{BOLD, DIM, GOOD, WARN, bytes, count, counted, line, next, seconds, shown};
use cutover::Command;
use cutover::{
    ControlStatus, Engine, LastVerification, LeaseHolder, Listed, Phase, RollbackForecast,
    Snapshot, TableStatus, VerifyReport, WorkStatus,
};

use serde::Serialize;

use super::Call;
use super::list::width;
use super::steer::pace;
use super::writers::writers;
use crate::target::Choice;

pub(crate) fn run(call: &Call<Choice>) -> Result<Exit, Failure> {
    let engine = call.open()?;
    let all = engine.list()?;
    if matches!(call.migration, Choice::Only) && all.len() > 1 {
        return several(call, &engine, &all);
    }
    let name = call.migration.pick(&engine)?;
    let status = engine.snapshot(&name)?;
    call.output.result(&status, |paste| render(&status, paste))?;
    Ok(Exit::Done)
}

/// What `--json` prints where the database holds several migrations.
#[derive(Serialize)]
struct Several {
    migrations: Vec<Snapshot>,
}

/// All of them, a line each.
fn several(call: &Call<Choice>, engine: &Engine, all: &[Listed]) -> Result<Exit, Failure> {
    let status = |one: &Listed| engine.snapshot(&one.migration);
    let all = Several { migrations: all.iter().map(status).collect::<Result<_, _>>()? };
    call.output.result(&all, |paste| overview(&all.migrations, paste))?;
    Ok(Exit::Done)
}

fn overview(all: &[Snapshot], paste: &Paste) -> String {
    let mut out = String::new();
    let names = width(all.iter().map(|status| status.migration.as_str()));
    let phases = width(all.iter().map(|status| status.phase.name()));
    let (migration, phase) = ("", "");
    for status in all {
        let drift = match status.drift.len() {
            0 => String::new(),
            _ => format!("  {WARN}drift{WARN:#}"),
        };
        line!(
            out,
            "{BOLD}{:names$}{BOLD:#}  {:phases$}  {DIM}since {}{DIM:#}  backfill {}{drift}",
            status.migration,
            status.phase.name(),
            status.since,
            backfill(status)
        );
        if let Some(under_way) = &status.work {
            line!(out, "{migration:names$}  {phase:phases$}  {}", work(under_way));
        }
    }
    if let Some(lease) = all.iter().find_map(|status| status.lease.as_ref()) {
        line!(out, "operator  {lease}");
    }
    line!(out);
    line!(out, "{BOLD}next{BOLD:#}: look at one of them:");
    for status in all {
        let paste = Paste { migration: Some(status.migration.clone()), ..paste.clone() };
        line!(out, "  {}", paste.typed(&Command::Status));
    }
    out
}

fn render(status: &Snapshot, paste: &Paste) -> String {
    let mut out = String::new();
    line!(
        out,
        "{BOLD}{}{BOLD:#}: {} {DIM}since {}{DIM:#}",
        status.migration,
        status.phase,
        status.since
    );
    line!(out, "{}", phases(status.phase));
    line!(out);
    line!(out, "backfill  {}", backfill(status));
    if let Some(under_way) = &status.work {
        line!(out, "work      {}", work(under_way));
    }
    if let Some(asked) = asked_for(&status.control) {
        line!(out, "{WARN}asked{WARN:#}     {asked}");
    }
    out += &tables(&status.tables);
    for kept in &status.kept {
        line!(
            out,
            "{WARN}kept{WARN:#}      {} of {} in {}",
            counted(kept.rows, "row"),
            kept.table,
            kept.kept_in
        );
    }
    if let Some(last) = &status.verification {
        line!(out, "verified  {}", verified(last));
    }
    line!(out, "writers   {}", writers(status));
    out += &log(status);
    for drift in &status.drift {
        line!(out, "{WARN}drift{WARN:#}     {}", drift.reason);
        line!(out, "            fix: {}", paste.fix(&drift.fix));
    }
    if let Some(lease) = &status.lease {
        line!(out, "operator  {lease}");
    }
    if let Some(gone) = &status.gone {
        line!(out, "{WARN}operator{WARN:#}  {}", left(gone));
    }
    if !status.allowed.is_empty() {
        line!(out, "allowed   {}", status.allowed.join(", "));
    }
    for (i, blocked) in status.blocked.iter().enumerate() {
        let head = if i == 0 { "blocked" } else { "" };
        line!(out, "{head:8}  {}: {}", blocked.action, blocked.reason);
        if !blocked.fix.is_empty() {
            line!(out, "            fix: {}", paste.fix(&blocked.fix));
        }
    }
    if let Some(forecast) = &status.rollback {
        line!(out, "rollback  {}", rollback_forecast(forecast));
    }
    line!(out);
    out += &what_next(status, paste);
    out
}

/// Work under way: how far, how fast, how long still, and why it waits.
pub(crate) fn work(work: &WorkStatus) -> String {
    let mut out = match (work.done * 100).checked_div(work.total) {
        Some(percent) => {
            format!("{}: {} of {} ({percent} %)", work.work, count(work.done), count(work.total))
        }
        None => format!("{}: {}", work.work, count(work.done)),
    };
    if let Some(rate) = work.rows_per_second {
        out += &format!(", {} rows/s", count(rounded(rate)));
    }
    if let Some(eta) = work.eta_seconds {
        out += &format!(", {} to go", seconds(eta));
    }
    if let Some(waiting) = work.waiting {
        out += &format!("; {}", waiting.reason());
    }
    out
}

/// What operators have asked for, and who was the last to, if that is anything.
pub(crate) fn asked_for(control: &ControlStatus) -> Option<String> {
    let mut words = Vec::new();
    if control.paused {
        words.push("paused".to_owned());
    }
    if control.postponed {
        words.push("the cutover is postponed".to_owned());
    }
    words.extend(control.pace.as_ref().map(pace));
    if words.is_empty() {
        return None;
    }
    let by = control.actor.as_ref().map(|actor| format!(" (by {actor})")).unwrap_or_default();
    Some(words.join("; ") + &by)
}

/// What the last verification found.
pub(crate) fn verified(last: &LastVerification) -> String {
    let LastVerification { at, command, report, .. } = last;
    format!("{} at {at} by {command}: {}", counted(report.checked, "row"), found(report))
}

/// How many differences a verification found.
pub(crate) fn found(report: &VerifyReport) -> String {
    match report.differences() {
        0 => "no difference".to_owned(),
        n => counted(n, "difference"),
    }
}

/// What a rollback would take.
pub(crate) fn rollback_forecast(forecast: &RollbackForecast) -> String {
    let RollbackForecast { to, seconds: takes, because, .. } = forecast;
    let takes = match takes {
        Some(takes) if *takes < 0.05 => "at once".to_owned(),
        Some(takes) => format!("about {}", seconds(*takes)),
        None => "not measured yet".to_owned(),
    };
    format!("to {to}: {takes}; {because}")
}

/// Every phase, the present one in brackets and in colour.
fn phases(present: Phase) -> String {
    let names: Vec<_> = shown(present)
        .map(|phase| match phase == present {
            true => format!("{GOOD}[{phase}]{GOOD:#}"),
            false => format!("{DIM}{phase}{DIM:#}"),
        })
        .collect();
    names.join(" → ")
}

/// A log of this size was not begun anew for several of SQLite's own checkpoints, which it
/// makes every 1,000 pages.
pub(crate) const LARGE_LOG_BYTES: u64 = 16 << 20;

/// Whether the write-ahead log has grown large, and why that happens.
fn log(status: &Snapshot) -> String {
    let mut out = String::new();
    if status.wal_pending_bytes >= LARGE_LOG_BYTES {
        line!(
            out,
            "{WARN}log{WARN:#}       {} in the write-ahead log, {} on disk: it can't restart \
             while a program holds a snapshot",
            bytes(status.wal_pending_bytes),
            bytes(status.wal_bytes)
        );
        line!(out, "            fix: end the read transaction that has been open longest");
    }
    out
}

/// How far the backfill is.
pub(crate) fn backfill(status: &Snapshot) -> String {
    let backfill = status.backfill;
    match (backfill.done * 100).checked_div(backfill.total) {
        _ if backfill.complete => "complete".into(),
        Some(percent) => format!(
            "{} of {} rows ({} %)",
            count(backfill.done),
            count(backfill.total),
            percent.min(100)
        ),
        None => "not begun".into(),
    }
}

/// Names, row counts and whether applications may write, in columns.
fn tables(tables: &[TableStatus]) -> String {
    let mut out = String::new();
    let names = tables.iter().map(|t| t.table.chars().count()).max().unwrap_or(0);
    let rows = tables.iter().map(|t| rows_of(t).len()).max().unwrap_or(0);
    for (i, status) in tables.iter().enumerate() {
        let TableStatus { side, table, writable, .. } = status;
        let head = if i == 0 { "tables" } else { "" };
        let writable = if *writable { "takes writes" } else { "refuses writes" };
        line!(out, "{head:8}  {side}  {table:names$}  {:>rows$} rows  {writable}", rows_of(status));
    }
    out
}

/// The rows of a table, as far as they are known.
pub(crate) fn rows_of(table: &TableStatus) -> String {
    let about = if table.estimated { "about " } else { "" };
    format!("{about}{}", count(table.rows))
}

/// An operator whose process is gone.
pub(crate) fn left(gone: &LeaseHolder) -> String {
    let LeaseHolder { actor, host, pid, doing, .. } = gone;
    format!("none: the process of {actor} on {host} (pid {pid}) ended during {doing}")
}

fn what_next(status: &Snapshot, paste: &Paste) -> String {
    if !status.next.is_empty() {
        return next(&status.next, paste);
    }
    let what = match status.phase {
        _ if status.lease.is_some() => "wait until the operator above is done",
        Phase::Retired => "nothing; the migration is over",
        _ => "apply the fix above",
    };
    format!("{BOLD}next{BOLD:#}: {what}\n")
}

#[cfg(test)]
mod tests {
    use cutover::{Command, Fix};

    use super::*;
    use cli_kit::spelling::CUTOVER;
    use cutover::{
        Action, BackfillStatus, Because, Blocked, NextAction, OldSchema, Side, Waiting,
        WriteStatus, Writes,
    };

    fn status() -> Snapshot {
        let table = |side, table: &str, rows, writable| TableStatus {
            side,
            table: table.into(),
            rows,
            estimated: false,
            writable,
        };
        Snapshot {
            version: 1,
            at: "2026-01-02T03:05:05Z".into(),
            database: "app.db".into(),
            migration: "split-address".into(),
            phase: Phase::DualWrite,
            since: "2026-01-02T03:04:05Z".into(),
            hash: "ab".into(),
            phases: vec![],
            backfill: BackfillStatus { complete: false, done: 120_000, total: 1_000_000 },
            work: None,
            control: ControlStatus::default(),
            writes: WriteStatus {
                enter: Writes::Old,
                old_per_second: None,
                new_per_second: None,
                longest_stall_ms: None,
            },
            writers: cutover::Writers { complete: true, ..Default::default() },
            verification: None,
            tables: vec![
                table(Side::Old, "clients", 1_000_000, true),
                table(Side::New, "addresses", 120_000, false),
            ],
            old_schema: OldSchema::Written,
            kept: vec![],
            drift: vec![],
            wal_bytes: 0,
            wal_pending_bytes: 0,
            database_bytes: 1 << 30,
            unused_bytes: 0,
            free_bytes: None,
            lease: None,
            gone: None,
            allowed: vec!["backfill".into(), "abort".into()],
            blocked: vec![Blocked {
                action: "advance".into(),
                reason: "the backfill is not complete".into(),
                fix: Fix::run(Command::Backfill),
            }],
            next: vec![NextAction {
                action: Action::Backfill,
                to: None,
                because: Because::NotFilled,
            }],
            rollback: None,
        }
    }

    #[test]
    fn status_as_text() {
        let paste = Paste { db: Some("app.db".into()), ..Paste::of(&CUTOVER) };
        let text = render(&status(), &paste);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r"
        split-address: dual-write since 2026-01-02T03:04:05Z
        legacy → [dual-write] → read-new → write-new → new-only → retired

        backfill  120,000 of 1,000,000 rows (12 %)
        tables    old  clients    1,000,000 rows  takes writes
                  new  addresses    120,000 rows  refuses writes
        writers   no write to the old tables noted; no other process has the file open
        allowed   backfill, abort
        blocked   advance: the backfill is not complete
                    fix: run `cutover backfill --db app.db`

        next: to fill the new tables:
          cutover backfill --db app.db
        ");
    }

    #[test]
    fn what_is_under_way_and_what_was_asked_for_is_told() {
        let mut status = status();
        status.work = Some(WorkStatus {
            work: "backfill".into(),
            since: String::new(),
            at: String::new(),
            done: 120_000,
            total: 1_000_000,
            rows_per_second: Some(40_000.4),
            eta_seconds: Some(22.0),
            chunk_rows: 80,
            chunk_ms: 2.0,
            waiting: Some(Waiting::Writers),
        });
        status.control.postponed = true;
        status.control.actor = Some("mei".into());
        status.verification = Some(LastVerification {
            at: "2026-01-02T03:05:05Z".into(),
            actor: "mei".into(),
            command: "verify".into(),
            seconds: 2.0,
            report: VerifyReport { checked: 12, missing: 1, ..VerifyReport::default() },
        });
        status.rollback = Some(RollbackForecast {
            to: Phase::DualWrite,
            seconds: Some(0.0),
            rows: 0,
            because: "only the live views change".into(),
        });
        let text = render(&status, &Paste::of(&CUTOVER));
        let text = anstream::adapter::strip_str(&text).to_string();
        for line in [
            "work      backfill: 120,000 of 1,000,000 (12 %), 40,000 rows/s, 22.0 s to go; pauses \
             for programs that write",
            "asked     the cutover is postponed (by mei)",
            "verified  12 rows at 2026-01-02T03:05:05Z by verify: 1 difference",
            "rollback  to dual-write: at once; only the live views change",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
