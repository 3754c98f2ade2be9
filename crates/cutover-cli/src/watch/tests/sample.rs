//! Made-up sights.

use std::sync::Arc;

use cli_kit::paste::Paste;
use cli_kit::spelling::CUTOVER;
use cutover::{
    BackfillStatus, Blocked, ControlStatus, Difference, Direction, JournalEntry, LastVerification,
    LastWrite, LeaseHolder, OldSchema, OpenProcess, Phase, RollbackForecast, Side, Snapshot,
    TableStatus, VerifyReport, Waiting, WorkStatus, WriteStatus, Writers,
};
use cutover::{Command, Fix};

use crate::monitor::poller::Point;
use crate::watch::view::{Sight, Theme};

const AT: &str = "2026-01-02T03:05:05Z";

fn table(side: Side, table: &str, rows: u64, writable: bool) -> TableStatus {
    TableStatus { side, table: table.into(), rows, estimated: false, writable }
}

fn blocked(action: &str, reason: &str, fix: Fix) -> Blocked {
    Blocked { action: action.into(), reason: reason.into(), fix }
}

fn entry(id: i64, event: &str, before: Phase, after: Phase) -> JournalEntry {
    JournalEntry {
        id,
        migration: "split-address".into(),
        at: format!("2026-01-02T03:04:{:02}Z", id % 60),
        actor: "mei".into(),
        event: event.into(),
        before,
        after,
        detail: serde_json::json!({"held_ms": 1.5}),
    }
}

fn writers() -> Writers {
    let process = OpenProcess {
        pid: 4712,
        command: "agent --db app.db".into(),
        exe_deleted: true,
        started: Some("2026-01-01T03:05:05Z".into()),
        holds: None,
    };
    let old = LastWrite { last: Some("2026-01-02T03:05:00Z".into()), ..LastWrite::default() };
    Writers { old, processes: vec![process], complete: true, ..Writers::default() }
}

/// A migration in `phase` at which nobody works.
pub(super) fn still(phase: Phase) -> Snapshot {
    let forward = phase <= Phase::ReadNew;
    Snapshot {
        version: 1,
        at: AT.into(),
        database: "app.db".into(),
        migration: "split-address".into(),
        phase,
        since: "2026-01-02T03:01:05Z".into(),
        hash: "ab".into(),
        phases: vec![],
        backfill: BackfillStatus { complete: true, done: 1_000_000, total: 1_000_000 },
        work: None,
        control: ControlStatus::default(),
        writes: WriteStatus {
            enter: phase.writes(),
            old_per_second: Some(212.0),
            new_per_second: Some(212.0),
            longest_stall_ms: Some(3.1),
        },
        writers: writers(),
        verification: None,
        tables: vec![
            table(Side::Old, "clients", 1_000_000, forward),
            table(Side::New, "customers", 1_000_000, !forward),
            table(Side::New, "addresses", 1_000_000, !forward),
        ],
        old_schema: if forward { OldSchema::Written } else { OldSchema::Mirror },
        kept: vec![],
        drift: vec![],
        wal_bytes: 4 << 20,
        wal_pending_bytes: 0,
        database_bytes: 1 << 30,
        unused_bytes: 0,
        free_bytes: Some(20 << 30),
        lease: None,
        gone: None,
        next: vec![],
        allowed: vec!["advance".into(), "rollback".into(), "verify".into()],
        blocked: vec![],
        rollback: phase.previous().filter(|to| *to > Phase::Legacy).map(|to| RollbackForecast {
            to,
            seconds: Some(0.0),
            rows: 0,
            because: "only the live views change".into(),
        }),
    }
}

/// A backfill under way that was paused, in `dual-write`.
pub(super) fn filling() -> Snapshot {
    let mut seen = still(Phase::DualWrite);
    seen.backfill = BackfillStatus { complete: false, done: 450_000, total: 1_000_000 };
    seen.work = Some(WorkStatus {
        work: "backfill".into(),
        since: "2026-01-02T03:04:50Z".into(),
        at: AT.into(),
        done: 450_000,
        total: 1_000_000,
        rows_per_second: Some(40_000.4),
        eta_seconds: Some(13.75),
        chunk_rows: 80,
        chunk_ms: 2.0,
        waiting: Some(Waiting::Writers),
    });
    seen.lease = Some(LeaseHolder {
        actor: "mei".into(),
        host: "db1".into(),
        pid: 4711,
        doing: "backfill".into(),
        expires: AT.into(),
    });
    seen.allowed = vec!["abort".into(), "backfill".into(), "verify".into()];
    seen.blocked = vec![
        blocked("advance", "the backfill is not complete", Fix::run(Command::Backfill)),
        blocked(
            "rollback",
            "there is no phase to roll back to",
            Fix::from(Command::ABORT).with(" leaves it"),
        ),
    ];
    seen
}

/// In `write-new`, with a verification that found something.
pub(super) fn differing() -> Snapshot {
    let mut seen = still(Phase::WriteNew);
    seen.verification = Some(LastVerification {
        at: "2026-01-02T03:04:59.123Z".into(),
        actor: "mei".into(),
        command: "verify".into(),
        seconds: 2.0,
        report: VerifyReport {
            ok: false,
            checked: 3_000_000,
            different: 1,
            examples: vec![difference()],
            ..VerifyReport::default()
        },
    });
    seen.control.postponed = true;
    seen.control.actor = Some("mei".into());
    seen.blocked =
        vec![blocked("advance", "the cutover is postponed", Fix::run(Command::Unpostpone))];
    seen.allowed = vec!["rollback".into(), "verify".into(), "repair".into()];
    seen
}

pub(super) fn difference() -> Difference {
    Difference {
        direction: Direction::Backward,
        table: "clients".into(),
        key: serde_json::json!({"id": 7}),
        column: Some("zip".into()),
        expected: Some("'007'".into()),
        found: Some("7".into()),
    }
}

/// What is drawn from it, with five minutes of points and a few lines of the journal.
pub(super) fn sight(snapshot: Snapshot) -> Sight {
    let point = |second: u32| Point {
        at: String::new(),
        old_per_second: Some(f64::from(200 + second % 40)),
        new_per_second: (second > 60).then(|| f64::from(second % 120)),
        longest_stall_ms: (second > 30).then(|| f64::from(second / 60) + 0.5),
        rows_per_second: None,
        wal_bytes: 0,
    };
    let mut journal = vec![entry(1, "start", Phase::Legacy, Phase::DualWrite)];
    journal.extend((2..8).map(|id| entry(id, "pause", Phase::DualWrite, Phase::DualWrite)));
    Sight {
        snapshot: Arc::new(snapshot),
        error: None,
        points: (0..300).map(point).collect(),
        journal: Arc::new(journal),
        under_way: None,
        paste: Paste { db: Some("app.db".into()), ..Paste::of(&CUTOVER) },
        theme: Theme { colour: true },
    }
}
