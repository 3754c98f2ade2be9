//! Which path is answered by what, and what every request passes and every answer carries.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tokio::sync::watch;

use super::dashboard::{Dashboard, Update};
use super::problem::Problem;
use super::{api, metrics, orders, page, sse};

/// What a route has.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) dashboard: Arc<Dashboard>,
    /// What was seen last.
    pub(crate) updates: watch::Receiver<Update>,
    /// Becomes true when the server ends.
    pub(crate) stopped: watch::Receiver<bool>,
}

/// For an answer to begin; a body that trickles in counts.
const ANSWER: Duration = Duration::from_secs(15);

/// What every answer carries. Nothing is loaded from elsewhere, nothing is put into a frame,
/// and a text never becomes markup: the page's script has no way to do it.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let looking = Router::new()
        .route("/api/v1/snapshot", get(api::snapshot))
        .route("/api/v1/points", get(api::points))
        .route("/api/v1/history", get(api::history))
        .route("/api/v1/plan", get(api::plan))
        .route("/api/v1/differences", get(api::differences))
        .route("/api/v1/orders", get(api::orders))
        .route("/api/v1/events", get(sse::events))
        .route("/metrics", get(metrics::answer))
        .route_layer(from_fn_with_state(app.clone(), may_look));
    let open = Router::new()
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::script))
        .route("/icon.svg", get(page::icon))
        .route("/api/v1/openapi.json", get(api::openapi));
    Router::new()
        .route("/api/v1/orders/{order}", post(orders::give))
        .merge(looking)
        .merge(open)
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "no such page") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .with_state(app.clone())
        .layer(from_fn_with_state(app, admit))
        .layer(from_fn(in_time))
        .layer(from_fn(dress))
}

/// Lets in what was meant for this server and comes from its own page. A link to the page may
/// be anywhere.
async fn admit(State(app): State<App>, request: Request, next: Next) -> Response<Body> {
    let (access, headers) = (&app.dashboard.access, request.headers());
    let page = request.method() == Method::GET && request.uri().path() == "/";
    let entry =
        access.host(headers).and_then(|()| if page { Ok(()) } else { access.origin(headers) });
    match entry {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn may_look(State(app): State<App>, request: Request, next: Next) -> Response<Body> {
    match app.dashboard.access.read(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn in_time(request: Request, next: Next) -> Response<Body> {
    tokio::time::timeout(ANSWER, next.run(request)).await.unwrap_or_else(|_| {
        let mut response =
            Problem::new(StatusCode::REQUEST_TIMEOUT, "this took too long").into_response();
        // Who sends a body byte by byte would go on.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    })
}

async fn dress(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
