//! Long work that writes, cut into chunks: what is between two of them. The lease, the pace,
//! what operators ask for meanwhile, the log, and telling how it goes.

use std::time::{Duration, Instant};

use super::log::Log;
use super::pace::{Pacer, pacer_sleep};
use super::session::Session;
use super::telemetry::Telemetry;
use crate::backend::sqlite::control::{self, Control};
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
        let mut chunked = Self {
            own: pace,
            pacer: Pacer::new(pace),
            log,
            telemetry: Telemetry::new(work, total),
            version: session.db.data_version()?,
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

    /// In the transaction of a chunk, before it changes anything.
    pub(crate) fn fence(&self, session: &Session<'_>) -> Result<()> {
        session.tell(&self.telemetry)
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
        let seen = session.db.data_version()?;
        let others = seen != self.version;
        self.version = seen;
        let pause = self.pacer.after(rows, held, others);
        self.telemetry.waits(self.pacer.waits());
        self.rest(session, pause, watch)?;
        self.log.written(session, asked, &mut self.pacer, &mut self.telemetry, watch)?;
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
