//! Server-sent events: what is seen, to every page that is open.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::dashboard::Update;
use super::problem::Problem;
use super::routes::App;

/// After so long a stream ends, and the page begins another: one that nobody reads any more
/// must not be kept for ever.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long a page waits before it begins another.
const RETRY: Duration = Duration::from_secs(2);

struct Subscription {
    updates: watch::Receiver<Update>,
    stopped: watch::Receiver<bool>,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

pub(crate) async fn events(
    State(app): State<App>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Ok(permit) = app.dashboard.streams.clone().try_acquire_owned() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open")
            .hint("close one, and look at /api/v1/snapshot meanwhile"));
    };
    let mut updates = app.updates.clone();
    // The first one at once.
    updates.mark_changed();
    let until = Instant::now() + LONGEST;
    let state = Subscription { updates, stopped: app.stopped.clone(), until, _permit: permit };
    Ok(Sse::new(unfold(state, next)))
}

async fn next(mut state: Subscription) -> Option<(Result<Event, Infallible>, Subscription)> {
    tokio::select! {
        changed = state.updates.changed() => changed.ok()?,
        () = tokio::time::sleep_until(state.until) => return None,
        _ = state.stopped.wait_for(|stopped| *stopped) => return None,
    }
    let update = state.updates.borrow_and_update().clone();
    let event = Event::default()
        .event("look")
        .id(update.view.looks.to_string())
        .retry(RETRY)
        .data(&*update.text);
    Some((Ok(event), state))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::super::dashboard::View;
    use super::*;

    fn view(looks: u64) -> Update {
        let view = View {
            looks,
            seen: None,
            snapshot: None,
            error: None,
            point: None,
            next: None,
            offered: Vec::new(),
            orders: serde_json::Value::Null,
            control: false,
        };
        Update { view: Arc::new(view), text: format!("{{\"looks\":{looks}}}").into() }
    }

    #[test]
    fn a_stream_ends_with_its_time_with_the_server_and_with_what_it_tells() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let room = Arc::new(Semaphore::new(1));
            for how in ["time", "server", "publisher"] {
                let (sender, updates) = watch::channel(view(1));
                let (stop, stopped) = watch::channel(false);
                let permit = Arc::clone(&room).acquire_owned().await.unwrap();
                let later = Instant::now() + LONGEST;
                let state = Subscription { updates, stopped, until: later, _permit: permit };
                sender.send_replace(view(2));
                let (event, mut state) = next(state).await.unwrap();
                assert!(format!("{event:?}").contains("looks"), "{event:?}");
                match how {
                    "time" => state.until = Instant::now(),
                    "server" => {
                        stop.send_replace(true);
                    }
                    _ => drop(sender),
                }
                assert!(next(state).await.is_none(), "{how}");
                assert_eq!(room.available_permits(), 1, "{how}");
            }
        });
    }
}
