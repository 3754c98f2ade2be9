//! Access control: the `Host` a request was meant for, the page it comes from, and the token.
//!
//! A browser on the operator's machine can be made by any web page to send requests here. What
//! keeps them out: `Host` must be this server's (a page whose name was rebound to 127.0.0.1
//! sends its own), `Origin` and `Sec-Fetch-Site` must say that the request comes from our page,
//! and no answer has CORS headers. Orders need a header that no form can send, besides.

mod host;
mod token;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

pub(crate) use self::host::Hosts;
pub(crate) use self::token::Token;
use super::problem::Problem;

/// Decides which requests are allowed.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) hosts: Hosts,
    pub(crate) token: Option<Token>,
    /// Whether reading needs the token, too.
    pub(crate) private: bool,
    pub(crate) control: bool,
}

impl Access {
    /// Whether the request was meant for this server.
    pub(crate) fn host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = match (hosts.next().map(HeaderValue::to_str), hosts.next()) {
            (Some(Ok(host)), None) => host,
            _ => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "exactly one Host header is needed",
                ));
            }
        };
        if self.hosts.ours(host) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "this server does not have that name")
            .hint("use the address it printed, or name the host with --allow-host"))
    }

    /// Whether the request comes from no page, or from ours.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let from_ours = match headers.get(header::ORIGIN) {
            Some(origin) => same_origin(origin, headers),
            None => true,
        };
        if from_ours && matches!(site, None | Some(b"same-origin" | b"none")) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from another page"))
    }

    /// Whether the request may read.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if self.private { self.token(headers) } else { Ok(()) }
    }

    /// Whether the request may give orders.
    pub(crate) fn order(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if !self.control {
            return Err(Problem::new(StatusCode::FORBIDDEN, "this server is read-only")
                .hint("start it with --control, or use the command line"));
        }
        self.token(headers)
    }

    fn token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let detail = match (&self.token, given) {
            (Some(token), Some(given)) if token.is(given) => return Ok(()),
            (_, Some(_)) => "the token is wrong",
            (_, None) => "this needs the token",
        };
        let hint = "it was printed when the server started: `Authorization: Bearer TOKEN`";
        Err(Problem::new(StatusCode::UNAUTHORIZED, detail).hint(hint))
    }
}

/// Whether an `Origin` is that of the `Host`. Behind a proxy that encrypts it is `https`.
fn same_origin(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let (Ok(origin), Some(Ok(host))) =
        (origin.to_str(), headers.get(header::HOST).map(HeaderValue::to_str))
    else {
        return false;
    };
    ["http://", "https://"]
        .into_iter()
        .filter_map(|scheme| origin.strip_prefix(scheme))
        .any(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        given
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    fn access() -> Access {
        Access {
            hosts: Hosts::new("127.0.0.1:7272".parse().unwrap(), &[]),
            token: Some(Token::new("secret".to_owned())),
            private: false,
            control: true,
        }
    }

    #[test]
    fn a_request_comes_from_no_page_or_from_ours() {
        let host = ("host", "127.0.0.1:7272");
        let ours = ("origin", "http://127.0.0.1:7272");
        for (given, let_in) in [
            (vec![host], true),
            (vec![host, ours], true),
            (vec![host, ours, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "none")], true),
            (vec![host, ours, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("origin", "http://127.0.0.1:7273")], false),
            (vec![host, ("origin", "http://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "127.0.0.1:7272")], false),
        ] {
            assert_eq!(access().origin(&headers(&given)).is_ok(), let_in, "{given:?}");
        }
    }

    #[test]
    fn orders_take_the_token() {
        let access = access();
        for (given, let_in) in [
            (vec![], false),
            (vec![("authorization", "Bearer secret")], true),
            (vec![("authorization", "bearer secret")], true),
            (vec![("authorization", "Bearer Secret")], false),
            (vec![("authorization", "Bearer secre")], false),
            (vec![("authorization", "Bearer ")], false),
            (vec![("authorization", "Basic secret")], false),
            (vec![("authorization", "secret")], false),
        ] {
            assert_eq!(access.order(&headers(&given)).is_ok(), let_in, "{given:?}");
            assert!(access.read(&headers(&given)).is_ok(), "{given:?}");
        }
        let showing = Access { control: false, ..access };
        assert!(showing.order(&headers(&[("authorization", "Bearer secret")])).is_err());
        let private = Access { private: true, ..showing };
        assert!(private.read(&headers(&[])).is_err());
        assert!(private.read(&headers(&[("authorization", "Bearer secret")])).is_ok());
    }

    #[test]
    fn a_host_is_given_once() {
        let host = ("host", "127.0.0.1:7272");
        assert!(access().host(&headers(&[host])).is_ok());
        assert!(access().host(&headers(&[])).is_err());
        assert!(access().host(&headers(&[host, host])).is_err());
        assert!(access().host(&headers(&[("host", "evil.example:7272")])).is_err());
    }
}
