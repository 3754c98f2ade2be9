//! The frozen old tables: a digest of every row is taken when they are frozen and
//! taken again before they are dropped. Their guards refuse writes; the digest
//! finds what went around the guards.

use crate::backend::sqlite::{Db, scan, state};
use crate::engine::work::session::Session;
use crate::error::{Error, Result};
use crate::model::build::Model;
use crate::phase::Direction;
use crate::report::{Difference, VerifyReport};
use crate::watch::{Event, Watch, Work};

/// Takes the digests that are not there yet. Reads only; nobody waits.
pub(crate) fn take_digests(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<()> {
    let (db, id) = (session.db, session.record.id);
    let tables: Vec<_> = session.model.old_tables().cloned().collect();
    for table in tables {
        if state::digest(db, id, &table.known_as)?.is_some() {
            continue;
        }
        let (rows, digest) = scan::digest(db, &table, || stop(watch))?;
        session.write("recording a digest", || {
            state::set_digest(db, id, &table.known_as, rows, &digest)
        })?;
    }
    Ok(())
}

/// Whether every frozen table is what it was.
pub(crate) fn verify_frozen(
    db: &Db,
    model: &Model,
    id: i64,
    watch: &mut dyn Watch,
) -> Result<VerifyReport> {
    let mut report = VerifyReport { ok: true, ..VerifyReport::default() };
    watch.event(&Event::Began { work: Work::Verify(Direction::Backward), total: 0 });
    for table in model.old_tables() {
        let (rows, digest) = scan::digest(db, table, || stop(watch))?;
        report.checked += rows;
        watch.event(&Event::Advanced { done: report.checked });
        let Some((then, recorded)) = state::digest(db, id, &table.known_as)? else { continue };
        if recorded != digest {
            report.ok = false;
            report.missing += then.saturating_sub(rows);
            report.extra += rows.saturating_sub(then);
            report.different += u64::from(rows == then);
            report.examples.push(Difference {
                direction: Direction::Backward,
                table: table.known_as.clone(),
                key: serde_json::Value::Null,
                column: None,
                expected: Some(format!("{then} rows as they were frozen")),
                found: Some(format!("{rows} rows, not all as they were")),
            });
        }
    }
    watch.event(&Event::Finished);
    Ok(report)
}

fn stop(watch: &mut dyn Watch) -> Result<()> {
    if watch.interrupted() { Err(Error::Interrupted) } else { Ok(()) }
}
