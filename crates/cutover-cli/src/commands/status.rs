//! `cutover status`: where a migration stands, and what to type next.

use cutover::{Phase, Status, TableStatus};

use super::Call;
use crate::exit::{Exit, Failure};
use crate::paste::Paste;
use crate::render::{BOLD, DIM, GOOD, WARN, bytes, count, counted, line, next};
use crate::target::Choice;

pub(crate) fn run(call: &Call<Choice>) -> Result<Exit, Failure> {
    let engine = call.open()?;
    let name = call.migration.pick(&engine)?;
    let status = engine.status(&name)?;
    call.output.result(&status, |paste| render(&status, paste))?;
    Ok(Exit::Done)
}

fn render(status: &Status, paste: &Paste) -> String {
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
    out += &log(status);
    for drift in &status.drift {
        line!(out, "{WARN}drift{WARN:#}     {}", paste.complete(&drift.reason));
        line!(out, "            fix: {}", paste.complete(&drift.fix));
    }
    if let Some(lease) = &status.lease {
        line!(out, "operator  {lease}");
    }
    if !status.allowed.is_empty() {
        line!(out, "allowed   {}", status.allowed.join(", "));
    }
    for (i, blocked) in status.blocked.iter().enumerate() {
        let head = if i == 0 { "blocked" } else { "" };
        line!(out, "{head:8}  {}: {}", blocked.action, paste.complete(&blocked.reason));
        if !blocked.fix.is_empty() {
            line!(out, "            fix: {}", paste.complete(&blocked.fix));
        }
    }
    line!(out);
    out += &what_next(status, paste);
    out
}

/// Every phase, the present one in brackets and in colour.
fn phases(present: Phase) -> String {
    let names: Vec<_> = Phase::ALL
        .into_iter()
        .map(|phase| match phase == present {
            true => format!("{GOOD}[{phase}]{GOOD:#}"),
            false => format!("{DIM}{phase}{DIM:#}"),
        })
        .collect();
    names.join(" → ")
}

/// A log of this size was not begun anew for several of SQLite's own checkpoints, which it
/// makes every 1,000 pages.
const LARGE_LOG_BYTES: u64 = 16 << 20;

/// Whether the write-ahead log has grown large, and why that happens.
fn log(status: &Status) -> String {
    let mut out = String::new();
    if status.wal_pending_bytes >= LARGE_LOG_BYTES {
        line!(
            out,
            "{WARN}log{WARN:#}       {} in the write-ahead log, {} on disk: it can't begin anew while a \
             program holds a snapshot",
            bytes(status.wal_pending_bytes),
            bytes(status.wal_bytes)
        );
        line!(out, "            fix: end the read transaction that has been open longest");
    }
    out
}

fn backfill(status: &Status) -> String {
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
    let rows = tables.iter().map(|t| count(t.rows).len()).max().unwrap_or(0);
    for (i, TableStatus { side, table, rows: n, writable }) in tables.iter().enumerate() {
        let head = if i == 0 { "tables" } else { "" };
        let writable = if *writable { "takes writes" } else { "refuses writes" };
        line!(out, "{head:8}  {side}  {table:names$}  {:>rows$} rows  {writable}", count(*n));
    }
    out
}

fn what_next(status: &Status, paste: &Paste) -> String {
    if status.lease.is_some() {
        return format!("{BOLD}next{BOLD:#}: wait until the operator above is done\n");
    }
    next(status.phase, status.backfill.complete, paste)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::CUTOVER;
    use cutover::{BackfillStatus, Blocked, Side};

    fn status() -> Status {
        let table = |side, table: &str, rows, writable| TableStatus {
            side,
            table: table.into(),
            rows,
            writable,
        };
        Status {
            migration: "split-address".into(),
            phase: Phase::DualWrite,
            since: "2026-01-02T03:04:05Z".into(),
            hash: "ab".into(),
            backfill: BackfillStatus { complete: false, done: 120_000, total: 1_000_000 },
            tables: vec![
                table(Side::Old, "clients", 1_000_000, true),
                table(Side::New, "addresses", 120_000, false),
            ],
            kept: vec![],
            drift: vec![],
            wal_bytes: 0,
            wal_pending_bytes: 0,
            lease: None,
            allowed: vec!["backfill".into(), "abort".into()],
            blocked: vec![Blocked {
                action: "advance".into(),
                reason: "the backfill is not complete".into(),
                fix: "run `cutover backfill`".into(),
            }],
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
        allowed   backfill, abort
        blocked   advance: the backfill is not complete
                    fix: run `cutover backfill --db app.db`

        next: fill the new tables:
          cutover backfill --db app.db
        ");
    }
}
