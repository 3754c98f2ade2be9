//! The twin: a copy of the legacy database from before the migration, which gets
//! the same acknowledged writes and none of our machinery. What it holds in the
//! end is what must be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cli_kit::exit::{Doing, Failure};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection, OpenFlags};

use crate::compare::{Comparison, compare};
use crate::crew::Account;

/// The old tables and the columns that identify a row.
const OLD_TABLES: [&str; 2] = ["consensus_artifacts", "consensus_synthesis"];

/// The new tables as the mapping fills them: the run's surrogate id, which depends
/// on the order of events, is replaced by what identifies the run.
const NEW_TABLES: [(&str, usize, &str); 2] = [
    (
        "consensus_runs",
        3,
        "SELECT spec_id, stage, run_label, run_timestamp, consensus_ok, degraded,
           latest_synthesis_id, synthesis_json
         FROM consensus_runs ORDER BY spec_id, stage, run_label",
    ),
    (
        "agent_outputs",
        1,
        "SELECT o.id, r.spec_id, r.stage, r.run_label, o.agent_name, o.model_version, o.content,
           o.response_text, o.output_timestamp, o.created_at_raw
         FROM agent_outputs o LEFT JOIN consensus_runs r ON r.id = o.run_id ORDER BY o.id",
    ),
];

/// Applies the log of a database to its twin, in the order of the commits, and
/// gives how many writes that were.
pub(crate) fn replay(live: &Path, twin: &Path) -> Result<u64, Failure> {
    apply(live, twin).doing(|| "replaying the writes on the twin".into())
}

fn apply(live: &Path, twin: &Path) -> rusqlite::Result<u64> {
    let live = read_only(live)?;
    let twin = Connection::open(twin)?;
    // It can be made again: no need to wait for the disk.
    twin.pragma_update(None, "synchronous", "OFF")?;
    let tx = twin.unchecked_transaction()?;
    let mut log = live.prepare("SELECT sql FROM demo_log ORDER BY seq")?;
    let mut rows = log.query([])?;
    let mut writes = 0;
    while let Some(row) = rows.next()? {
        tx.execute_batch(row.get_ref(0)?.as_str()?)?;
        writes += 1;
    }
    tx.commit()?;
    Ok(writes)
}

/// Writes that were acknowledged to a writer and are not in the log: lost.
pub(crate) fn lost(live: &Path, accounts: &[Account]) -> Result<u64, Failure> {
    let logged = logged(live).doing(|| "counting the writes".into())?;
    Ok(accounts
        .iter()
        .map(|account| {
            let logged = logged.get(&account.name).copied().unwrap_or(0);
            account.tally.done.saturating_sub(logged)
        })
        .sum())
}

fn logged(live: &Path) -> rusqlite::Result<BTreeMap<String, u64>> {
    read_only(live)?
        .prepare("SELECT writer, count(*) FROM demo_log GROUP BY writer")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
        .collect()
}

/// The old shape: what the live views give, and what the twin's old tables hold.
pub(crate) fn compare_old(live: &Path, twin: &Path) -> Result<Vec<Comparison>, Failure> {
    let compare = || -> rusqlite::Result<Vec<Comparison>> {
        let (live, twin) = (read_only(live)?, read_only(twin)?);
        OLD_TABLES
            .iter()
            .map(|table| {
                let seen = format!("SELECT * FROM cutover_live_{table} ORDER BY id");
                let expected = format!("SELECT * FROM {table} ORDER BY id");
                compare(table, 1, (&live, &seen), (&twin, &expected))
            })
            .collect()
    };
    compare().doing(|| "comparing the old shape with the twin".into())
}

/// The new shape: the live new tables, and what the migration file's own
/// statements, run verbatim, make of the twin.
pub(crate) fn compare_new(
    live: &Path,
    twin: &Path,
    scratch: PathBuf,
    migration: &str,
) -> Result<Vec<Comparison>, Failure> {
    let compare = || -> rusqlite::Result<Vec<Comparison>> {
        derive(twin, &scratch, migration)?;
        let (live, derived) = (read_only(live)?, read_only(&scratch)?);
        NEW_TABLES
            .iter()
            .map(|(table, keys, sql)| compare(table, *keys, (&live, sql), (&derived, sql)))
            .collect()
    };
    let result = compare().doing(|| "comparing the new shape with the twin".into());
    // It is as large as the new tables, and of no use to anybody.
    let _ = std::fs::remove_file(scratch);
    result
}

/// Runs a migration's forward half as it stands: its qualifiers are the names of
/// attached databases.
fn derive(twin: &Path, scratch: &Path, migration: &str) -> rusqlite::Result<()> {
    let conn = Connection::open_in_memory()?;
    conn.execute("ATTACH ? AS old", [twin.to_string_lossy()])?;
    conn.execute("ATTACH ? AS new", [scratch.to_string_lossy()])?;
    conn.execute_batch("PRAGMA new.journal_mode = OFF; PRAGMA new.synchronous = OFF")?;
    let mut statements = Batch::new(&conn, migration);
    while let Some(mut statement) = statements.next()? {
        let text = statement.expanded_sql().unwrap_or_default();
        if !is_backward(&text) {
            statement.execute([])?;
        }
    }
    Ok(())
}

/// Whether a statement fills an old table.
fn is_backward(statement: &str) -> bool {
    code(statement).to_ascii_lowercase().starts_with("insert into old.")
}

/// A statement without the comments above it.
fn code(mut statement: &str) -> &str {
    loop {
        statement = statement.trim_start();
        match statement.strip_prefix("--") {
            Some(comment) => statement = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return statement,
        }
    }
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_statements_are_told_from_forward_ones() {
        assert!(is_backward("\n-- backward\n\n-- scope: a\nINSERT INTO old.t (a) SELECT 1"));
        assert!(!is_backward("-- INSERT INTO old.t\nINSERT INTO new.t (a) SELECT 1"));
        assert!(!is_backward("CREATE TABLE new.t (a)"));
        assert!(!is_backward("-- nothing else"));
    }
}
