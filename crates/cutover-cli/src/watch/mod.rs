//! `cutover watch`: a migration on the terminal, and keys to steer it.
//!
//! [`monitor`](crate::monitor) looks and carries out orders, on threads of its own; here is what
//! is seen of that. [`app`] knows what keys lead to, [`words`] what dialogs say, [`layout`]
//! which panels there is room for and [`charts`] what their columns are: all of them pure.
//! [`view`] draws, one file a panel. [`events`] hears keys; [`terminal`] and [`signals`] see to
//! it that the terminal is given back whatever happens. Where nobody watches, it is `status`.

mod app;
mod charts;
mod events;
mod layout;
mod orders;
mod signals;
mod terminal;
#[cfg(test)]
mod tests;
mod view;
mod words;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use cli_kit::exit::{Doing, Exit, Failure};
use cli_kit::output;
use ratatui::crossterm::event::{Event, KeyEventKind};

use crate::commands::{Call, login_name, options, status};
use crate::monitor::poller::Poller;
use crate::monitor::runner::Runner;
use crate::target::Choice;
use app::{App, Effect, Now};
use orders::Orders;
use signals::Signals;
use terminal::Screen;
use view::{Sight, Theme};

/// How long the loop waits for a key before it looks at everything else.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn run(call: &Call<Choice>) -> Result<Exit, Failure> {
    if call.output.json || !output::interactive() {
        return status::run(call);
    }
    let name = call.migration.pick(&call.open()?)?;
    let poller = Poller::begin(&call.db, &name, options()?)?;
    let actor = call.actor.clone().unwrap_or_else(login_name);
    let orders = Orders::new(Runner::new(call.db.clone(), &name, options()?), actor);
    let signals = Signals::listen().doing(|| "listening to signals".into())?;
    let mut watching = Watching {
        app: App::default(),
        sight: Sight {
            snapshot: poller
                .latest()
                .snapshot
                .ok_or_else(|| Failure::plain("the database could not be read"))?,
            error: None,
            points: Vec::new(),
            journal: Arc::default(),
            under_way: None,
            paste: call.output.paste.clone(),
            theme: Theme { colour: output::coloured() },
        },
        looks: 0,
        poller,
        orders,
        signals,
    };
    let ended = watching.run();
    watching.signals.end_at_once();
    if watching.orders.under_way().is_some() {
        output::note("stopping at the end of this chunk; Ctrl-C to stop at once");
        watching.orders.stop();
    }
    ended
}

/// The dashboard at work.
#[derive(Debug)]
struct Watching {
    app: App,
    sight: Sight,
    /// Looks that are in `sight`.
    looks: u64,
    poller: Poller,
    orders: Orders,
    signals: Signals,
}

impl Watching {
    /// Draws and listens until somebody leaves. The terminal is given back when this returns.
    fn run(&mut self) -> Result<Exit, Failure> {
        let terminal = || "using the terminal".to_owned();
        let mut screen = Screen::enter().doing(terminal)?;
        let events = events::listen();
        let mut stale = true;
        while !self.signals.leave() {
            if self.refresh() || stale {
                screen.draw(|frame| view::draw(frame, &self.sight, &self.app)).doing(terminal)?;
            }
            if !screen.is_ours() {
                return Err(Failure::plain("a thread has panicked: see above"));
            }
            let event = match events.recv_timeout(TICK) {
                Ok(event) => Some(event.doing(terminal)?),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::plain("reading keys: the terminal is gone"));
                }
            };
            stale = event.is_some();
            let effect = event.and_then(|event| self.heard(&event));
            match effect {
                Some(Effect::Leave) => break,
                Some(Effect::Give(order)) => self.orders.give(order),
                Some(Effect::Suspend) => self.suspend(&mut screen).doing(terminal)?,
                None if self.signals.stop() => self.suspend(&mut screen).doing(terminal)?,
                // It was stopped in a way that can't be noticed before.
                None if self.signals.go_on() => screen.lend(|| ()).doing(terminal)?,
                None => continue,
            }
            stale = true;
        }
        Ok(Exit::Done)
    }

    /// What an event leads to. A resize leads to nothing but that everything is drawn again.
    fn heard(&mut self, event: &Event) -> Option<Effect> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Press => {
                let now = Now {
                    snapshot: &self.sight.snapshot,
                    under_way: self.orders.under_way(),
                    journal: self.sight.journal.len(),
                };
                self.app.press(*key, now)
            }
            _ => None,
        }
    }

    fn suspend(&self, screen: &mut Screen) -> io::Result<()> {
        screen.lend(|| self.signals.suspend())?;
        // Told of by coming back.
        self.signals.go_on();
        Ok(())
    }

    /// Takes in what was seen and answered meanwhile; says whether that was anything.
    fn refresh(&mut self) -> bool {
        let outcomes = self.orders.outcomes();
        let answered = !outcomes.is_empty();
        for outcome in outcomes {
            self.app.answered(outcome);
        }
        if answered {
            self.poller.poll_now();
        }
        let under_way = self.orders.under_way();
        let changed = answered || under_way != self.sight.under_way;
        self.sight.under_way = under_way;
        let seen = self.poller.latest();
        if seen.looks == self.looks {
            return changed;
        }
        self.looks = seen.looks;
        self.sight.error = seen.error;
        self.sight.journal = seen.journal;
        self.sight.points = self.poller.points();
        if let Some(snapshot) = seen.snapshot {
            self.sight.snapshot = snapshot;
        }
        true
    }
}
