//! Gives orders and waits for what they come to, so that the screen never stands still.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::monitor::runner::{Order, Outcome, Runner};

/// The orders of one operator.
#[derive(Debug)]
pub(crate) struct Orders {
    runner: Arc<Runner>,
    actor: String,
    /// Orders that are being given. A request waits for the write lock.
    giving: Vec<(Order, Receiver<Result<(), Outcome>>)>,
    /// A long one was given, and its outcome is not told yet.
    long: bool,
}

impl Orders {
    pub(crate) fn new(runner: Runner, actor: String) -> Self {
        Self { runner: Arc::new(runner), actor, giving: Vec::new(), long: false }
    }

    /// What this process is at.
    pub(crate) fn under_way(&self) -> Option<&'static str> {
        self.runner.state().under_way
    }

    /// Gives one.
    pub(crate) fn give(&mut self, order: Order) {
        let (sender, receiver) = channel();
        let (runner, actor) = (Arc::clone(&self.runner), self.actor.clone());
        std::thread::spawn(move || {
            // Nobody listens any more if the program has been left.
            let _ = sender.send(runner.give(order, &actor));
        });
        self.giving.push((order, receiver));
    }

    /// What orders have come to since this was last asked.
    pub(crate) fn outcomes(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let (runner, long) = (&self.runner, &mut self.long);
        self.giving.retain(|(order, receiver)| {
            match receiver.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => {}
                Ok(Err(refused)) => outcomes.push(refused),
                Ok(Ok(())) if matches!(order, Order::Ask(_)) => {
                    let last = runner.state().last;
                    outcomes.extend(last.filter(|last| last.order == order.name()));
                }
                Ok(Ok(())) => *long = true,
            }
            false
        });
        if self.long {
            let state = self.runner.state();
            if state.under_way.is_none() {
                self.long = false;
                outcomes.extend(state.last);
            }
        }
        outcomes
    }

    /// Has the work under way stop at the end of its chunk.
    pub(crate) fn stop(&self) {
        self.runner.stop();
    }
}
