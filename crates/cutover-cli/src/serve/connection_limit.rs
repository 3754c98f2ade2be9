//! Limits the number of connections. A connection that has not sent a whole request yet loses
//! its slot to the next one.
//!
//! Otherwise a few hundred clients that connect and send nothing would block all others until
//! their requests time out.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Between two looks for somebody who could give way, while everybody is being answered.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The slots that are free, and the connections that have one.
#[derive(Debug)]
pub(super) struct ConnectionLimit {
    free: Arc<Semaphore>,
    all: u32,
    /// Oldest first.
    open: Mutex<Vec<Arc<Client>>>,
}

/// A connection that has a slot.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Requests that are here whole and not answered yet.
    answering: AtomicU32,
    evict: Notify,
}

/// A slot; dropping it frees it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) client: Arc<Client>,
    limit: Arc<ConnectionLimit>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimit {
    pub(super) fn new(all: u32) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(all as usize));
        Arc::new(Self { free, all, open: Mutex::default() })
    }

    /// Takes a slot. If none is free, the oldest connection without a whole request loses its
    /// slot; if all are being answered, this waits.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Slot> {
        loop {
            let free = Arc::clone(&self.free);
            if self.free.available_permits() == 0 {
                self.evict_one();
            }
            let permit = match tokio::time::timeout(LOOK_EVERY, free.acquire_owned()).await {
                Ok(permit) => permit.ok()?,
                Err(_) => continue,
            };
            let client = Arc::new(Client::default());
            self.lock().push(Arc::clone(&client));
            return Some(Slot { client, limit: Arc::clone(self), _permit: permit });
        }
    }

    /// Waits until all slots are free.
    pub(super) async fn until_empty(&self) {
        let _ = self.free.acquire_many(self.all).await;
    }

    fn evict_one(&self) {
        if let Some(client) = self.lock().iter().find(|client| client.is_idle()) {
            client.evict.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Client>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.limit.lock().retain(|client| !Arc::ptr_eq(client, &self.client));
    }
}

impl Client {
    fn is_idle(&self) -> bool {
        self.answering.load(Ordering::SeqCst) == 0
    }

    /// Waits until another connection needs the slot while nothing is being answered.
    pub(super) async fn evicted(&self) {
        loop {
            self.evict.notified().await;
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
pub(super) struct Answering(Arc<Client>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What says that a request is being answered, from its last byte to the last of the answer.
#[derive(Debug, Clone)]
pub(super) struct InFlight(Arc<Mutex<Option<Answering>>>);

impl InFlight {
    fn begins(&self, client: &Arc<Client>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| client.answer());
    }
}

/// The body of a request; with its end the request is here whole.
#[derive(Debug)]
pub(super) struct RequestBody<B> {
    body: B,
    client: Arc<Client>,
    in_flight: InFlight,
}

/// The body of an answer, which is being given until this is dropped.
#[derive(Debug)]
pub(super) struct ResponseBody<B> {
    body: B,
    _since: InFlight,
}

/// Watches the body of a request; and gives what the body of the answer has to keep.
pub(super) fn track<B: Body>(body: B, client: &Arc<Client>) -> (RequestBody<B>, InFlight) {
    let in_flight = InFlight(Arc::default());
    if body.is_end_stream() {
        in_flight.begins(client);
    }
    (RequestBody { body, client: Arc::clone(client), in_flight: in_flight.clone() }, in_flight)
}

impl<B> ResponseBody<B> {
    /// An answer may be given before the request has come to its end: it is refused then.
    pub(super) fn new(body: B, client: &Arc<Client>, in_flight: InFlight) -> Self {
        in_flight.begins(client);
        Self { body, _since: in_flight }
    }
}

impl<B: Body + Unpin> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.in_flight.begins(&self.client);
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

impl<B: Body + Unpin> Body for ResponseBody<B> {
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
