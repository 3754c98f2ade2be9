//! Orders: what the page's buttons send, and scripts with the token may.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use cli_kit::exit::Failure;
use cutover::{Engine, Limits, Pace, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::json;
use super::dashboard::{Dashboard, blocking};
use super::listener::Peer;
use super::problem::Problem;
use super::routes::App;
use crate::monitor::runner::{Order, Runner};

/// Bytes of an order's body.
const LARGEST: usize = 4 << 10;

/// What may be said with an order: a pace.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    pace: Option<Named>,
    stall_ms: Option<f64>,
    rows_per_second: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    Gentle,
    Fast,
    Own,
}

/// Ends what is under way at its chunk's end.
pub(crate) const STOP: &str = "stop";

/// What is asked for by an order's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Order(Order),
    /// What is under way ends at its chunk's end.
    Stop,
}

/// That an order was taken.
#[derive(Debug, Serialize)]
struct Accepted {
    order: String,
    /// Whether it was done already; else `orders` of the events tells what it comes to.
    done: bool,
    orders: Value,
}

pub(crate) async fn give(
    State(app): State<App>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
    request: HttpRequest,
) -> Result<Response<Body>, Problem> {
    // First: whoever may not give orders isn't told which there are, nor is their body read.
    app.dashboard.access.order(request.headers())?;
    is_json(request.headers())?;
    let body = axum::body::to_bytes(request.into_body(), LARGEST).await.map_err(|error| {
        if error.to_string().contains("length limit") {
            let detail = format!("an order can have {LARGEST} bytes at most");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "the body ended early")
        }
    })?;
    let asked = asked(&name, &body)?;
    let actor = format!("{} via web from {peer}", app.dashboard.options.actor);
    let dashboard = Arc::clone(&app.dashboard);
    blocking(move || carry_out(&dashboard, asked, name, &actor)).await
}

/// A form of another page can't send this type without the browser asking us first.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let hint = "send `{}` with `Content-Type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an order is JSON").hint(hint))
}

fn asked(name: &str, body: &[u8]) -> Result<Asked, Problem> {
    let wrong = |detail: String| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            .hint("/api/v1/openapi.json describes it")
    };
    let said: Said = serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))?;
    let order = match name {
        "pause" => Order::Ask(Request::Pause),
        "resume" => Order::Ask(Request::Resume),
        "pace" => Order::Ask(Request::Pace(pace(&said).map_err(wrong)?)),
        "postpone" => Order::Ask(Request::Postpone),
        "unpostpone" => Order::Ask(Request::Unpostpone),
        "verify" => Order::Verify,
        "backfill" => Order::Backfill,
        "advance" => Order::Advance,
        "rollback" => Order::Rollback,
        STOP => return Ok(Asked::Stop),
        _ => {
            let detail = format!("there is no order {name}");
            let hint = "/api/v1/openapi.json names them";
            return Err(Problem::new(StatusCode::NOT_FOUND, detail).hint(hint));
        }
    };
    Ok(Asked::Order(order))
}

fn pace(said: &Said) -> Result<Option<Pace>, String> {
    match said {
        Said { pace: Some(named), stall_ms: None, rows_per_second: None } => Ok(match named {
            Named::Gentle => Some(Pace::Gentle),
            Named::Fast => Some(Pace::Fast),
            Named::Own => None,
        }),
        Said { pace: None, stall_ms: None, rows_per_second: None } | Said { pace: Some(_), .. } => {
            Err("give either `pace` or limits".to_owned())
        }
        Said { stall_ms: Some(ms), .. } if !(0.1..=60_000.0).contains(ms) => {
            Err(format!("stall_ms: {ms} is not in 0.1..=60000"))
        }
        Said { rows_per_second: Some(0), .. } => {
            Err("rows_per_second: must be at least 1".to_owned())
        }
        Said { stall_ms, rows_per_second, .. } => Ok(Some(Pace::Limited(Limits {
            stall: stall_ms.map(|ms| Duration::from_secs_f64(ms / 1000.0)),
            rows_per_second: *rows_per_second,
        }))),
    }
}

fn carry_out(
    dashboard: &Dashboard,
    asked: Asked,
    name: String,
    actor: &str,
) -> Result<Response<Body>, Problem> {
    let Some(runner) = &dashboard.runner else {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this server is read-only"));
    };
    // What is asked of work has a line of its own in the journal.
    let done = matches!(asked, Asked::Order(Order::Ask(_)) | Asked::Stop);
    if !matches!(asked, Asked::Order(Order::Ask(_))) {
        note(dashboard, &name, actor)?;
    }
    match asked {
        Asked::Stop => runner.stop(),
        Asked::Order(order) => give_to(runner, order, actor, dashboard)?,
    }
    dashboard.poller.poll_now();
    let mut response = json(&Accepted { order: name, done, orders: dashboard.orders() });
    if !done {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}

fn give_to(
    runner: &Runner,
    order: Order,
    actor: &str,
    dashboard: &Dashboard,
) -> Result<(), Problem> {
    runner.give(order, actor).map_err(|outcome| Problem::outcome(outcome, &dashboard.paste))
}

/// Writes down who gave the order and from where, before anything is done.
fn note(dashboard: &Dashboard, order: &str, actor: &str) -> Result<(), Problem> {
    let mut options = dashboard.options.clone();
    actor.clone_into(&mut options.actor);
    Engine::open(&dashboard.db, options)
        .and_then(|mut engine| engine.note_order(&dashboard.migration, order))
        .map_err(|error| Problem::failure(&Failure::from(error), &dashboard.paste))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_named_or_limited() {
        let pace = |body: &str| match asked("pace", body.as_bytes()) {
            Ok(Asked::Order(Order::Ask(Request::Pace(pace)))) => Some(pace),
            _ => None,
        };
        assert_eq!(pace(r#"{"pace":"gentle"}"#), Some(Some(Pace::Gentle)));
        assert_eq!(pace(r#"{"pace":"own"}"#), Some(None));
        let limits =
            Limits { stall: Some(Duration::from_micros(1500)), rows_per_second: Some(2000) };
        assert_eq!(
            pace(r#"{"stall_ms":1.5,"rows_per_second":2000}"#),
            Some(Some(Pace::Limited(limits)))
        );
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"pace":"quick"}"#,
            r#"{"pace":"fast","stall_ms":1}"#,
            r#"{"stall_ms":0}"#,
            r#"{"stall_ms":1e9}"#,
            r#"{"rows_per_second":0}"#,
            r#"{"rows_per_second":-1}"#,
            r#"{"else":1}"#,
        ] {
            assert_eq!(pace(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_order_is_one_of_those_there_are() {
        assert_eq!(asked("advance", b"{}").ok(), Some(Asked::Order(Order::Advance)));
        assert!(asked("retire", b"{}").is_err());
        assert!(asked("advance", b"").is_err());
    }
}
