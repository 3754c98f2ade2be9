//! What answers are made from: the last look, the helm, and a connection that reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use cli_kit::exit::Failure;
use cli_kit::paste::Paste;
use cutover::{Engine, Options, Snapshot};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use super::door::Door;
use super::problem::Problem;
use crate::bridge::helm::{Bearing, Helm};
use crate::bridge::lookout::{Lookout, Point, Seen, point};

/// Everything the routes share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) db: PathBuf,
    pub(crate) migration: String,
    pub(crate) options: Options,
    pub(crate) paste: Paste,
    pub(crate) door: Door,
    pub(crate) lookout: Lookout,
    /// Present where orders are taken.
    pub(crate) helm: Option<Helm>,
    /// Streams of events that are left.
    pub(crate) streams: Arc<Semaphore>,
    /// One read of the database at a time, so that no number of requests can keep more than
    /// one connection busy. Whoever waits for it and goes away leaves nothing behind.
    pub(crate) reading: Arc<Semaphore>,
}

/// How many pages may be live at a time.
const STREAMS: usize = 16;

/// What is told to every page after each look.
#[derive(Debug, Serialize)]
pub(crate) struct News {
    #[serde(skip)]
    pub(crate) looks: u64,
    /// Where the migration stands: what `cutover status --json` prints.
    pub(crate) snapshot: Option<Snapshot>,
    /// Why the last look failed, if it did. The snapshot is an older one then.
    pub(crate) error: Option<String>,
    /// This look's figures, for charts.
    pub(crate) point: Option<Point>,
    /// What the helm is at.
    pub(crate) orders: Bearing,
    /// Whether orders are taken.
    pub(crate) control: bool,
}

/// The last news, and the same as they are sent.
#[derive(Debug, Clone)]
pub(crate) struct Bulletin {
    pub(crate) news: Arc<News>,
    pub(crate) text: Arc<str>,
}

impl Desk {
    pub(crate) fn new(
        (db, migration, options): (PathBuf, String, Options),
        paste: Paste,
        door: Door,
        (lookout, helm): (Lookout, Option<Helm>),
    ) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        let reading = Arc::new(Semaphore::new(1));
        Self { db, migration, options, paste, door, lookout, helm, streams, reading }
    }

    /// What was seen last, with commands that can be pasted.
    pub(crate) fn bulletin(&self, seen: Seen) -> Bulletin {
        let orders = self.orders();
        let news = News {
            looks: seen.looks,
            point: seen.snapshot.as_deref().filter(|_| seen.error.is_none()).map(point),
            snapshot: seen.snapshot.as_deref().map(|snapshot| self.pasted(snapshot)),
            error: seen.error,
            orders,
            control: self.door.control,
        };
        let text = serde_json::to_string(&news).unwrap_or_else(|_| "{}".to_owned());
        Bulletin { news: Arc::new(news), text: text.into() }
    }

    fn pasted(&self, snapshot: &Snapshot) -> Snapshot {
        let mut snapshot = snapshot.clone();
        let blocked = snapshot.blocked.iter_mut().map(|blocked| &mut blocked.fix);
        let drift = snapshot.drift.iter_mut().map(|drift| &mut drift.fix);
        for fix in blocked.chain(drift) {
            *fix = self.paste.fix(fix).into();
        }
        snapshot
    }

    /// What the helm is at.
    pub(crate) fn orders(&self) -> Bearing {
        let mut orders = self.helm.as_ref().map(Helm::bearing).unwrap_or_default();
        if let Some(last) = &mut orders.last {
            last.hint = last.hint.as_ref().map(|hint| self.paste.fix(hint).into());
        }
        orders
    }

    /// Reads from the database what is not in a snapshot. Blocks.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Engine, &str) -> cutover::Result<T>,
    ) -> Result<T, Problem> {
        Engine::open_to_read(&self.db, self.options.clone())
            .and_then(|engine| read(&engine, &self.migration))
            .map_err(|error| Problem::failure(&Failure::from(error), &self.paste))
    }
}

/// Tells what is seen, look after look, until nobody listens. Runs on a thread of its own: the
/// lookout knows nothing of tokio.
pub(crate) fn tell(desk: &Desk, told: &watch::Sender<Bulletin>) {
    const MOST: Duration = Duration::from_secs(2);
    while !told.is_closed() {
        let looks = told.borrow().news.looks;
        let seen = desk.lookout.wait_beyond(looks, MOST);
        if seen.looks > looks {
            told.send_replace(desk.bulletin(seen));
        }
    }
}

/// Runs what blocks on a thread where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made", ""))
    })
}
