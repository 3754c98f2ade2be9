//! Which orders a dashboard offers. They follow from what the engine says it would accept, so that
//! no button or key leads to a refusal.

use cutover::{Command, Phase, Request, Snapshot};

use super::runner::Order;

/// The orders that make sense now. `under_way` says whether this process carries one out.
pub(crate) fn offered(seen: &Snapshot, under_way: bool) -> Vec<Order> {
    let asked = |take_back: Request, ask: Request, is_asked: bool| {
        let over = matches!(seen.phase, Phase::Legacy | Phase::Retired);
        let work = seen.work.is_some() || seen.lease.is_some();
        match is_asked {
            true => Some(Order::Ask(take_back)),
            // The engine refuses to hold back work that there can't be.
            false => (!over || work).then_some(Order::Ask(ask)),
        }
    };
    let accepted = |order: Order| {
        let allowed = seen.allowed.iter().any(|allowed| allowed == order.name());
        let pointless = match order {
            Order::Backfill => seen.backfill.complete,
            // Retiring can't be undone, so it is confirmed in a terminal.
            Order::Advance => seen.phase.next() == Some(Phase::Retired),
            _ => false,
        };
        (allowed && !pointless && !under_way).then_some(order)
    };
    let pause = asked(Request::Resume, Request::Pause, seen.control.paused);
    let pace = asked(Request::Pace(None), Request::Pace(None), seen.control.pace.is_some());
    let work = [Order::Backfill, Order::Verify, Order::Advance, Order::Rollback].map(accepted);
    let postpone = asked(Request::Unpostpone, Request::Postpone, seen.control.postponed);
    [pause, pace].into_iter().chain(work).chain([postpone]).flatten().collect()
}

impl Order {
    /// The order that does what a command does, if a dashboard can give it.
    pub(crate) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Backfill => Some(Self::Backfill),
            Command::Verify => Some(Self::Verify),
            Command::Advance { to: None, when_told: false } => Some(Self::Advance),
            Command::Rollback { to: None } => Some(Self::Rollback),
            Command::Resume => Some(Self::Ask(Request::Resume)),
            Command::Unpostpone => Some(Self::Ask(Request::Unpostpone)),
            _ => None,
        }
    }
}
