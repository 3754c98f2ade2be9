//! What operators ask of the work on a migration, from any terminal: it needs no lease, and
//! whoever works sees it after the chunk at hand.

use serde_json::{Value, json};

use crate::backend::sqlite::control::{self, Control};
use crate::backend::sqlite::journal::{self, Line};
use crate::backend::sqlite::lease::{Held, held};
use crate::backend::sqlite::state::Record;
use crate::clock;
use crate::engine::open::Engine;
use crate::engine::work::pace::paces;
use crate::error::{Error, Refusal, Result};
use crate::pace::Pace;
use crate::phase::Phase;
use crate::report::{Command, ControlStatus, Fix};

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Chunks wait, of work that is under way and of work that begins.
    Pause,
    /// They go on.
    Resume,
    /// All work takes this pace, whatever its command was told; or each its own again.
    Pace(Option<Pace>),
    /// No gate lets writes go to the other side.
    Postpone,
    /// The gates open again; one that waits for it switches at once.
    Unpostpone,
}

impl Request {
    fn event(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Pace(_) => "pace",
            Self::Postpone => "postpone",
            Self::Unpostpone => "unpostpone",
        }
    }

    /// Whether it only takes back what was asked for.
    fn takes_back(self) -> bool {
        matches!(self, Self::Resume | Self::Unpostpone | Self::Pace(None))
    }

    fn apply(self, control: Control) -> Control {
        match self {
            Self::Pause => Control { paused: true, ..control },
            Self::Resume => Control { paused: false, ..control },
            Self::Pace(pace) => Control { pace, ..control },
            Self::Postpone => Control { postponed: true, ..control },
            Self::Unpostpone => Control { postponed: false, ..control },
        }
    }

    fn detail(self) -> Value {
        match self {
            Self::Pace(pace) => json!({ "pace": pace.map(paces) }),
            _ => json!({}),
        }
    }
}

impl Engine {
    /// Asks for something. What is asked for already is not asked for again.
    ///
    /// # Errors
    ///
    /// Refused before `start` and in `retired`, if there is nothing to be done that could be
    /// asked to wait.
    pub fn request(&mut self, name: &str, request: Request) -> Result<ControlStatus> {
        let (status, _) = self.db.write("recording a request", || {
            let record = self.record(name)?;
            let over = matches!(record.phase, Phase::Legacy | Phase::Retired);
            let idle = record.pending.is_none() && !matches!(held(&self.db)?, Held::By { .. });
            if over && idle && !request.takes_back() {
                return Err(Error::Refused(Refusal::new(
                    request.event(),
                    format!("in {} there is no work to control", record.phase),
                    Fix::look_at(Command::Status),
                )));
            }
            self.ask(&record, request)
        })?;
        Ok(status)
    }

    /// Writes down that somebody gave an order, before it is carried out: who steers from afar
    /// leaves a line in the journal also where the order is refused or stopped.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration, or stays locked.
    pub fn note_order(&mut self, name: &str, order: &str) -> Result<()> {
        self.db
            .write("recording a request", || {
                let record = self.record(name)?;
                let line = Line {
                    migration: &record.name,
                    actor: &self.options.actor,
                    at: &clock::now(),
                    event: "order",
                    before: record.phase,
                    after: record.phase,
                    detail: json!({ "order": order }),
                };
                journal::write(&self.db, &line)
            })
            .map(|((), _)| ())
    }

    /// Writes down what is asked for, in the transaction at hand.
    pub(crate) fn ask(&self, record: &Record, request: Request) -> Result<ControlStatus> {
        let (db, at) = (&self.db, clock::now());
        let before = control::read(db, record.id)?;
        let after = request.apply(before);
        if after != before {
            control::write(db, record.id, &after)?;
            journal::write(
                db,
                &Line {
                    migration: &record.name,
                    actor: &self.options.actor,
                    at: &at,
                    event: request.event(),
                    before: record.phase,
                    after: record.phase,
                    detail: request.detail(),
                },
            )?;
        }
        Ok(ControlStatus {
            paused: after.paused,
            postponed: after.postponed,
            pace: after.pace.map(paces),
            actor: Some(self.options.actor.clone()),
            at: Some(at),
        })
    }
}
