//! The places of connections: there are so many, and whoever has sent no whole request yet gives
//! its place to whoever comes after.
//!
//! Without that a few hundred clients that open connections and say nothing would keep all
//! others waiting, for as long as a head may take, times the rounds it takes to hear them all.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Between two looks for somebody who could give way, while everybody is being answered.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    room: Arc<Semaphore>,
    all: u32,
    /// Oldest first.
    taken: Mutex<Vec<Arc<Guest>>>,
}

/// A connection that has a place.
#[derive(Debug, Default)]
pub(super) struct Guest {
    /// Requests that are here whole and not answered yet.
    answering: AtomicU32,
    yields: Notify,
}

/// A place, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) guest: Arc<Guest>,
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(all: u32) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(all as usize));
        Arc::new(Self { room, all, taken: Mutex::default() })
    }

    /// Takes a place. If there is none the connection that has waited longest without a whole
    /// request loses its own; if all are being answered this waits.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Place> {
        loop {
            let room = Arc::clone(&self.room);
            if self.room.available_permits() == 0 {
                self.ask_one_to_yield();
            }
            let permit = match tokio::time::timeout(LOOK_EVERY, room.acquire_owned()).await {
                Ok(permit) => permit.ok()?,
                Err(_) => continue,
            };
            let guest = Arc::new(Guest::default());
            self.lock().push(Arc::clone(&guest));
            return Some(Place { guest, places: Arc::clone(self), _permit: permit });
        }
    }

    /// Comes back when all places are free.
    pub(super) async fn until_empty(&self) {
        let _ = self.room.acquire_many(self.all).await;
    }

    fn ask_one_to_yield(&self) {
        if let Some(guest) = self.lock().iter().find(|guest| guest.is_idle()) {
            guest.yields.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Guest>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().retain(|guest| !Arc::ptr_eq(guest, &self.guest));
    }
}

impl Guest {
    fn is_idle(&self) -> bool {
        self.answering.load(Ordering::SeqCst) == 0
    }

    /// Comes back when the place is wanted by another, and nothing is being answered.
    pub(super) async fn asked_to_yield(&self) {
        loop {
            self.yields.notified().await;
            if self.is_idle() {
                return;
            }
        }
    }

    /// A request is here, and has to be answered.
    fn answer(self: &Arc<Self>) -> Answering {
        self.answering.fetch_add(1, Ordering::SeqCst);
        Answering(Arc::clone(self))
    }
}

/// A request is being answered, for as long as this is kept.
#[derive(Debug)]
pub(super) struct Answering(Arc<Guest>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What says that a request is being answered, from its last byte to the last of the answer.
#[derive(Debug, Clone)]
pub(super) struct Since(Arc<Mutex<Option<Answering>>>);

impl Since {
    fn begins(&self, guest: &Arc<Guest>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| guest.answer());
    }
}

/// The body of a request; with its end the request is here whole.
#[derive(Debug)]
pub(super) struct Asked<B> {
    body: B,
    guest: Arc<Guest>,
    since: Since,
}

/// The body of an answer, which is being given until this is dropped.
#[derive(Debug)]
pub(super) struct Answer<B> {
    body: B,
    _since: Since,
}

/// Watches the body of a request; and gives what the body of the answer has to keep.
pub(super) fn asked<B: Body>(body: B, guest: &Arc<Guest>) -> (Asked<B>, Since) {
    let since = Since(Arc::default());
    if body.is_end_stream() {
        since.begins(guest);
    }
    (Asked { body, guest: Arc::clone(guest), since: since.clone() }, since)
}

impl<B> Answer<B> {
    /// An answer may be given before the request has come to its end: it is refused then.
    pub(super) fn new(body: B, guest: &Arc<Guest>, since: Since) -> Self {
        since.begins(guest);
        Self { body, _since: since }
    }
}

impl<B: Body + Unpin> Body for Asked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.since.begins(&self.guest);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
