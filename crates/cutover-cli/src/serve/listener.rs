//! Accepts connections, and limits how many there are and for how long.
//!
//! A client that is slow or sends nothing loses its connection after a while, or as soon as
//! another needs its slot. New clients wait only while all others are being answered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use super::connection_limit::{self, ConnectionLimit, ResponseBody, Slot};

/// Connections at a time.
pub(crate) const MOST_CONNECTIONS: usize = 64;

/// For a request's head, from its first byte or since the last answer.
pub(crate) const HEAD: Duration = Duration::from_secs(10);

/// For the client to take what it is sent.
const TAKE: Duration = Duration::from_secs(20);

/// For a connection that loses its slot to send what it has buffered.
const LAST_BYTES: Duration = Duration::from_millis(100);

/// Bytes of a request's head.
const LARGEST_HEAD: usize = 16 << 10;

/// For answers under way when the server ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Accepts connections until stopped, then waits for the answers in progress.
pub(crate) async fn accept(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) {
    let limit = ConnectionLimit::new(u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX));
    let mut wait = stopped.clone();
    loop {
        // A client first, then a slot: no connection is closed unless another needs its slot.
        let next = async {
            let (stream, peer) = listener.accept().await.ok()?;
            Some((stream, peer, limit.take().await?))
        };
        let next = tokio::select! {
            next = next => next,
            _ = wait.wait_for(|stopped| *stopped) => break,
        };
        match next {
            Some((stream, peer, slot)) => {
                tokio::spawn(converse(stream, peer, router.clone(), stopped.clone(), slot));
            }
            // No file descriptor is free, or the client has gone: others may come.
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_WORDS, limit.until_empty()).await;
}

/// One connection, until either side ends it.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    slot: Slot,
) {
    // Events are small and must not wait for more.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKE));
    let client = &slot.client;
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let client = client.clone();
        async move {
            let (head, body) = request.into_parts();
            let (body, in_flight) = connection_limit::track(body, &client);
            let mut request = Request::from_parts(head, Body::new(body));
            request.extensions_mut().insert(Peer(peer));
            let Ok(response) = router.call(request).await;
            Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, &client, in_flight)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer);
    tokio::pin!(connection);
    let evict = tokio::select! {
        // What went wrong with a connection concerns nobody but its client, who knows.
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => false,
        () = client.evicted() => true,
    };
    connection.as_mut().graceful_shutdown();
    if evict {
        let _ = tokio::time::timeout(LAST_BYTES, connection).await;
    } else {
        let _ = connection.await;
    }
}
