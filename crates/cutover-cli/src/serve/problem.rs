//! Errors as RFC 9457 has them: `application/problem+json` with a reason and a hint, the same
//! that the command line gives.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use cli_kit::exit::Failure;
use cli_kit::paste::Paste;
use serde::Serialize;

use super::advice::{Piece, pieces};
use crate::monitor::runner::Outcome;
use cutover::{Difference, ErrorKind, Fix};

/// Why a request was not answered as asked.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// The HTTP status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Why.
    detail: String,
    /// What to do about it.
    hint: Option<String>,
    /// The same, in pieces.
    hint_pieces: Vec<Piece>,
    /// Rows that a gate refuses.
    examples: Vec<Difference>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            hint: None,
            hint_pieces: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// The same, with what to do about it in words.
    #[must_use]
    pub(crate) fn hint(self, text: &str) -> Self {
        let words = Piece::Words { text: text.to_owned() };
        Self { hint: Some(text.to_owned()), hint_pieces: vec![words], ..self }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub(crate) fn fix(self, fix: &Fix, paste: &Paste) -> Self {
        match fix.is_empty() {
            true => self,
            false => Self { hint: Some(paste.fix(fix)), hint_pieces: pieces(fix, paste), ..self },
        }
    }

    /// What the engine says no to.
    pub(crate) fn failure(failure: &Failure, paste: &Paste) -> Self {
        let status = match failure.kind() {
            ErrorKind::Refused => StatusCode::CONFLICT,
            ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut detail = failure.message();
        for cause in failure.causes() {
            detail += &format!(": {cause}");
        }
        let examples = failure.examples().to_vec();
        let problem = Self { examples, ..Self::new(status, detail) };
        problem.fix(&failure.hint().unwrap_or_default(), paste)
    }

    /// An order that was not taken.
    pub(crate) fn outcome(outcome: Outcome, paste: &Paste) -> Self {
        let Outcome { message, hint, examples, .. } = outcome;
        let problem = Self { examples, ..Self::new(StatusCode::CONFLICT, message) };
        problem.fix(&hint.unwrap_or_default(), paste)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
