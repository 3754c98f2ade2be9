//! `cutover serve`: where a migration stands as a web page, a JSON API and metrics; and, with
//! `--control`, buttons.
//!
//! | file | what it is |
//! |---|---|
//! | `options` | what may be typed, and which addresses are refused |
//! | `listener`, `connection_limit` | connections: how many, for how long, and which is closed when there are too many |
//! | `routes` | which path is answered by what; what every request passes and every answer carries |
//! | `access` | access control: `Host`, `Origin`, the token |
//! | `dashboard` | what the answers are made from |
//! | `api`, `sse`, `metrics`, `orders` | the answers |
//! | `problem` | errors |
//! | `page` | HTML, CSS and script |
//!
//! It reads through [`monitor::poller`](crate::monitor::poller), so that a hundred requests a
//! second are still one look a second, and steers through [`monitor::runner`](crate::monitor::runner).

mod access;
mod advice;
mod api;
mod connection_limit;
mod dashboard;
mod listener;
mod metrics;
mod options;
mod orders;
mod page;
mod problem;
mod routes;
mod sse;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cli_kit::exit::{Doing as _, Exit, Failure};
use cli_kit::output;
use cli_kit::progress::{interrupted, listen_to_interrupts};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::access::{Access, Hosts, Token};
use self::dashboard::Dashboard;
pub use self::options::ServeArgs;
use self::options::Setup;
use self::routes::App;
use crate::commands::Call;
use crate::monitor::poller::Poller;
use crate::monitor::runner::Runner;
use crate::target::Choice;

/// Where the server is, for who started it.
#[derive(Debug, Serialize)]
struct Started {
    migration: String,
    /// Where it listens.
    address: SocketAddr,
    /// The page, with the token where there is one.
    url: String,
    /// Whether orders are taken.
    control: bool,
    /// The token, which is shown only here.
    token: Option<String>,
}

pub(crate) fn run(setup: &Setup, call: &Call<Choice>) -> Result<Exit, Failure> {
    let options = call.options()?;
    let engine = call.open()?;
    let migration = call.migration.pick(&engine)?;
    drop(engine);
    listen_to_interrupts();
    let poller = Poller::begin(&call.db, &migration, options.clone())?;
    let runner = setup.control.then(|| Runner::new(call.db.clone(), &migration, options.clone()));
    let token = (setup.control || setup.private).then(Token::random).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()
        .doing(|| "starting the server".to_owned())?;
    let listener =
        runtime.block_on(TcpListener::bind(setup.listen)).map_err(|error| Failure::Other {
            doing: format!("listening on {}", setup.listen),
            source: Some(Box::new(error)),
            fix: Some("name another with --listen; port 0 picks a free one".into()),
        })?;
    let address = listener.local_addr().doing(|| "asking for the address".to_owned())?;
    say(call, setup, address, &migration, token.as_ref())?;
    let access = Access {
        hosts: Hosts::new(address, &setup.allow_host),
        token,
        private: setup.private,
        control: setup.control,
    };
    let on = (call.db.clone(), migration, options);
    let dashboard = Dashboard::new(on, call.output.paste().clone(), access, (poller, runner));
    let dashboard = Arc::new(dashboard);
    runtime.block_on(until_interrupted(Arc::clone(&dashboard), listener));
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(runner) = &dashboard.runner {
        runner.finish();
    }
    output::note("stopped serving");
    Ok(Exit::Done)
}

async fn until_interrupted(dashboard: Arc<Dashboard>, listener: TcpListener) {
    let (sender, updates) = watch::channel(dashboard.update(dashboard.poller.latest()));
    let (stop, stopped) = watch::channel(false);
    let publisher = Arc::clone(&dashboard);
    std::thread::spawn(move || dashboard::publish(&publisher, &sender));
    let router = routes::router(App { dashboard, updates, stopped: stopped.clone() });
    tokio::spawn(async move {
        // Signals are the program's: it listens to them for all commands.
        while !interrupted() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.send_replace(true);
    });
    listener::accept(listener, router, stopped).await;
}

fn say(
    call: &Call<Choice>,
    setup: &Setup,
    address: SocketAddr,
    migration: &str,
    token: Option<&Token>,
) -> Result<(), Failure> {
    let token = token.map(|token| token.reveal().to_owned());
    let fragment = token.as_ref().map(|token| format!("#token={token}")).unwrap_or_default();
    let started = Started {
        migration: migration.to_owned(),
        address,
        url: format!("http://{address}/{fragment}"),
        control: setup.control,
        token,
    };
    call.output.result(&started, |_| {
        let mut text = format!("{}\n", started.url);
        if let Some(token) = &started.token {
            text += &format!("token: {token}\n");
        }
        text
    })?;
    output::note(match (setup.control, setup.private) {
        (true, false) => "the token lets its holder control the migration; it is not shown again",
        (true, true) => {
            "the token is needed to see and control the migration; it is not shown again"
        }
        (false, true) => "the token is needed to see the migration; it is not shown again",
        (false, false) => "read-only; --control adds buttons",
    });
    output::note("Ctrl-C stops the server");
    Ok(())
}
