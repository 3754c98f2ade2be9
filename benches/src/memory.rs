//! Peak memory of a whole migration, in a process of its own.

use std::path::Path;

use cutover::{AdvanceOptions, Phase, Silent, StartOptions};

use benches::database::{Result, engine, legacy, migration};
use benches::report::table;

pub(crate) fn run(rows: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = legacy(dir.path(), "memory.db", rows)?;
    let output =
        std::process::Command::new(std::env::current_exe()?).arg("migrate").arg(&path).output()?;
    let peak = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    table(
        "Peak memory of check, start, advance to new-only and rollback to dual-write",
        &["artifacts", "peak resident"],
        &[vec![rows.to_string(), peak]],
    );
    Ok(())
}

/// Runs the migration and says on stderr what it took.
#[expect(clippy::print_stderr, reason = "how the child tells its parent")]
pub(crate) fn migrate(path: &Path) -> Result<()> {
    let mut operator = engine(path)?;
    operator.start(&migration()?, StartOptions::default(), &mut Silent)?;
    let to = AdvanceOptions { to: Some(Phase::NewOnly), ..AdvanceOptions::default() };
    operator.advance(consensus_store::MIGRATION_NAME, &to, &mut Silent)?;
    operator.rollback(consensus_store::MIGRATION_NAME, Some(Phase::DualWrite), &mut Silent)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown");
    eprintln!("{}", peak.trim());
    Ok(())
}
