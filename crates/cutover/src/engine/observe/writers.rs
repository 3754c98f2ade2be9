//! Who still writes: what triggers noted, the processes that have the database open, and the
//! programs that announced themselves.

use std::os::unix::fs::MetadataExt as _;

use super::next_actions::OldPrograms;
use crate::backend::sqlite::lock_holders::{LockHolder, lock_holders};
use crate::backend::sqlite::{Db, clients, seen};
use crate::clock;
use crate::error::Result;
use crate::phase::Side;
use crate::process::{Opener, Openers, described, openers};
use crate::report::{Client, Holds, LastWrite, OpenProcess, Writers};

/// The locks that processes hold, or held at one of several looks: of each the strongest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Holding(Vec<(LockHolder, Holds)>);

impl Holding {
    /// Adds who holds a lock now.
    pub(crate) fn look(&mut self, db: &Db) {
        let own = std::process::id();
        for holder in lock_holders(db).into_iter().filter(|holder| holder.pid != own) {
            let holds = if holder.writes { Holds::Write } else { Holds::Read };
            match self.0.iter_mut().find(|(known, _)| known.pid == holder.pid) {
                Some((_, held)) => *held = holds.max(*held),
                None => self.0.push((holder, holds)),
            }
        }
    }

    fn of(&self, pid: u32) -> Option<Holds> {
        self.0.iter().find(|(holder, _)| holder.pid == pid).map(|(_, holds)| *holds)
    }
}

/// The other processes that have the database open, the oldest first.
pub(crate) fn processes(db: &Db, holding: &Holding) -> Openers {
    let Ok(meta) = std::fs::metadata(db.file()) else { return Openers::default() };
    let mut all = openers(meta.dev(), meta.ino());
    // Whose files we may not see, but whose lock shows that it has the database open.
    for (holder, _) in holding.0.iter().filter(|(holder, _)| holder.same_device) {
        if !all.found.iter().any(|opener| opener.pid == holder.pid) {
            all.found.extend(described(holder.pid));
        }
    }
    all
}

/// A process as it is told.
pub(crate) fn open_process(opener: Opener, holding: &Holding) -> OpenProcess {
    OpenProcess {
        pid: opener.pid,
        command: opener.command,
        exe_deleted: opener.exe_deleted,
        started: opener.started_ms.map(|ms| clock::rfc3339_s(ms.div_euclid(1000))),
        holds: holding.of(opener.pid),
    }
}

/// What is known of old programs, in the transaction at hand.
pub(crate) fn old_programs(db: &Db, migration: i64) -> Result<OldPrograms> {
    let now = clock::now_ms() / 1000;
    Ok(OldPrograms {
        last_write: seen::last(db, migration, Side::Old)?,
        clients: clients::announced(db, now)?,
        now,
    })
}

/// Puts together who still writes, in the transaction at hand.
pub(crate) fn writers(
    db: &Db,
    migration: i64,
    processes: Openers,
    holding: &Holding,
) -> Result<Writers> {
    let last = |side| -> Result<LastWrite> {
        let last = seen::last(db, migration, side)?.map(clock::rfc3339_s);
        Ok(LastWrite { last, ..LastWrite::default() })
    };
    let clients = clients::announced(db, clock::now_ms() / 1000)?.into_iter().map(|it| Client {
        client: it.client,
        version: it.version,
        speaks: it.speaks,
        seen: clock::rfc3339_s(it.seen),
    });
    Ok(Writers {
        old: last(Side::Old)?,
        new: last(Side::New)?,
        complete: processes.complete,
        processes: processes
            .found
            .into_iter()
            .map(|opener| open_process(opener, holding))
            .collect(),
        clients: clients.collect(),
    })
}
