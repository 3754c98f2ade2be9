//! Runs what an operator asks for on a dashboard. Long operations run on their own thread, one
//! at a time, so that the dashboard goes on.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use cli_kit::exit::Failure;
use cli_kit::render;
use cutover::{AdvanceOptions, Difference, Engine, Event, Options, Pace, Phase, Request, Watch};
use cutover::{Command, Fix};
use serde::Serialize;

use crate::commands::steer;

/// What may be asked for. `retired`, which cannot be undone, may not: it takes a
/// terminal and `--yes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// What operators ask of work that is under way.
    Ask(Request),
    /// Filling the mirror.
    Backfill,
    /// Comparing every row.
    Verify,
    /// One phase on.
    Advance,
    /// One phase back.
    Rollback,
}

impl Order {
    /// As its command is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ask(Request::Pause) => "pause",
            Self::Ask(Request::Resume) => "resume",
            Self::Ask(Request::Pace(_)) => "pace",
            Self::Ask(Request::Postpone) => "postpone",
            Self::Ask(Request::Unpostpone) => "unpostpone",
            Self::Backfill => "backfill",
            Self::Verify => "verify",
            Self::Advance => "advance",
            Self::Rollback => "rollback",
        }
    }
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// The order.
    pub(crate) order: &'static str,
    /// Who gave it.
    pub(crate) actor: String,
    /// Whether it was done, and what was found is well.
    pub(crate) ok: bool,
    /// What was done, or why not, in a sentence or a few lines.
    pub(crate) message: String,
    /// What to do about it, where it was not done.
    pub(crate) hint: Option<Fix>,
    /// Rows that a gate refuses.
    pub(crate) examples: Vec<Difference>,
}

/// What is running, and how the last operation ended.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RunnerState {
    /// The order that is being carried out.
    pub(crate) under_way: Option<&'static str>,
    /// What the last one came to.
    pub(crate) last: Option<Outcome>,
}

/// Carries out orders on one migration.
#[derive(Debug)]
pub(crate) struct Runner {
    db: PathBuf,
    migration: String,
    options: Options,
    state: Arc<Mutex<RunnerState>>,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Runner {
    pub(crate) fn new(db: PathBuf, migration: &str, options: Options) -> Self {
        Self {
            db,
            migration: migration.to_owned(),
            options,
            state: Arc::default(),
            stop: Arc::default(),
            thread: Mutex::default(),
        }
    }

    /// What is running, and how the last operation ended.
    pub(crate) fn state(&self) -> RunnerState {
        lock(&self.state).clone()
    }

    /// Runs an order of `actor`. Requests are done when this returns; the outcome of the others
    /// appears in [`state`](Self::state).
    ///
    /// # Errors
    ///
    /// If another order is under way, or a request was refused.
    pub(crate) fn give(&self, order: Order, actor: &str) -> Result<(), Outcome> {
        let mut options = self.options.clone();
        actor.clone_into(&mut options.actor);
        if let Order::Ask(request) = order {
            let result = Engine::open(&self.db, options)
                .and_then(|mut engine| ask(&mut engine, &self.migration, request));
            let outcome = outcome(order, actor, result);
            let failed = (!outcome.ok).then(|| outcome.clone());
            lock(&self.state).last = Some(outcome);
            return failed.map_or(Ok(()), Err);
        }
        let mut state = lock(&self.state);
        if let Some(busy) = state.under_way {
            return Err(Outcome {
                order: order.name(),
                actor: actor.to_owned(),
                ok: false,
                message: format!("{busy} is under way"),
                hint: Some("wait for it, or stop it".into()),
                examples: Vec::new(),
            });
        }
        state.under_way = Some(order.name());
        drop(state);
        self.stop.store(false, Ordering::SeqCst);
        let (db, migration, actor) = (self.db.clone(), self.migration.clone(), actor.to_owned());
        let (shared, mut until) = (Arc::clone(&self.state), Until(Arc::clone(&self.stop)));
        let thread = std::thread::spawn(move || {
            let _over = Over(Arc::clone(&shared));
            let result = Engine::open(&db, options)
                .and_then(|mut engine| carry_out(&mut engine, &migration, order, &mut until));
            lock(&shared).last = Some(outcome(order, &actor, result));
        });
        *lock(&self.thread) = Some(thread);
        Ok(())
    }

    /// Has the order under way stop at the end of its chunk. Nothing is lost by that.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// As [`stop`](Self::stop), and waits for it: what was under way gives the lease back.
    pub(crate) fn finish(&self) {
        self.stop();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The order under way is over, however its thread ends.
struct Over(Arc<Mutex<RunnerState>>);

impl Drop for Over {
    fn drop(&mut self) {
        lock(&self.0).under_way = None;
    }
}

/// Goes on until it is told to stop.
struct Until(Arc<AtomicBool>);

impl Watch for Until {
    fn event(&mut self, _: &Event) {}

    fn interrupted(&mut self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What an order that was carried out came to.
struct Done {
    message: String,
    /// What to do, where what was found is not well.
    hint: Option<Fix>,
}

impl From<String> for Done {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

fn ask(engine: &mut Engine, migration: &str, request: Request) -> cutover::Result<Done> {
    let status = engine.request(migration, request)?;
    Ok(steer::said(&status).trim_end().to_owned().into())
}

fn carry_out(
    engine: &mut Engine,
    migration: &str,
    order: Order,
    watch: &mut Until,
) -> cutover::Result<Done> {
    let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
    match order {
        Order::Ask(request) => ask(engine, migration, request),
        Order::Backfill => {
            let report = engine.backfill(migration, Pace::Gentle, watch)?;
            let (done, total) = (render::count(report.done), render::count(report.total));
            Ok(format!("{done} of {total} rows").into())
        }
        Order::Verify => {
            let report = engine.verify(migration, Pace::Gentle, watch)?;
            let hint = (!report.ok).then(|| Fix::from(Command::Repair).with(" applies them"));
            Ok(Done { message: plain(render::verification(&report)), hint })
        }
        Order::Advance => {
            let from = engine.phase(migration)?;
            if from.next() == Some(Phase::Retired) {
                return Err(cutover::Error::Refused(cutover::Refusal::new(
                    "going to retired",
                    "retiring cannot be undone, so confirm it in a terminal",
                    Fix::run(Command::Retire { backup: true }),
                )));
            }
            let report = engine.advance(migration, &AdvanceOptions::default(), watch)?;
            Ok(plain(render::transition(&report)).into())
        }
        Order::Rollback => {
            let report = engine.rollback(migration, None, watch)?;
            Ok(plain(render::transition(&report)).into())
        }
    }
}

fn outcome(order: Order, actor: &str, result: cutover::Result<Done>) -> Outcome {
    let (order, actor) = (order.name(), actor.to_owned());
    match result {
        Ok(Done { message, hint }) => {
            Outcome { order, actor, ok: hint.is_none(), message, hint, examples: Vec::new() }
        }
        Err(error) => {
            let failure = Failure::from(error);
            Outcome {
                order,
                actor,
                ok: false,
                message: failure.message(),
                hint: failure.hint(),
                examples: failure.examples().to_vec(),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
