//! Peak memory, each in a process of its own: as rows, differences and tables grow.

use std::path::{Path, PathBuf};

use cutover::{AdvanceOptions, Migration, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, engine, legacy};
use benches::many::many;
use benches::report::{Aimed, Report};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Child {
    /// The database.
    path: PathBuf,
    /// The migration's file.
    migration: PathBuf,
    /// Only verify.
    #[arg(long)]
    verify: bool,
}

const COPY: &str = "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
INSERT INTO old.t (id, w) SELECT id, w FROM new.s;";

pub(crate) fn run(rows: u64, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = legacy(dir.path(), "rows.db", rows)?;
    let mut lines = vec![line(
        format!("check, start, to new-only and back: {rows} artifacts"),
        peak(&path, consensus_store::MIGRATION, false)?,
    )];
    for differences in [rows / 10, rows * 3] {
        let path = dir.path().join(format!("differences-{differences}.db"));
        differing(&path, differences)?;
        lines.push(line(format!("verify: {differences} differences"), peak(&path, COPY, true)?));
    }
    for tables in [1, 10, 50, 200] {
        let path = dir.path().join(format!("tables-{tables}.db"));
        let many = many(tables);
        Connection::open(&path)?
            .execute_batch(&format!("BEGIN; {} {} COMMIT;", many.old, many.rows))?;
        let peak = peak(&path, &many.migration, false)?;
        lines.push(line(format!("the whole migration: {tables} tables"), peak));
    }
    report.table("Peak memory", &["", "MiB", "aim"], &lines);
    Ok(())
}

fn line(name: String, mib: f64) -> Vec<String> {
    vec![name, format!("{mib:.1}"), format!("< 64: {}", Aimed::at_most(mib, 64.0))]
}

/// A migration whose mirror differs in every row: the triggers on it are taken away for the time
/// of an UPDATE.
fn differing(path: &Path, rows: u64) -> Result<()> {
    let conn = Connection::open(path)?;
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, 'row ' || i FROM n;"
    ))?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    engine(path)?.start(&Migration::parse(&name(path), COPY)?, options, &mut Silent)?;
    let triggers: Vec<(String, String)> = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 's'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let drop: String =
        triggers.iter().map(|(name, _)| format!("DROP TRIGGER \"{name}\";")).collect();
    let make: String = triggers.iter().rev().map(|(_, sql)| format!("{sql};")).collect();
    conn.execute_batch(&format!("BEGIN; {drop} UPDATE s SET w = w || '!'; {make} COMMIT;"))?;
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn peak(path: &Path, migration: &str, verify: bool) -> Result<f64> {
    let file = path.with_extension("sql");
    std::fs::write(&file, migration)?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("migrate").args([path, &file]);
    if verify {
        command.arg("--verify");
    }
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let kib: f64 = said.parse().map_err(|_| format!("the child said: {said}"))?;
    Ok(kib / 1024.0)
}

/// Runs the migration and says on stderr how many KiB were resident at most.
#[expect(clippy::print_stderr, reason = "how the child tells its parent")]
pub(crate) fn child(child: &Child) -> Result<()> {
    let mut operator = engine(&child.path)?;
    let name = name(&child.path);
    if child.verify {
        let report = operator.verify(&name, Pace::Fast, &mut Silent)?;
        if report.ok {
            return Err("no difference was found".into());
        }
    } else {
        let migration = Migration::parse(&name, &std::fs::read_to_string(&child.migration)?)?;
        operator.start(&migration, StartOptions::default(), &mut Silent)?;
        let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
        operator.advance(&name, &to, &mut Silent)?;
        operator.rollback(&name, Some(Phase::DualWrite), &mut Silent)?;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown");
    eprintln!("{}", peak.trim().trim_end_matches(" kB"));
    Ok(())
}
