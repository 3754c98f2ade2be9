//! The JSON API's answers to those who look. What they hold is written down in
//! `openapi.json`, which the tests hold the answers to.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use cutover::{Command, Fix};
use cutover::{Difference, Engine};
use serde::Serialize;

use super::dashboard::blocking;
use super::problem::Problem;
use super::routes::App;

/// The API's description.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// The differences that the last verification found.
#[derive(Debug, Default, Serialize)]
struct Differences {
    /// When it ended; absent where there was none.
    at: Option<String>,
    /// By which command.
    command: Option<String>,
    /// Who ran it.
    actor: Option<String>,
    /// Rows compared.
    checked: u64,
    missing: u64,
    extra: u64,
    different: u64,
    /// The first of them.
    differences: Vec<Difference>,
}

pub(crate) async fn snapshot(State(app): State<App>) -> Result<Response<Body>, Problem> {
    let update = app.updates.borrow().clone();
    match (&update.view.snapshot, &update.view.error) {
        (Some(snapshot), None) => Ok(json(snapshot)),
        (_, error) => {
            let detail = error.clone().unwrap_or_default();
            let fix = Fix::look_at(Command::Status);
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                .fix(&fix, &app.dashboard.paste))
        }
    }
}

/// What is being carried out here, at this moment: events tell it a look later.
pub(crate) async fn orders(State(app): State<App>) -> Response<Body> {
    json(&app.dashboard.orders())
}

pub(crate) async fn points(State(app): State<App>) -> Response<Body> {
    json(&app.dashboard.poller.points())
}

pub(crate) async fn differences(State(app): State<App>) -> Response<Body> {
    let update = app.updates.borrow().clone();
    let last = update.view.seen.as_ref().and_then(|seen| seen.verification.as_ref());
    json(&last.map_or_else(Differences::default, |last| Differences {
        at: Some(last.at.clone()),
        command: Some(last.command.clone()),
        actor: Some(last.actor.clone()),
        checked: last.report.checked,
        missing: last.report.missing,
        extra: last.report.extra,
        different: last.report.different,
        differences: last.report.examples.clone(),
    }))
}

pub(crate) async fn history(State(app): State<App>) -> Result<Response<Body>, Problem> {
    read(app, |engine, name| engine.history(name)).await
}

pub(crate) async fn plan(State(app): State<App>) -> Result<Response<Body>, Problem> {
    read(app, |engine, name| engine.plan_of(name)).await
}

pub(crate) async fn openapi() -> Response<Body> {
    typed("application/json", OPENAPI)
}

async fn read<T: Serialize + Send + 'static>(
    app: App,
    what: impl FnOnce(&Engine, &str) -> cutover::Result<T> + Send + 'static,
) -> Result<Response<Body>, Problem> {
    let dashboard = Arc::clone(&app.dashboard);
    // Closed never.
    let one = Arc::clone(&dashboard.reading).acquire_owned().await.ok();
    let found = blocking(move || {
        let _one = one;
        dashboard.read(what)
    });
    found.await.map(|found| json(&found))
}

/// An answer as JSON.
pub(crate) fn json(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => typed("application/json", body),
        Err(_) => typed("application/json", "null"),
    }
}

/// An answer of some type.
pub(crate) fn typed(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
