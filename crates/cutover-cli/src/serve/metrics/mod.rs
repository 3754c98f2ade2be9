//! `/metrics`: the last look in Prometheus' text format, one unit a name, base units alone.
//!
//! Rates are given as the snapshot has them: how many transactions there were in all is not
//! counted anywhere, so there is no counter to take a rate of.

mod text;

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use cutover::{Phase, Snapshot, Speaks, Waiting, Writers};
use jiff::Timestamp;

use self::text::Text;
use super::api::typed;
use super::dashboard::View;
use super::routes::App;

/// As Prometheus asks for it.
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why work may wait, each a label.
const WAITING: [Waiting; 5] =
    [Waiting::Writers, Waiting::Paused, Waiting::Reader, Waiting::Postponed, Waiting::Hook];

pub(crate) async fn answer(State(app): State<App>) -> Response<Body> {
    let update = app.updates.borrow().clone();
    typed(TYPE, render(&update.view))
}

fn render(view: &View) -> String {
    let mut out = Text::default();
    let up = view.error.is_none() && view.seen.is_some();
    out.gauge("cutover_up", "Whether the last look at the database succeeded.", flag(up));
    out.counter("cutover_looks_total", "Looks at the database so far.", number(view.looks));
    if let Some(snapshot) = &view.seen {
        phase(&mut out, snapshot);
        backfill(&mut out, snapshot);
        work(&mut out, snapshot);
        writes(&mut out, snapshot);
        writers(&mut out, snapshot);
        tables(&mut out, snapshot);
        verification(&mut out, snapshot);
        room(&mut out, snapshot);
    }
    out.done()
}

fn phase(out: &mut Text, seen: &Snapshot) {
    out.family("cutover_migration_info", "The migration, and the hash of its text.", "gauge");
    out.sample(&[("migration", &seen.migration), ("hash", &seen.hash)], 1.0);
    out.family("cutover_phase", "Whether the migration is in this phase.", "gauge");
    for phase in Phase::ALL {
        out.sample(&[("phase", phase.name())], flag(phase == seen.phase));
    }
    out.maybe(
        "cutover_phase_entered_timestamp_seconds",
        "When the phase began.",
        unix(&seen.since),
    );
    out.maybe("cutover_look_timestamp_seconds", "When the last look was.", unix(&seen.at));
    out.gauge("cutover_paused", "Whether work is paused.", flag(seen.control.paused));
    let help = "Whether the cutover is postponed.";
    out.gauge("cutover_postponed", help, flag(seen.control.postponed));
    let help = "Whether an operator holds the lease.";
    out.gauge("cutover_lease_held", help, flag(seen.lease.is_some()));
    let help = "Things in the schema that no longer fit the migration.";
    out.gauge("cutover_drift_problems", help, length(&seen.drift));
    let seconds = seen.rollback.as_ref().and_then(|forecast| forecast.seconds);
    out.maybe(
        "cutover_rollback_estimate_seconds",
        "About how long a rollback would take.",
        seconds,
    );
}

fn backfill(out: &mut Text, seen: &Snapshot) {
    let backfill = seen.backfill;
    let help = "Whether every row of the source has been copied.";
    out.gauge("cutover_backfill_complete", help, flag(backfill.complete));
    out.gauge("cutover_backfill_done_rows", "Source rows passed.", number(backfill.done));
    let help = "Source rows in all.";
    out.gauge("cutover_backfill_expected_rows", help, number(backfill.total));
}

fn work(out: &mut Text, seen: &Snapshot) {
    out.family("cutover_work_active", "Whether long work is under way, and which.", "gauge");
    let Some(work) = &seen.work else {
        return out.sample(&[("work", "none")], 0.0);
    };
    out.sample(&[("work", &work.work)], 1.0);
    out.gauge("cutover_work_done_rows", "Rows that the work has done.", number(work.done));
    out.gauge("cutover_work_expected_rows", "Rows that the work has to do.", number(work.total));
    let rate = work.rows_per_second;
    out.maybe("cutover_work_rows_per_second", "Rows a second over the last few seconds.", rate);
    out.maybe("cutover_work_eta_seconds", "Time left, at that rate.", work.eta_seconds);
    let help = "How long the last chunk held the write lock.";
    out.gauge("cutover_work_chunk_seconds", help, work.chunk_ms / 1000.0);
    out.family("cutover_work_waiting", "Whether the work waits for this.", "gauge");
    for reason in WAITING {
        out.sample(&[("reason", reason.name())], flag(work.waiting == Some(reason)));
    }
}

fn writes(out: &mut Text, seen: &Snapshot) {
    let help = "Programs' transactions a second that reach this schema.";
    out.family("cutover_write_transactions_per_second", help, "gauge");
    for (schema, rate) in [("old", seen.writes.old_per_second), ("new", seen.writes.new_per_second)]
    {
        if let Some(rate) = rate {
            out.sample(&[("schema", schema)], rate);
        }
    }
    let help = "The longest single time that cutover held writers off, in the last minute.";
    let stall = seen.writes.longest_stall_ms.map(|ms| ms / 1000.0);
    out.maybe("cutover_longest_stall_seconds", help, stall);
}

fn writers(out: &mut Text, seen: &Snapshot) {
    let Writers { old, new, processes, complete, clients } = &seen.writers;
    let noted = [("old", &old.last), ("new", &new.last)];
    if noted.iter().any(|(_, last)| last.is_some()) {
        let help = "When programs last wrote to this schema, to the minute.";
        out.family("cutover_last_write_timestamp_seconds", help, "gauge");
        for (schema, last) in noted {
            if let Some(at) = last.as_deref().and_then(unix) {
                out.sample(&[("schema", schema)], at);
            }
        }
    }
    let help = "Other processes that have the database open.";
    out.gauge("cutover_open_processes", help, length(processes));
    let replaced: Vec<_> = processes.iter().filter(|process| process.exe_deleted).collect();
    let help = "Of these, those whose program was replaced since they started.";
    out.gauge("cutover_open_processes_replaced", help, length(&replaced));
    let help = "Whether all processes of this machine can be seen.";
    out.gauge("cutover_open_processes_complete", help, flag(*complete));
    out.family(
        "cutover_clients",
        "Programs that announced themselves, by what they know.",
        "gauge",
    );
    for speaks in [Speaks::Old, Speaks::New, Speaks::Both] {
        let known: Vec<_> = clients.iter().filter(|client| client.speaks == speaks).collect();
        out.sample(&[("speaks", speaks.name())], length(&known));
    }
}

fn tables(out: &mut Text, seen: &Snapshot) {
    out.family("cutover_table_rows", "Rows of a table.", "gauge");
    for table in &seen.tables {
        let labels = [("schema", table.side.name()), ("table", table.table.as_str())];
        out.sample(&labels, number(table.rows));
    }
    out.family("cutover_table_writable", "Whether programs may write the table.", "gauge");
    for table in &seen.tables {
        let labels = [("schema", table.side.name()), ("table", table.table.as_str())];
        out.sample(&labels, flag(table.writable));
    }
    if !seen.kept.is_empty() {
        let help = "Rows set aside because the other schema can't hold them.";
        out.family("cutover_kept_rows", help, "gauge");
        for kept in &seen.kept {
            let labels = [("table", kept.table.as_str()), ("kept_in", kept.kept_in.as_str())];
            out.sample(&labels, number(kept.rows));
        }
    }
}

fn verification(out: &mut Text, seen: &Snapshot) {
    let Some(last) = &seen.verification else { return };
    let help = "When the last verification ended.";
    out.maybe("cutover_verification_timestamp_seconds", help, unix(&last.at));
    out.gauge("cutover_verification_duration_seconds", "How long it took.", last.seconds);
    let help = "Rows that it compared, both ways.";
    out.gauge("cutover_verification_checked_rows", help, number(last.report.checked));
    out.family("cutover_verification_differences", "Differences that it found.", "gauge");
    let report = &last.report;
    for (kind, rows) in
        [("missing", report.missing), ("extra", report.extra), ("different", report.different)]
    {
        out.sample(&[("kind", kind)], number(rows));
    }
}

fn room(out: &mut Text, seen: &Snapshot) {
    out.gauge("cutover_wal_bytes", "The write-ahead log's file.", number(seen.wal_bytes));
    let help = "The part of the log that is still needed.";
    out.gauge("cutover_wal_pending_bytes", help, number(seen.wal_pending_bytes));
    let help = "The database, with what is still in the log.";
    out.gauge("cutover_database_bytes", help, number(seen.database_bytes));
    let help = "Free space in the database, which SQLite reuses before the file grows.";
    out.gauge("cutover_database_unused_bytes", help, number(seen.unused_bytes));
    let help = "Free space on the database's disk.";
    out.maybe("cutover_disk_free_bytes", help, seen.free_bytes.map(number));
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' values are 64-bit floats")]
fn number(n: u64) -> f64 {
    n as f64
}

fn length<T>(list: &[T]) -> f64 {
    number(u64::try_from(list.len()).unwrap_or(u64::MAX))
}

/// A moment as seconds since 1970.
fn unix(at: &str) -> Option<f64> {
    let at: Timestamp = at.parse().ok()?;
    Some(at.as_duration().as_secs_f64())
}
