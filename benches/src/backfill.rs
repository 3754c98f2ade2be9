//! The backfill, beside one INSERT … SELECT offline: alone, and while another
//! process writes 200 times a second.

use std::path::Path;
use std::time::Instant;

use cutover::{Pace, Silent, StartOptions};

use benches::database::{Result, connect, copy, engine, legacy, migration};
use benches::offline::Offline;
use benches::report::table;
use benches::stats::percentile;

const ROUNDS: usize = 3;

pub(crate) fn run(rows: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = legacy(dir.path(), "source.db", rows)?;
    let mut offline = Vec::new();
    let mut alone = Vec::new();
    let mut beside: Vec<(Pace, f64, Vec<f64>)> = Vec::new();
    let mut wal = 0;
    for _ in 0..ROUNDS {
        offline.push(run_offline(&source)?);
        alone.push(run_alone(&source)?);
        for pace in [Pace::Gentle, Pace::Fast] {
            let (seconds, times, log) = run_beside(&source, pace)?;
            wal = wal.max(log);
            beside.push((pace, seconds, times));
        }
    }
    let limit = percentile(&mut offline, 0.5);
    let line = |name: &str, seconds: f64, stall: String| {
        vec![
            name.to_owned(),
            format!("{:.0}", rows as f64 / seconds),
            format!("{:.2}×", limit / seconds),
            stall,
        ]
    };
    let mut lines = vec![
        line("one INSERT … SELECT offline (raw limit)", limit, format!("all of its {limit:.1} s")),
        line("alone", percentile(&mut alone, 0.5), "–".to_owned()),
    ];
    for pace in [Pace::Gentle, Pace::Fast] {
        let mut seconds: Vec<f64> = beside.iter().filter(|b| b.0 == pace).map(|b| b.1).collect();
        let mut times: Vec<f64> =
            beside.iter().filter(|b| b.0 == pace).flat_map(|b| b.2.clone()).collect();
        let stall = format!(
            "p50 {:.2}, p99 {:.1}, worst {:.1} ms of {}",
            percentile(&mut times, 0.5),
            percentile(&mut times, 0.99),
            percentile(&mut times, 1.0),
            times.len()
        );
        let name = if pace == Pace::Fast { "beside a writer, --fast" } else { "beside a writer" };
        lines.push(line(name, percentile(&mut seconds, 0.5), stall));
    }
    table(
        &format!("Backfill of {rows} artifacts (write-ahead log at most {} MiB)", wal >> 20),
        &["", "artifacts/s", "to the raw limit", "a writer's waiting"],
        &lines,
    );
    Ok(())
}

fn run_offline(source: &Path) -> Result<f64> {
    let path = copy(source, "offline.db")?;
    let conn = connect(&path)?;
    let offline = Offline::of(consensus_store::MIGRATION);
    conn.execute_batch(&offline.tables)?;
    let began = Instant::now();
    conn.execute_batch(&format!("BEGIN IMMEDIATE; {} COMMIT;", offline.fill()))?;
    let seconds = began.elapsed().as_secs_f64();
    remove(&path)?;
    Ok(seconds)
}

fn run_alone(source: &Path) -> Result<f64> {
    let path = copy(source, "alone.db")?;
    let seconds = backfill(&path, Pace::Gentle, || Ok(()))?;
    remove(&path)?;
    Ok(seconds)
}

/// Seconds, what each write of the other process took in milliseconds, and the size
/// of the write-ahead log (a log file never shrinks while it is in use).
fn run_beside(source: &Path, pace: Pace) -> Result<(f64, Vec<f64>, u64)> {
    let path = copy(source, "beside.db")?;
    let stop = path.with_extension("stop");
    let mut writer = None;
    let seconds = backfill(&path, pace, || {
        let child = std::process::Command::new(std::env::current_exe()?)
            .arg("writer")
            .args([&path, &stop])
            .spawn()?;
        writer = Some(child);
        std::thread::sleep(std::time::Duration::from_millis(300));
        Ok(())
    })?;
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |meta| meta.len());
    std::fs::write(&stop, "")?;
    if let Some(mut writer) = writer {
        writer.wait()?;
    }
    let times = std::fs::read_to_string(path.with_extension("times"))?;
    std::fs::remove_file(&stop)?;
    remove(&path)?;
    Ok((seconds, times.lines().filter_map(|line| line.parse().ok()).collect(), log))
}

fn backfill(path: &Path, pace: Pace, before: impl FnOnce() -> Result<()>) -> Result<f64> {
    let mut operator = engine(path)?;
    let options = StartOptions { no_backfill: true, pace };
    operator.start(&migration()?, options, &mut Silent)?;
    before()?;
    let began = Instant::now();
    operator.backfill(consensus_store::MIGRATION_NAME, pace, &mut Silent)?;
    Ok(began.elapsed().as_secs_f64())
}

fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if Path::new(&name).exists() {
            std::fs::remove_file(name)?;
        }
    }
    Ok(())
}
