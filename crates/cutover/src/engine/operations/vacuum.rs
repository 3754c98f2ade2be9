//! Giving back to the disk what dropped tables have left in the file.
//!
//! SQLite uses free pages again before the file grows, so nothing has to be given back.
//! With `auto_vacuum = INCREMENTAL` it can be, in small steps beside other writers. Any other
//! database has to be written anew as a whole, which holds writers off for all of it: that is
//! done only when asked for in so many words, and what it would cost is said otherwise.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::backend::sqlite::{Moving, Size, file};
use crate::engine::options::{Options, Vacuum};
use crate::engine::work::chunked::Chunked;
use crate::engine::work::disk;
use crate::engine::work::log::Log;
use crate::engine::work::session::Session;
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::{Space, VacuumCost};
use crate::watch::{Watch, Work};

/// Gives back what can be given back in the way asked for, and says what is left.
pub(crate) fn give_back(
    session: &Session<'_>,
    how: Option<Vacuum>,
    watch: &mut dyn Watch,
) -> Result<Space> {
    let db = session.db;
    let before = db.size()?;
    if how.is_some() && db.gives_back_in_steps()? {
        in_steps(session, before, watch)?;
    }
    if how == Some(Vacuum::Full) && db.size()?.unused_bytes > 0 {
        at_once(session)?;
    }
    let after = db.size()?;
    if after.bytes < before.bytes {
        // The file gets shorter when the log is moved into it.
        db.checkpoint(Moving::AllAndTruncate)?;
    }
    let cost = if after.unused_bytes > 0 { Some(cost(session, after)?) } else { None };
    Ok(Space {
        freed_bytes: before.bytes.saturating_sub(after.bytes),
        unused_bytes: after.unused_bytes,
        full_vacuum: cost,
    })
}

fn in_steps(session: &Session<'_>, before: Size, watch: &mut dyn Watch) -> Result<()> {
    let db = session.db;
    let total = before.unused_bytes / before.page_bytes;
    let mut chunked =
        Chunked::begin(session, Work::Vacuum, total, Pace::Gentle, Log::new(), watch)?;
    let mut left = total;
    while left > 0 {
        let doing = "returning free pages";
        let pages = chunked.rows();
        let (now, held) = chunked.write(session, doing, || db.give_back(doing, pages))?;
        let moved = (left.saturating_sub(now), total.saturating_sub(now));
        chunked.after(session, moved, held, watch)?;
        if now >= left {
            // Writers free as much as is given back, or the rest can't be.
            break;
        }
        left = now;
    }
    chunked.finish(watch);
    Ok(())
}

fn at_once(session: &Session<'_>) -> Result<()> {
    let (db, options) = (session.db, &session.engine.options);
    let doing = "rewriting the database";
    let (disk, temp) = disk::full_vacuum(db.size()?, db.has_log()?);
    disk::demand(db.file(), disk, doing, options)?;
    disk::demand(&std::env::temp_dir(), temp, doing, options)?;
    db.write("renewing the lease", || session.fence())?;
    db.write_anew(doing)
}

/// What writing the whole database anew would cost.
fn cost(session: &Session<'_>, size: Size) -> Result<VacuumCost> {
    let (disk_bytes, temp_bytes) = disk::full_vacuum(size, session.db.has_log()?);
    let sample = sample(&session.engine.options)?;
    // The rows are written to a copy, from there to the log, and from there to the file.
    let passes = 3.0;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = passes * sample.as_secs_f64() * size.used_bytes() as f64 / SAMPLE as f64;
    Ok(VacuumCost { seconds, disk_bytes, temp_bytes })
}

/// Bytes that are written to learn how fast the disk is.
const SAMPLE: usize = 4 << 20;

/// How long this machine takes to write a sample and have it on the disk.
fn sample(options: &Options) -> Result<Duration> {
    let dir = file::private_dir(options.scratch_dir.as_deref())?;
    let began = Instant::now();
    file::create_private(&dir.path().join("sample"))
        .and_then(|mut file| file.write_all(&vec![0x5a; SAMPLE]).and_then(|()| file.sync_all()))
        .map_err(|source| Error::Io {
            doing: "measuring the free disk space".to_owned(),
            source,
        })?;
    Ok(began.elapsed())
}
