//! The backfill, beside one INSERT … SELECT offline: alone, and beside programs that write. They
//! are processes of their own and wait with SQLite's `busy_timeout`. And a rollback that catches
//! up, beside the same.

use std::path::Path;
use std::time::{Duration, Instant};

use cutover::{AdvanceOptions, Engine, Pace, Phase, Silent, StartOptions};

use benches::database::{Result, connect, copy, engine, legacy, migration, remove};
use benches::offline::Offline;
use benches::program::{Felt, Kind, Programs, now};
use benches::report::{Aimed, Report};
use benches::stats::median;

const NAME: &str = consensus_store::MIGRATION_NAME;

/// Who writes beside the work.
#[derive(Clone, Copy)]
struct Beside {
    name: &'static str,
    kind: Kind,
    number: usize,
    every_us: u64,
    pace: Pace,
    aims: Aims,
}

#[derive(Clone, Copy, Default)]
struct Aims {
    rate: f64,
    p99: f64,
    worst: f64,
    failed: f64,
}

/// 8 programs at 180 transactions a second in all: each begins one every 44 ms.
const PROGRAMS: [Beside; 4] = [
    Beside {
        name: "beside 200 writes/s",
        kind: Kind::Artifact,
        number: 1,
        every_us: 5_000,
        pace: Pace::Gentle,
        aims: Aims { rate: 0.45, p99: 10.0, worst: 30.0, failed: 0.0 },
    },
    Beside {
        name: "the same, --fast",
        kind: Kind::Artifact,
        number: 1,
        every_us: 5_000,
        pace: Pace::Fast,
        aims: Aims { rate: 0.85, p99: f64::INFINITY, worst: 60.0, failed: 0.0 },
    },
    Beside {
        name: "beside transactions that read first, 75/s",
        kind: Kind::ReadFirst,
        number: 1,
        every_us: 13_000,
        pace: Pace::Gentle,
        aims: Aims { rate: 0.0, p99: f64::INFINITY, worst: f64::INFINITY, failed: 5.0 },
    },
    Beside {
        name: "beside 8 programs, 180 transactions/s in all",
        kind: Kind::Artifact,
        number: 8,
        every_us: 44_000,
        pace: Pace::Gentle,
        aims: Aims { rate: 0.15, p99: f64::INFINITY, worst: f64::INFINITY, failed: 0.0 },
    },
];

pub(crate) fn run(rows: u64, rounds: usize, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = legacy(dir.path(), "source.db", rows)?;
    let (mut offline, mut alone) = (Vec::new(), Vec::new());
    let mut beside: Vec<(Vec<f64>, Felt)> = vec![Default::default(); PROGRAMS.len()];
    let mut log = 0;
    for _ in 0..rounds {
        offline.push(run_offline(&source)?);
        alone.push(run_alone(&source)?);
        for (program, (seconds, felt)) in PROGRAMS.iter().zip(&mut beside) {
            let run = run_beside(&source, program)?;
            seconds.push(run.seconds);
            felt.add(run.felt);
            log = log.max(run.log);
        }
    }
    let limit = median(&mut offline);
    let rate = |seconds: f64| format!("{:.0}", rows as f64 / seconds);
    let alone = median(&mut alone);
    let mut lines = vec![
        row("one INSERT … SELECT offline", [rate(limit), "1.00".to_owned()]),
        row("alone", [rate(alone), format!("{:.2}", limit / alone)]),
    ];
    lines[1][6] = format!("≥ 0.95: {}", Aimed::at_least(limit / alone, 0.95));
    for (program, (seconds, felt)) in PROGRAMS.iter().zip(&mut beside) {
        let seconds = median(seconds);
        lines.push(line(program, rate(seconds), limit / seconds, felt));
    }
    report.table(&format!("Backfill of {rows} artifacts"), &COLUMNS, &lines);
    report.note(&format!("The write-ahead log was {} MiB at most.", log >> 20));
    rollback(&source, rounds, report)
}

const COLUMNS: [&str; 7] = ["", "rows/s", "to offline", "p99 ms", "worst ms", "failed %", "aims"];

fn row(name: &str, figures: [String; 2]) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.extend(figures);
    row.resize(COLUMNS.len(), String::new());
    row
}

fn line(program: &Beside, rate: String, ratio: f64, felt: &Felt) -> Vec<String> {
    let Aims { rate: least, p99, worst, failed } = program.aims;
    let mut aims = Vec::new();
    if least > 0.0 {
        aims.push(format!("≥ {least}: {}", Aimed::at_least(ratio, least)));
    }
    for (name, figure, aim) in [("p99", felt.percentile(0.99), p99), ("worst", felt.worst(), worst)]
    {
        if aim.is_finite() {
            aims.push(format!("{name} < {aim}: {}", Aimed::at_most(figure, aim)));
        }
    }
    if failed > 0.0 {
        aims.push(format!("failed ≤ {failed}: {}", Aimed::at_most(felt.failed_percent(), failed)));
    }
    let mut row = row(program.name, [rate, format!("{ratio:.2}")]);
    row[3] = format!("{:.1}", felt.percentile(0.99));
    row[4] = format!("{:.1}", felt.worst());
    row[5] = format!("{:.1}", felt.failed_percent());
    row[6] = aims.join("; ");
    row
}

fn run_offline(source: &Path) -> Result<f64> {
    let path = copy(source, "offline.db")?;
    let conn = connect(&path)?;
    let offline = Offline::of(consensus_store::MIGRATION);
    conn.execute_batch(&offline.tables)?;
    let began = Instant::now();
    conn.execute_batch(&format!("BEGIN IMMEDIATE; {} COMMIT;", offline.fill()))?;
    let seconds = began.elapsed().as_secs_f64();
    drop(conn);
    remove(&path)?;
    Ok(seconds)
}

fn run_alone(source: &Path) -> Result<f64> {
    let path = copy(source, "alone.db")?;
    let mut operator = started(&path)?;
    let began = Instant::now();
    operator.backfill(NAME, Pace::Gentle, &mut Silent)?;
    let seconds = began.elapsed().as_secs_f64();
    verified(&mut operator)?;
    remove(&path)?;
    Ok(seconds)
}

struct Run {
    seconds: f64,
    felt: Felt,
    /// The size of the write-ahead log, which never shrinks while it is in use.
    log: u64,
}

fn run_beside(source: &Path, beside: &Beside) -> Result<Run> {
    let path = copy(source, "beside.db")?;
    let mut operator = started(&path)?;
    let every = Duration::from_micros(beside.every_us);
    let programs = Programs::start(&path, beside.kind, beside.number, every)?;
    let began = now();
    operator.backfill(NAME, beside.pace, &mut Silent)?;
    let ended = now();
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |meta| meta.len());
    let felt = Felt::between(&programs.finish()?, began, ended);
    verified(&mut operator)?;
    remove(&path)?;
    Ok(Run { seconds: ended - began, felt, log })
}

fn started(path: &Path) -> Result<Engine> {
    let mut operator = engine(path)?;
    let options = StartOptions { no_backfill: true, ..StartOptions::default() };
    operator.start(&migration()?, options, &mut Silent)?;
    Ok(operator)
}

fn verified(operator: &mut Engine) -> Result<()> {
    let found = operator.verify(NAME, Pace::Fast, &mut Silent)?;
    if found.ok { Ok(()) } else { Err(format!("not in step: {found:?}").into()) }
}

/// From `new-only`, where the old tables know nothing of what was written since, back to where
/// they do: every row is compared, while a program writes to the new tables.
fn rollback(source: &Path, rounds: usize, report: &mut Report) -> Result<()> {
    let (mut seconds, mut held, mut felt) = (Vec::new(), Vec::new(), Felt::default());
    for _ in 0..rounds {
        let path = copy(source, "rollback.db")?;
        let mut operator = engine(&path)?;
        let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
        operator.start(&migration()?, options, &mut Silent)?;
        let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
        operator.advance(NAME, &to, &mut Silent)?;
        let every = Duration::from_millis(5);
        let programs = Programs::start(&path, Kind::Output, 1, every)?;
        std::thread::sleep(Duration::from_secs(2));
        let began = now();
        let done = operator.rollback(NAME, Some(Phase::WriteNew), &mut Silent)?;
        let ended = now();
        felt.add(Felt::between(&programs.finish()?, began, ended));
        seconds.push(ended - began);
        held.extend(done.held_ms);
        verified(&mut operator)?;
        drop(operator);
        remove(&path)?;
    }
    let aims = format!(
        "p99 < 10: {}; worst < 30: {}",
        Aimed::at_most(felt.percentile(0.99), 10.0),
        Aimed::at_most(felt.worst(), 30.0)
    );
    report.table(
        "Rollback from new-only to write-new, catching up beside 200 writes/s",
        &["seconds", "p99 ms", "worst ms", "the command says it held", "aims"],
        &[vec![
            format!("{:.1}", median(&mut seconds)),
            format!("{:.1}", felt.percentile(0.99)),
            format!("{:.1}", felt.worst()),
            format!("{:.1}", median(&mut held)),
            aims,
        ]],
    );
    Ok(())
}
