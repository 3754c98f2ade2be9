//! The one connection that writes, shared by every caller.
//!
//! A lone caller takes the connection, writes and commits, all on its own thread: no
//! hand-over, nobody to wake. A caller that finds the connection taken leaves its write
//! with a thread that drains all that wait into one transaction, commits, and only then
//! answers each: callers share commits, and nobody hears of a write before it is
//! committed. The more callers, the more share one commit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::artifact::NewArtifact;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::fault::Step;
use crate::layout::Layout;
use crate::synthesis::NewSynthesis;

/// The most writes that share one commit: so that a commit, and with it the time that
/// other programs wait for the lock, stays short.
const BATCH: usize = 64;

/// What callers write most.
#[derive(Debug)]
pub(crate) enum Write<'a> {
    Artifact(Cow<'a, NewArtifact<'a>>),
    Synthesis(Cow<'a, NewSynthesis<'a>>),
}

impl Write<'_> {
    fn into_owned(self) -> Write<'static> {
        match self {
            Self::Artifact(artifact) => {
                Write::Artifact(Cow::Owned(artifact.into_owned().into_owned()))
            }
            Self::Synthesis(synthesis) => {
                Write::Synthesis(Cow::Owned(synthesis.into_owned().into_owned()))
            }
        }
    }

    fn doing(&self) -> &'static str {
        match self {
            Self::Artifact(_) => "storing an artifact",
            Self::Synthesis(_) => "storing a synthesis",
        }
    }

    /// Writes it, in the transaction at hand; gives its id.
    fn apply(&self, conn: &Connection, layout: Layout) -> Step<i64> {
        match self {
            Self::Artifact(artifact) => layout.writes().store_artifact(conn, artifact),
            Self::Synthesis(synthesis) => layout.writes().store_synthesis(conn, synthesis),
        }
    }
}

/// A write that waits, and how its caller is told.
struct Waiting {
    write: Write<'static>,
    answer: Answer,
}

/// Tells a caller what became of its write.
pub(crate) type Answer = Box<dyn FnOnce(Result<i64>) + Send>;

/// The connection that writes, and the writes that wait for it.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    path: PathBuf,
    conn: Mutex<Connection>,
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// Whether writes wait. A caller that finds the connection free lets them go first.
    crowded: AtomicBool,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    closed: bool,
}

impl Writer {
    pub(crate) fn new(conn: Connection) -> Self {
        let shared = Shared {
            path: conn.path().to_owned(),
            conn: Mutex::new(conn),
            queue: Mutex::default(),
            arrived: Condvar::new(),
            crowded: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), thread: Mutex::default() }
    }

    /// Writes, and returns once it is committed.
    pub(crate) fn submit(&self, write: Write<'_>) -> Result<i64> {
        if !self.shared.crowded.load(Ordering::Acquire)
            && let Some(conn) = self.shared.conn.try_lock()
        {
            return alone(&conn, &write);
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        self.enqueue(
            write.into_owned(),
            // A caller that is gone needs no answer.
            Box::new(move |result| drop(sender.send(result))),
        );
        receiver.recv().unwrap_or_else(|_| Err(self.gone()))
    }

    /// Leaves a write to be committed with others; `answer` is called once it is.
    pub(crate) fn enqueue(&self, write: Write<'static>, answer: Answer) {
        let mut queue = self.shared.queue.lock();
        queue.waiting.push_back(Waiting { write, answer });
        self.shared.crowded.store(true, Ordering::Release);
        drop(queue);
        self.start();
        self.shared.arrived.notify_one();
    }

    /// The connection alone, for longer work; those who write wait meanwhile.
    pub(crate) fn alone(&self) -> MutexGuard<'_, Connection> {
        self.shared.conn.lock()
    }

    pub(crate) fn gone(&self) -> Error {
        Error::WriterGone { path: self.shared.path.clone() }
    }

    /// Starts the thread, unless it runs: a program whose calls never meet needs none.
    fn start(&self) {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let builder = std::thread::Builder::new().name("consensus-writer".to_owned());
            // Without a thread this caller does the work itself, now and every time.
            match builder.spawn(move || shared.serve()) {
                Ok(handle) => *thread = Some(handle),
                Err(_) => {
                    drop(thread);
                    self.shared.drain();
                }
            }
        }
    }
}

impl Drop for Writer {
    /// Waits until all that was left with the thread is committed.
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // It panicked at worst, and then nobody waits for it any more.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Shared {
    /// The thread's life.
    fn serve(&self) {
        loop {
            let mut queue = self.queue.lock();
            while queue.waiting.is_empty() {
                if queue.closed {
                    return;
                }
                self.arrived.wait(&mut queue);
            }
            drop(queue);
            self.drain();
        }
    }

    /// Commits what waits, batch by batch, until nothing does.
    fn drain(&self) {
        let mut conn = self.conn.lock();
        loop {
            let mut queue = self.queue.lock();
            let count = queue.waiting.len().min(BATCH);
            let batch: Vec<Waiting> = queue.waiting.drain(..count).collect();
            if batch.is_empty() {
                self.crowded.store(false, Ordering::Release);
                return;
            }
            drop(queue);
            together(&conn, batch);
            // A caller with longer work is let in between batches, if there is one.
            MutexGuard::bump(&mut conn);
        }
    }
}

/// One write, in a transaction of its own.
fn alone(conn: &Connection, write: &Write<'_>) -> Result<i64> {
    conn.write(write.doing(), |layout| write.apply(conn, layout))
}

/// Many writes in one transaction. If one fails, it must not take the others along: then
/// each is written alone, and gets an answer of its own. Not so where the lock can't be
/// had: then nobody gets anywhere, and waiting for it again, once for each, helps no one.
fn together(conn: &Connection, batch: Vec<Waiting>) {
    let shared = conn.write("storing", |layout| {
        batch.iter().map(|waiting| waiting.write.apply(conn, layout)).collect::<Step<Vec<_>>>()
    });
    match shared {
        Ok(ids) => {
            for (waiting, id) in batch.into_iter().zip(ids) {
                (waiting.answer)(Ok(id));
            }
        }
        Err(error) => {
            for waiting in batch {
                let result = match error.shared() {
                    Some(busy) => Err(busy),
                    None => alone(conn, &waiting.write),
                };
                (waiting.answer)(result);
            }
        }
    }
}
