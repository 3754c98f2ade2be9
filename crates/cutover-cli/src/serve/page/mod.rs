//! The page: three files and an icon, compiled in. No build step, nothing from elsewhere.

use axum::body::Body;
use axum::http::Response;

use super::api::typed;

pub(crate) async fn html() -> Response<Body> {
    typed("text/html; charset=utf-8", include_str!("page.html"))
}

pub(crate) async fn css() -> Response<Body> {
    typed("text/css; charset=utf-8", include_str!("page.css"))
}

pub(crate) async fn script() -> Response<Body> {
    typed("text/javascript; charset=utf-8", include_str!("page.js"))
}

pub(crate) async fn icon() -> Response<Body> {
    typed("image/svg+xml", include_str!("icon.svg"))
}
