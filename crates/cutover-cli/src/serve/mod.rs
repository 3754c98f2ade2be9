//! `cutover serve`: where a migration stands as a web page, a JSON API and metrics; and, with
//! `--control`, buttons.
//!
//! | file | what it is |
//! |---|---|
//! | `options` | what may be typed, and which addresses are refused |
//! | `listen`, `places` | connections: how many, for how long, and who gives way to whom |
//! | `routes` | which path is answered by what; what every request passes and every answer carries |
//! | `door` | who is let in: `Host`, `Origin`, the token |
//! | `desk` | what answers are made from |
//! | `api`, `sse`, `metrics`, `orders` | the answers |
//! | `problem` | errors |
//! | `page` | HTML, CSS and script |
//!
//! It reads through [`bridge::lookout`](crate::bridge::lookout), so that a hundred requests a
//! second are still one look a second, and steers through [`bridge::helm`](crate::bridge::helm).

mod api;
mod desk;
mod door;
mod listen;
mod metrics;
mod options;
mod orders;
mod page;
mod places;
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

use self::desk::Desk;
use self::door::{Door, Hosts, Token};
pub use self::options::ServeArgs;
use self::options::Setup;
use self::routes::App;
use crate::bridge::helm::Helm;
use crate::bridge::lookout::Lookout;
use crate::commands::Call;
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
    /// The only time the token is told.
    token: Option<String>,
}

pub(crate) fn run(setup: &Setup, call: &Call<Choice>) -> Result<Exit, Failure> {
    let options = call.options()?;
    let engine = call.open()?;
    let migration = call.migration.pick(&engine)?;
    drop(engine);
    listen_to_interrupts();
    let lookout = Lookout::begin(&call.db, &migration, options.clone())?;
    let helm = setup.control.then(|| Helm::new(call.db.clone(), &migration, options.clone()));
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
            fix: Some("name another with --listen; port 0 takes one that is free".into()),
        })?;
    let address = listener.local_addr().doing(|| "asking for the address".to_owned())?;
    say(call, setup, address, &migration, token.as_ref())?;
    let door = Door {
        hosts: Hosts::new(address, &setup.allow_host),
        token,
        private: setup.private,
        control: setup.control,
    };
    let on = (call.db.clone(), migration, options);
    let desk = Desk::new(on, call.output.paste().clone(), door, (lookout, helm));
    let desk = Arc::new(desk);
    runtime.block_on(until_interrupted(Arc::clone(&desk), listener));
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(helm) = &desk.helm {
        helm.finish();
    }
    output::note("stopped serving");
    Ok(Exit::Done)
}

async fn until_interrupted(desk: Arc<Desk>, listener: TcpListener) {
    let (tell, told) = watch::channel(desk.bulletin(desk.lookout.seen()));
    let (stop, stopped) = watch::channel(false);
    let teller = Arc::clone(&desk);
    std::thread::spawn(move || desk::tell(&teller, &tell));
    let router = routes::router(App { desk, told, stopped: stopped.clone() });
    tokio::spawn(async move {
        // Signals are the program's: it listens to them for all commands.
        while !interrupted() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.send_replace(true);
    });
    listen::accept(listener, router, stopped).await;
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
        (true, false) => "the token lets its holder steer the migration; it is not shown again",
        (true, true) => "the token shows and steers the migration; it is not shown again",
        (false, true) => "the token shows the migration; it is not shown again",
        (false, false) => "it only shows; --control adds buttons",
    });
    output::note("Ctrl-C ends it");
    Ok(())
}
