//! What the answers are made from: the latest snapshot, the runner, and a connection that reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use cli_kit::exit::Failure;
use cli_kit::paste::Paste;
use cutover::{Engine, Options, Snapshot};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::access::Access;
use super::advice::{self, Next};
use super::orders;
use super::problem::Problem;
use crate::monitor::offered::offered;
use crate::monitor::poller::{Latest, Point, Poller, point};
use crate::monitor::runner::{Order, Runner, RunnerState};

/// Everything the routes share.
#[derive(Debug)]
pub(crate) struct Dashboard {
    pub(crate) db: PathBuf,
    pub(crate) migration: String,
    pub(crate) options: Options,
    pub(crate) paste: Paste,
    pub(crate) access: Access,
    pub(crate) poller: Poller,
    /// Present where orders are taken.
    pub(crate) runner: Option<Runner>,
    /// Streams of events that are left.
    pub(crate) streams: Arc<Semaphore>,
    /// One read of the database at a time, so that no number of requests can keep more than
    /// one connection busy. Whoever waits for it and goes away leaves nothing behind.
    pub(crate) reading: Arc<Semaphore>,
}

/// How many pages may be live at a time.
const STREAMS: usize = 16;

/// What every page gets after each snapshot.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    #[serde(skip)]
    pub(crate) looks: u64,
    /// Where the migration stands.
    #[serde(skip)]
    pub(crate) seen: Option<Arc<Snapshot>>,
    /// The same: what `cutover status --json` prints, with each fix in pieces.
    pub(crate) snapshot: Option<Value>,
    /// Why the last look failed, if it did. The snapshot is an older one then.
    pub(crate) error: Option<String>,
    /// This look's figures, for charts.
    pub(crate) point: Option<Point>,
    /// The command to give next, if one is.
    pub(crate) next: Option<Next>,
    /// Orders that make sense now.
    pub(crate) offered: Vec<&'static str>,
    /// What is running, and how the last operation ended.
    pub(crate) orders: Value,
    /// Whether orders are taken.
    pub(crate) control: bool,
}

/// The latest view, and its JSON.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) view: Arc<View>,
    pub(crate) text: Arc<str>,
}

impl Dashboard {
    pub(crate) fn new(
        (db, migration, options): (PathBuf, String, Options),
        paste: Paste,
        access: Access,
        (poller, runner): (Poller, Option<Runner>),
    ) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        let reading = Arc::new(Semaphore::new(1));
        Self { db, migration, options, paste, access, poller, runner, streams, reading }
    }

    /// The latest snapshot, with commands that can be pasted.
    pub(crate) fn update(&self, latest: Latest) -> Update {
        let seen = latest.snapshot;
        let busy = self.running().under_way.is_some();
        let offer = |seen: &Snapshot| {
            let mut names: Vec<_> = offered(seen, busy).into_iter().map(Order::name).collect();
            names.extend(busy.then_some(orders::STOP));
            names
        };
        let view = View {
            looks: latest.looks,
            point: seen.as_deref().filter(|_| latest.error.is_none()).map(point),
            snapshot: seen.as_deref().map(|seen| advice::snapshot(seen, &self.paste)),
            error: latest.error,
            next: seen.as_deref().and_then(|seen| advice::next(seen, &self.paste)),
            offered: seen.as_deref().map(offer).unwrap_or_default(),
            orders: self.orders(),
            control: self.access.control,
            seen,
        };
        let text = serde_json::to_string(&view).unwrap_or_else(|_| "{}".to_owned());
        Update { view: Arc::new(view), text: text.into() }
    }

    /// What is running, and how the last operation ended, as JSON.
    pub(crate) fn orders(&self) -> Value {
        advice::orders(&self.running(), &self.paste)
    }

    fn running(&self) -> RunnerState {
        self.runner.as_ref().map(Runner::state).unwrap_or_default()
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

/// Publishes each snapshot until nobody listens. Runs on its own thread: the poller knows
/// nothing of tokio.
pub(crate) fn publish(dashboard: &Dashboard, updates: &watch::Sender<Update>) {
    const MOST: Duration = Duration::from_secs(2);
    while !updates.is_closed() {
        let looks = updates.borrow().view.looks;
        let latest = dashboard.poller.wait_for_newer(looks, MOST);
        if latest.looks > looks {
            updates.send_replace(dashboard.update(latest));
        }
    }
}

/// Runs what blocks on a thread where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be created"))
    })
}
