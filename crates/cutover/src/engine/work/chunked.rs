//! Long work that writes, cut into chunks: what is between two of them. The lease, the pace,
//! what operators ask for meanwhile, the log, and telling how it goes.

use std::time::{Duration, Instant};

use super::log::Log;
use super::pace::{Pacer, Seen, pacer_sleep};
use super::session::Session;
use super::telemetry::Telemetry;
use super::yielding::Yielding;
use crate::backend::sqlite::control::{self, Control};
use crate::backend::sqlite::other_processes::OtherProcesses;
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::Waiting;
use crate::watch::{Event, Watch, Work};

/// How often what operators ask for is looked at while the work stands still.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Work under way.
#[derive(Debug)]
pub(crate) struct Chunked {
    /// As the command was told.
    own: Pace,
    pacer: Pacer,
    log: Log,
    telemetry: Telemetry,
    /// What the connection said when the last chunk had been made: others have written if it
    /// says something else.
    version: i64,
    other_processes: OtherProcesses,
    yielding: Yielding,
    /// How long the last chunk took without its commit, where a commit waits for the disk.
    worked: Option<Duration>,
}

impl Chunked {
    /// Begins some work, of about `total` rows.
    pub(crate) fn begin(
        session: &Session<'_>,
        work: Work,
        total: u64,
        pace: Pace,
        log: Log,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        watch.event(&Event::Began { work, total });
        let other_processes =
            OtherProcesses::of(session.db, session.engine.options.writers_in_process);
        let mut chunked = Self {
            own: pace,
            pacer: Pacer::new(pace, other_processes.opened_by()),
            log,
            telemetry: Telemetry::new(work, total),
            version: session.db.data_version()?,
            other_processes,
            yielding: Yielding::new(),
            worked: None,
        };
        chunked.follow_requests(session, watch)?;
        Ok(chunked)
    }

    /// Goes on to another table.
    pub(crate) fn table(&mut self, session: &Session<'_>) -> Result<()> {
        self.pacer.begin();
        self.version = session.db.data_version()?;
        Ok(())
    }

    /// Stands back for programs no longer, unless operators ask for that: at the pace so far the
    /// work would come to no end.
    pub(crate) fn hurry(&mut self, session: &Session<'_>, watch: &mut dyn Watch) -> Result<()> {
        if self.own == Pace::Fast {
            return Ok(());
        }
        self.own = Pace::Fast;
        self.follow_requests(session, watch)
    }

    /// Rows in the next chunk.
    pub(crate) fn rows(&self) -> u64 {
        self.pacer.rows()
    }

    /// Rows a second since the work began.
    pub(crate) fn average(&self) -> Option<f64> {
        self.telemetry.average()
    }

    /// Rows a second while it was at work, without pauses.
    pub(crate) fn busy_rate(&self) -> Option<f64> {
        self.telemetry.busy_rate()
    }

    /// Runs `work` in the write transaction of a chunk, which renews the lease first. Also gives
    /// how long the write lock was held. Where it gives way to a program, it runs once more.
    pub(crate) fn write<T>(
        &mut self,
        session: &Session<'_>,
        doing: &str,
        mut work: impl FnMut() -> Result<T>,
    ) -> Result<(T, Duration)> {
        let Self { telemetry, other_processes, yielding, .. } = self;
        let mut fenced = || {
            session.tell(telemetry)?;
            work()
        };
        self.worked = None;
        loop {
            if other_processes.activity().is_none() {
                let began = Instant::now();
                let mut timed = || {
                    let done = fenced()?;
                    Ok((done, began.elapsed()))
                };
                let ((done, worked), held) = session.db.write(doing, &mut timed)?;
                self.worked = Some(worked.min(held));
                return Ok((done, held));
            }
            if !self.pacer.stands_back() {
                return session.db.write(doing, fenced);
            }
            let_transactions_end(other_processes, yielding);
            let mut stays = || {
                let seen = other_processes.activity().unwrap_or_default();
                !(seen.reads_newest && yielding.gives_way())
            };
            let (done, held) = session.db.write_if(doing, &mut fenced, &mut stays)?;
            match done {
                Some(done) => {
                    yielding.committed(held);
                    return Ok((done, held));
                }
                None => yielding.spent(held),
            }
        }
    }

    /// After a chunk of `rows` rows that held the write lock for `held`: `done` of them are
    /// done now. Comes back when the next may be made.
    pub(crate) fn after(
        &mut self,
        session: &Session<'_>,
        (rows, done): (u64, u64),
        held: Duration,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let now = Instant::now();
        self.telemetry.done(done, now);
        self.telemetry.chunk(rows, held, now);
        watch.event(&Event::Advanced { done });
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        let asked = self.pacer.rows();
        // Over the pause as well: that is when others get their turn.
        let version = session.db.data_version()?;
        let seen = Seen {
            opened_by: self.other_processes.opened_by(),
            wrote: version != self.version,
            read_first: self.yielding.is_called_for(),
        };
        self.version = version;
        let pause = self.pacer.after(rows, held, self.worked.unwrap_or(held), seen);
        self.telemetry.waits(self.pacer.waits());
        self.log.written(session, asked, &mut self.pacer, &mut self.telemetry, watch)?;
        // The lock has been free since the chunk.
        self.rest(session, pause.saturating_sub(now.elapsed()), watch)?;
        self.follow_requests(session, watch)
    }

    /// Stands back between two chunks. A long pause, as a low ceiling makes it, ends when
    /// operators ask for something else.
    fn rest(
        &mut self,
        session: &Session<'_>,
        pause: Duration,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        if pause <= LOOK_EVERY {
            pacer_sleep(pause);
            return Ok(());
        }
        let (until, asked) =
            (Instant::now() + pause, control::read(session.db, session.record.id)?);
        let still = |control: &Control| *control == asked && Instant::now() < until;
        stand_still(session, &mut self.telemetry, watch, still).map(|_| ())
    }

    /// The end of it.
    pub(crate) fn finish(self, watch: &mut dyn Watch) {
        watch.event(&Event::Finished);
    }

    /// Does what operators ask for: takes on another pace, stands still while it is paused.
    fn follow_requests(&mut self, session: &Session<'_>, watch: &mut dyn Watch) -> Result<()> {
        let mut control = control::read(session.db, session.record.id)?;
        if control.paused {
            watch.event(&Event::Paused);
            self.telemetry.waits(Some(Waiting::Paused));
            let began = Instant::now();
            control = stand_still(session, &mut self.telemetry, watch, |control| control.paused)?;
            self.telemetry.stood(began.elapsed());
            self.telemetry.waits(None);
            watch.event(&Event::Resumed);
            self.version = session.db.data_version()?;
        }
        self.pacer.set(control.pace.unwrap_or(self.own));
        Ok(())
    }
}

/// Between two looks at a program's transaction.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// Waits until no program is in a transaction that a commit would prevent from writing, as long
/// as that is worthwhile.
fn let_transactions_end(other_processes: &OtherProcesses, yielding: &mut Yielding) {
    let Some(mut first) = other_processes.activity().filter(|seen| seen.reads_newest) else {
        return;
    };
    let (began, most) = (Instant::now(), yielding.patience());
    while began.elapsed() < most {
        std::thread::sleep(LOOK_AGAIN);
        let seen = other_processes.activity().unwrap_or_default();
        // One that was at its write from the beginning may not have read before.
        if !first.writes && seen.commits != first.commits {
            yielding.ended(true);
        } else if !first.writes && !seen.reads_newest {
            yielding.ended(false);
        }
        if !seen.reads_newest {
            break;
        }
        if seen.commits != first.commits {
            first = seen;
        }
    }
    if began.elapsed() >= most && !most.is_zero() && !first.writes {
        yielding.ended(false);
    }
    yielding.spent(began.elapsed());
}

/// Waits until operators ask for something else, keeping the lease. Gives what they ask for.
pub(crate) fn stand_still(
    session: &Session<'_>,
    telemetry: &mut Telemetry,
    watch: &mut dyn Watch,
    still: impl Fn(&Control) -> bool,
) -> Result<Control> {
    session.tell_now(telemetry)?;
    let mut told = Instant::now();
    loop {
        let control = control::read(session.db, session.record.id)?;
        if !still(&control) {
            return Ok(control);
        }
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(LOOK_EVERY);
        if told.elapsed() > session.engine.options.lease_ttl / 4 {
            session.tell_now(telemetry)?;
            told = Instant::now();
        }
    }
}
