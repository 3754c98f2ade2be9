//! Gives orders and waits for what they come to, so that the screen never stands still.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::bridge::helm::{Helm, Order, Outcome};

/// The orders of one operator.
#[derive(Debug)]
pub(crate) struct Orders {
    helm: Arc<Helm>,
    actor: String,
    /// Orders that are being given. A request waits for the write lock.
    giving: Vec<(Order, Receiver<Result<(), Outcome>>)>,
    /// A long one was given, and its outcome is not told yet.
    long: bool,
}

impl Orders {
    pub(crate) fn new(helm: Helm, actor: String) -> Self {
        Self { helm: Arc::new(helm), actor, giving: Vec::new(), long: false }
    }

    /// What this process is at.
    pub(crate) fn under_way(&self) -> Option<&'static str> {
        self.helm.bearing().under_way
    }

    /// Gives one.
    pub(crate) fn give(&mut self, order: Order) {
        let (tell, told) = channel();
        let (helm, actor) = (Arc::clone(&self.helm), self.actor.clone());
        std::thread::spawn(move || {
            // Nobody listens any more if the program has been left.
            let _ = tell.send(helm.give(order, &actor));
        });
        self.giving.push((order, told));
    }

    /// What orders have come to since this was last asked.
    pub(crate) fn outcomes(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let (helm, long) = (&self.helm, &mut self.long);
        self.giving.retain(|(order, told)| {
            match told.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => {}
                Ok(Err(refused)) => outcomes.push(refused),
                Ok(Ok(())) if matches!(order, Order::Ask(_)) => {
                    let last = helm.bearing().last;
                    outcomes.extend(last.filter(|last| last.order == order.name()));
                }
                Ok(Ok(())) => *long = true,
            }
            false
        });
        if self.long {
            let bearing = self.helm.bearing();
            if bearing.under_way.is_none() {
                self.long = false;
                outcomes.extend(bearing.last);
            }
        }
        outcomes
    }

    /// Has the work under way stop at the end of its chunk.
    pub(crate) fn stop(&self) {
        self.helm.stop();
    }
}
