//! Server-sent events: what is seen, to every page that is open.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::desk::Bulletin;
use super::problem::Problem;
use super::routes::App;

/// After so long a stream ends, and the page begins another: one that nobody reads any more
/// must not be kept for ever.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long a page waits before it begins another.
const RETRY: Duration = Duration::from_secs(2);

struct Told {
    told: watch::Receiver<Bulletin>,
    stopped: watch::Receiver<bool>,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

pub(crate) async fn events(
    State(app): State<App>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Ok(permit) = app.desk.streams.clone().try_acquire_owned() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many pages are open",
            "close one, and look at /api/v1/snapshot meanwhile",
        ));
    };
    let mut told = app.told.clone();
    // The first one at once.
    told.mark_changed();
    let until = Instant::now() + LONGEST;
    let state = Told { told, stopped: app.stopped.clone(), until, _permit: permit };
    Ok(Sse::new(unfold(state, next)))
}

async fn next(mut state: Told) -> Option<(Result<Event, Infallible>, Told)> {
    tokio::select! {
        changed = state.told.changed() => changed.ok()?,
        () = tokio::time::sleep_until(state.until) => return None,
        _ = state.stopped.wait_for(|stopped| *stopped) => return None,
    }
    let bulletin = state.told.borrow_and_update().clone();
    let event = Event::default()
        .event("look")
        .id(bulletin.news.looks.to_string())
        .retry(RETRY)
        .data(&*bulletin.text);
    Some((Ok(event), state))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::super::desk::News;
    use super::*;
    use crate::bridge::helm::Bearing;

    fn news(looks: u64) -> Bulletin {
        let news = News {
            looks,
            snapshot: None,
            error: None,
            point: None,
            orders: Bearing::default(),
            control: false,
        };
        Bulletin { news: Arc::new(news), text: format!("{{\"looks\":{looks}}}").into() }
    }

    #[test]
    fn a_stream_ends_with_its_time_with_the_server_and_with_what_it_tells() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let room = Arc::new(Semaphore::new(1));
            for how in ["time", "server", "teller"] {
                let (tell, told) = watch::channel(news(1));
                let (stop, stopped) = watch::channel(false);
                let permit = Arc::clone(&room).acquire_owned().await.unwrap();
                let later = Instant::now() + LONGEST;
                let state = Told { told, stopped, until: later, _permit: permit };
                tell.send_replace(news(2));
                let (event, mut state) = next(state).await.unwrap();
                assert!(format!("{event:?}").contains("looks"), "{event:?}");
                match how {
                    "time" => state.until = Instant::now(),
                    "server" => {
                        stop.send_replace(true);
                    }
                    _ => drop(tell),
                }
                assert!(next(state).await.is_none(), "{how}");
                assert_eq!(room.available_permits(), 1, "{how}");
            }
        });
    }
}
